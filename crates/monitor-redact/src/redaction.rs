//! Redaction: secrets and personal data are masked before any reporter sees them.
//!
//! Three scanners read a text, each in time linear in its length. They also read the text with percent-encoding and
//! backslash escapes decoded, up to three levels deep. They mask
//!
//! - e-mail addresses;
//! - the credentials of `Bearer` and `Basic`;
//! - JSON web tokens, private keys in PEM form, and keys of well-known services, recognised by their prefix;
//! - user and password in a URL or connection string, and the path of a webhook;
//! - the value of every `key=value`, `key: value`, `<key>value</key>`, `("key", "value")` and `--key value` with a
//!   key that names a secret;
//! - card numbers, recognised by their check digit (ISO/IEC 7812-1, annex B), IBANs, recognised by theirs (ISO
//!   13616-1), and social security numbers, recognised by their shape.
//!
//! IP addresses are truncated to the first 24 bits of IPv4 and the first 48 of IPv6, except for loopback and
//! unspecified addresses, such as 127.0.0.1.
//!
//! A header is shown only if it is on an allow-list, which is empty unless [`Redaction::headers`] adds names. Values of
//! a query are always masked.
//!
//! Redaction is idempotent. A text that is to be shortened must be masked first: see [`Redaction::head`].

mod cards;
mod classify;
mod escapes;
mod found;
mod keys;
mod markup;
mod patterns;
mod plain_cache;
mod prefilter;
mod rule;
mod scan;
mod values;
mod webhooks;

use std::{
    borrow::Cow,
    fmt,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::Value;

use self::{escapes::Undone, found::Found, keys::SHORTEST_KEY, prefilter::Marks, rule::Rule};

/// Replacement for masked text.
pub const FILTERED: &str = "[Filtered]";

/// A redaction policy: the texts to mask, and the headers to show. Redaction is on by default.
///
/// See the [module docs](self).
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
    id: u64,
    on: bool,
    headers: Vec<String>,
    secret_keys: Vec<String>,
    addresses: IpMasking,
    /// Shows personal data that is not a secret: e-mail and IP addresses.
    shows_personal: bool,
    rules: Vec<Rule>,
    /// A key shorter than this, in bytes, never names a secret.
    shortest_key: usize,
}

impl Redaction {
    /// Creates the default policy, which masks everything listed in the [module docs](self) and shows no header.
    #[must_use]
    pub fn new() -> Self {
        Self {
            id: next_id(),
            on: true,
            headers: Vec::new(),
            secret_keys: Vec::new(),
            addresses: IpMasking::default(),
            shows_personal: false,
            rules: Vec::new(),
            shortest_key: SHORTEST_KEY,
        }
    }

