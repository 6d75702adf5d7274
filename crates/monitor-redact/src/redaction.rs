//! The redaction policy: its settings, without their effect.

use std::{
    fmt,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{keys::SecretKeys, patterns::IpMasking, rule::Rule};

/// A redaction policy: the texts to mask, and the headers to show. Redaction is on by default.
///
/// See the [crate docs](crate).
///
/// # Example
///
/// ```
/// use monitor_kit::Redaction;
///
/// let redaction = Redaction::new();
/// let text = redaction.text("login of jo@example.org failed: password=hunter2");
/// assert_eq!(text, "login of [Filtered] failed: password=[Filtered]");
/// ```
///
/// # Example: show a header, and mask a custom key and a custom number
///
/// ```
/// use monitor_kit::Redaction;
///
/// let redaction = Redaction::new()
///     .headers(["content-type"])
///     .secret_keys(["badge"])
///     .rule(|text| text.find("CUST-").map(|at| at..text.len().min(at + 11)));
/// assert!(redaction.keeps_header("Content-Type"));
/// assert_eq!(redaction.text("badge=12 of CUST-000815"), "badge=[Filtered] of [Filtered]");
/// ```
#[derive(Clone)]
pub struct Redaction {
    /// Policies with the same ID mask the same. Changes with every setting that affects masking.
    pub(crate) id: u64,
    pub(crate) on: bool,
    headers: Vec<String>,
    pub(crate) secret_keys: SecretKeys,
    addresses: IpMasking,
    /// Shows personal data that is not a secret: e-mail and IP addresses.
    pub(crate) shows_personal: bool,
    pub(crate) rules: Vec<Rule>,
}

impl Redaction {
    /// Creates the default policy, which masks everything listed in the [crate docs](crate) and shows no header.
    #[must_use]
    pub fn new() -> Self {
        Self {
            id: next_id(),
            on: true,
            headers: Vec::new(),
            secret_keys: SecretKeys::default(),
            addresses: IpMasking::default(),
            shows_personal: false,
            rules: Vec::new(),
        }
    }

    /// Returns a number that is the same for policies that mask the same, such as clones, for use as the key of a
    /// cache. A setting that affects masking changes it.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Creates a policy that masks nothing. For programs that never process personal data.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::Redaction;
    ///
    /// assert_eq!(Redaction::off().text("password=hunter2"), "password=hunter2");
    /// ```
    #[must_use]
    pub fn off() -> Self {
        Self { on: false, ..Self::new() }
    }

    /// Shows the values of these headers in error events. Defaults to none.
    #[must_use]
    pub fn headers(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.headers.extend(names.into_iter().map(Into::into));
        self
    }

    /// Masks the values of these keys as well. Keys are compared without case, and also match as part of a longer key.
    /// Defaults to none.
    #[must_use]
    pub fn secret_keys(mut self, keys: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.id = next_id();
        self.secret_keys.extend(keys.into_iter().map(Into::into));
        self
    }

    /// Sets the masking of IP addresses in texts. Defaults to [`IpMasking::Truncated`].
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::{IpMasking, Redaction};
    ///
    /// let text = "no route to 192.0.2.7";
    /// assert_eq!(Redaction::new().text(text), "no route to 192.0.2.0");
    /// assert_eq!(Redaction::new().ip_addresses(IpMasking::Masked).text(text), "no route to [Filtered]");
    /// ```
    #[must_use]
    pub fn ip_addresses(mut self, policy: IpMasking) -> Self {
        self.id = next_id();
        self.addresses = policy;
        self
    }

    /// Shows e-mail addresses and full IP addresses. Secrets, card and account numbers are still masked. Defaults to
    /// `false`.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::Redaction;
    ///
    /// let redaction = Redaction::new().personal_data(true);
    /// let text = redaction.text("jo@example.org paid with 4111 1111 1111 1111");
    /// assert_eq!(text, "jo@example.org paid with [Filtered]");
    /// ```
    #[must_use]
    pub fn personal_data(mut self, on: bool) -> Self {
        self.id = next_id();
        self.shows_personal = on;
        self
    }

    /// Adds a rule. `find` receives a text and returns the first range to mask; it is then called with the rest of the
    /// text, until it returns `None`. If it panics, or returns an empty or invalid range, the whole text is masked.
    /// `find` is called for every text that is shown, also on request threads, so it must be fast.
    #[must_use]
    pub fn rule(mut self, find: impl Fn(&str) -> Option<Range<usize>> + Send + Sync + 'static) -> Self {
        self.id = next_id();
        self.rules.push(Rule(Arc::new(find)));
        self
    }

    /// Returns the headers to show.
    pub fn kept_headers(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(String::as_str)
    }

    /// Returns `true` if the header called `name` is shown.
    #[must_use]
    pub fn keeps_header(&self, name: &str) -> bool {
        self.headers.iter().any(|known| known.eq_ignore_ascii_case(name))
    }

    /// Returns the masking of IP addresses in effect.
    pub(crate) fn addresses(&self) -> IpMasking {
        if self.shows_personal { IpMasking::Full } else { self.addresses }
    }
}

impl Default for Redaction {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Redaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { on, headers, secret_keys, addresses, shows_personal, rules, .. } = self;
        let mut shown = f.debug_struct("Redaction");
        shown.field("on", on).field("headers", headers).field("secret_keys", secret_keys).field("addresses", addresses);
        shown.field("shows_personal", shows_personal).field("rules", &rules.len()).finish()
    }
}

fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