    /// Creates a policy that masks nothing. For programs that never process personal data.
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
        self.secret_keys.extend(keys.into_iter().map(|key| key.into().to_ascii_lowercase()));
        self.shortest_key = self.secret_keys.iter().map(String::len).fold(self.shortest_key, usize::min);
        self
    }

    /// Sets the masking of IP addresses in texts. Defaults to [`IpMasking::Truncated`].
    #[must_use]
    pub fn ip_addresses(mut self, policy: IpMasking) -> Self {
        self.id = next_id();
        self.addresses = policy;
        self
    }

    /// Shows e-mail addresses and full IP addresses. Secrets, card and account numbers are still masked. Defaults to
    /// `false`.
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
        self.headers.iter().any(|kept| kept.eq_ignore_ascii_case(name))
    }

    /// Returns `text` with all secrets and personal data masked, borrowed if there are none. The running time is linear
    /// in the length of `text`. Masking the result again changes nothing.
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.shows(text) {
            return Cow::Borrowed(text);
        }
        match self.find(text, ESCAPES).write(text) {
            Cow::Borrowed(same) => Cow::Borrowed(same),
            Cow::Owned(masked) => Cow::Owned(self.settle(masked)),
        }
    }

    /// Returns the beginning of `text`, masked and then cut: at most `longest` bytes of `text`, and at most `longest`
    /// bytes of the masked result. A secret that crosses the cut is masked as a whole, if it ends within the next 1024
    /// bytes or has no end. A mask that would be cut is left out.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::Redaction;
    ///
    /// let text = "GET /todos with the card 4111 1111 1111 1111";
    /// assert_eq!(Redaction::new().head(text, 35), "GET /todos with the card [Filtered]");
    /// assert_eq!(Redaction::new().head(text, 30), "GET /todos with the card ");
    /// ```
    #[must_use]
    pub fn head<'a>(&self, text: &'a str, longest: usize) -> Cow<'a, str> {
        if text.len() <= longest {
            return self.text(text);
        }
        let (read, end) = (beginning(text, longest.saturating_add(SPARE)), beginning(text, longest).len());
        if self.shows(read) {
            return Cow::Borrowed(&read[..end]);
        }
        match self.find(read, ESCAPES).write_until(read, end) {
            Cow::Borrowed(same) => self.text(same),
            Cow::Owned(masked) => Cow::Owned(self.settle(whole_masks(masked, longest))),
        }
    }

    /// Returns `text` masked and then cut to 8 KiB, with `…` in place of the rest.
    #[must_use]
    pub fn bounded<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if text.len() <= TEXT { self.text(text) } else { Cow::Owned(self.head(text, TEXT).into_owned() + "…") }
    }

    /// Returns `true` if `text` can be shown as it is. May return `false` for a harmless text; never returns `true` for
    /// one with a secret.
    fn shows(&self, text: &str) -> bool {
        !self.on || self.is_harmless(Marks::of(text.as_bytes()), text.as_bytes())
    }

    /// Finds everything to mask in `text`, and in its escapes up to `levels` levels deep.
    fn find(&self, text: &str, levels: u8) -> Found {
        let mut found = Found::default();
        scan::find(text, self, &mut found);
        cards::find(text, &mut found);
        patterns::find(text, self.addresses(), &mut found);
        self.rules.iter().for_each(|rule| rule.find(text, &mut found));
        if let Some(undone) = levels.checked_sub(1).and_then(|_| Undone::of(text)) {
            found.add(self.find(&undone.text, levels - 1), |at| undone.position(at));
        }
        found
    }

    /// Masks the text again until nothing changes, because a mask can turn its surroundings into a secret, such as the
    /// user before a masked password. A text that still changes after [`ROUNDS`] rounds is masked as a whole.
    fn settle(&self, mut masked: String) -> String {
        for _ in 0..ROUNDS {
            match self.text_once(&masked) {
                Some(next) => masked = next,
                None => return masked,
            }
        }
        FILTERED.to_owned()
    }

    fn text_once(&self, text: &str) -> Option<String> {
        match self.find(text, ESCAPES).write(text) {
            Cow::Borrowed(_) => None,
            Cow::Owned(masked) => Some(masked),
        }
    }

    fn addresses(&self) -> IpMasking {
        if self.shows_personal { IpMasking::Full } else { self.addresses }
    }

    /// Returns `value`, masked as a whole if `key` names a secret, else masked as by [`text`](Self::text).
    #[must_use]
    pub fn value<'a>(&self, key: &str, value: &'a str) -> Cow<'a, str> {
        if self.on && self.is_secret(key.as_bytes()) { Cow::Borrowed(FILTERED) } else { self.text(value) }
    }

    /// Masks `text` in place, and cuts it to 8 KiB.
    pub fn bound(&self, text: &mut String) {
        if let Cow::Owned(masked) = self.bounded(text) {
            *text = masked;
        }
    }

    /// Masks `text` in place.
    pub fn mask(&self, text: &mut String) {
        if let Cow::Owned(masked) = self.text(text) {
            *text = masked;
        }
    }

    /// Masks the strings, numbers and keys in `value`. Below a key that names a secret, every value is masked as a
    /// whole.
    pub fn json(&self, key: &str, value: &mut Value) {
        if self.on {
            self.mask_value(self.is_secret(key.as_bytes()), value);
        }
    }

    fn mask_value(&self, is_secret: bool, value: &mut Value) {
        match value {
            Value::Null => {}
            Value::Bool(_) | Value::Number(_) | Value::String(_) if is_secret => *value = FILTERED.into(),
            Value::Bool(_) => {}
            Value::String(text) => self.bound(text),
            Value::Number(number) => {
                // A card number can be a JSON number.
                if matches!(self.text(&number.to_string()), Cow::Owned(_)) {
                    *value = FILTERED.into();
                }
            }
            Value::Array(values) => {
                // A key and its value, such as a header: `["cookie", "a=1"]`.
                let is_pair =
                    matches!(&values[..], [Value::String(key), Value::String(_)] if self.is_secret(key.as_bytes()));
                let values = values.iter_mut().enumerate();
                values.for_each(|(at, value)| self.mask_value(is_secret || is_pair && at == 1, value));
            }
            Value::Object(map) => {
                for (key, mut value) in std::mem::take(map) {
                    self.mask_value(is_secret || self.is_secret(key.as_bytes()), &mut value);
                    map.insert(self.text(&key).into_owned(), value);
                }
            }
        }
    }

    /// Returns `true` if a text can be written as it is, also between quotation marks: it is
    /// [printable](Self::is_printable), and contains no secret. May return `false` for a harmless text.
    #[must_use]
    pub fn is_plain(&self, text: &[u8]) -> bool {
        let marks = Marks::of(text);
        marks.is_printable() && (!self.on || self.is_harmless(marks, text))
    }

    fn is_harmless(&self, marks: Marks, text: &[u8]) -> bool {
        marks.is_harmless(text, self)
            && (!marks.has_digits() || finds_nothing(text, |text, found| patterns::find(text, self.addresses(), found)))
            && self.rules.iter().all(|rule| finds_nothing(text, |text, found| rule.find(text, found)))
    }

    /// Returns `true` if a text is ASCII without control characters, quotation marks (`"`) and backslashes.
    #[must_use]
    pub fn is_printable(text: &[u8]) -> bool {
        Marks::of(text).is_printable()
    }

    /// Returns `true` if the value of `key` must be masked, because the key names a secret.
    #[must_use]
    pub fn masks(&self, key: &str) -> bool {
        self.on && self.is_secret(key.as_bytes())
    }
}

impl Default for Redaction {
    fn default() -> Self {
        Self::new()
    }
}

/// Masking of IP addresses in texts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum IpMasking {
    /// Shows the first 24 bits of an IPv4 address, and the first 48 of an IPv6 address.
    #[default]
    Truncated,
    /// Masks addresses.
    Masked,
    /// Shows addresses in full.
    Full,
}

fn finds_nothing(text: &[u8], find: impl FnOnce(&str, &mut Found)) -> bool {
    let (Ok(text), mut found) = (str::from_utf8(text), Found::default()) else { return false };
    find(text, &mut found);
    matches!(found.write(text), Cow::Borrowed(_))
}

/// Returns the beginning of `text`, at most `longest` bytes, cut at a character boundary.
pub fn beginning(text: &str, longest: usize) -> &str {
    let end = (0..=longest.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}

/// Cuts a masked text to `longest` bytes, or before a mask that the cut would split.
fn whole_masks(mut masked: String, longest: usize) -> String {
    let end = beginning(&masked, longest).len();
    let cut = (end.saturating_sub(FILTERED.len() - 1)..end)
        .find(|at| masked.as_bytes()[*at..].starts_with(FILTERED.as_bytes()));
    masked.truncate(cut.unwrap_or(end));
    masked
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

/// Number of bytes read after a cut, so that a secret that crosses the cut is recognised.
pub const SPARE: usize = 1024;
/// Maximum nesting depth of escapes.
const ESCAPES: u8 = 3;
/// Maximum number of rounds until a text settles. The most that a text was seen to need is two.
const ROUNDS: u8 = 6;

/// Cuts a text that is not masked yet. It keeps [`SPARE`] bytes more than the [`TEXT`] bytes that are shown, so that
/// [`Redaction::bounded`] recognises a secret that crosses their end.
pub fn bounded(mut text: String) -> String {
    text.truncate(beginning(&text, TEXT + SPARE).len());
    text
}

/// Maximum length of a shown text, in bytes.
pub const TEXT: usize = 8 * 1024;

#[cfg(test)]
mod tests;
