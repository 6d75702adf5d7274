//! Redaction: what must not leave the process is masked before any reporter sees it.
//!
//! Three scanners pass over a text, each in time linear in its length, and once more over what is percent-encoded in it or
//! escaped with backslashes. They mask
//!
//! - e-mail addresses;
//! - the credentials of `Bearer` and `Basic`;
//! - JSON web tokens, private keys in PEM form, and keys of well-known services by what they begin with;
//! - user and password in a URL or connection string, and the path of a webhook;
//! - the value of every `key=value`, `key: value`, `<key>value</key>`, `("key", "value")` and `--key value` whose key sounds
//!   like a secret;
//! - card numbers, told from other digits by their check digit (ISO/IEC 7812-1, annex B), IBANs by theirs (ISO 13616-1), and
//!   social security numbers by their shape.
//!
//! IP addresses are cut to the first 24 bits of IPv4 and the first 48 of IPv6, but for those of the machine itself, such as
//! 127.0.0.1.
//!
//! Headers are kept by an allow-list, which is empty unless [`Redaction::headers`] names some. Values of a query are
//! always masked.
//!
//! Masking what is masked changes nothing. A text that is shortened is masked first: see [`Redaction::head`].

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

/// What is written in place of what is masked.
pub const FILTERED: &str = "[Filtered]";

/// What is masked, and which headers are kept. On by default.
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
/// # Example: keep a header, and mask a key and a number of one's own
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
    /// Two that have the same one mask the same.
    id: u64,
    on: bool,
    headers: Vec<String>,
    secret_keys: Vec<String>,
    addresses: IpMasking,
    /// Whether personal data that is no secret is shown.
    shows_personal: bool,
    rules: Vec<Rule>,
    /// No key shorter than this sounds like a secret.
    shortest_key: usize,
}

impl Redaction {
    /// Creates the default: everything listed in the [module docs](self) is masked and no header is kept.
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

    /// Creates a policy that masks nothing. For programs that never see personal data.
    #[must_use]
    pub fn off() -> Self {
        Self { on: false, ..Self::new() }
    }

    /// Keeps the values of these headers in error events. Defaults to none.
    #[must_use]
    pub fn headers(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.headers.extend(names.into_iter().map(Into::into));
        self
    }

    /// Masks the values of these keys as well, compared without case and as part of a longer key. Defaults to none.
    #[must_use]
    pub fn secret_keys(mut self, keys: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.id = next_id();
        self.secret_keys.extend(keys.into_iter().map(|key| key.into().to_ascii_lowercase()));
        self.shortest_key = self.secret_keys.iter().map(String::len).fold(self.shortest_key, usize::min);
        self
    }

    /// Sets what becomes of IP addresses in texts. Defaults to [`IpMasking::Truncated`].
    #[must_use]
    pub fn ip_addresses(mut self, policy: IpMasking) -> Self {
        self.id = next_id();
        self.addresses = policy;
        self
    }

    /// Shows e-mail addresses and whole IP addresses. Secrets, cards and accounts are masked all the same. Defaults to `false`.
    #[must_use]
    pub fn personal_data(mut self, on: bool) -> Self {
        self.id = next_id();
        self.shows_personal = on;
        self
    }

    /// Masks what `find` finds as well: it is given a text, and returns where in it the first thing is to be masked, then the
    /// rest of the text, until it finds nothing. Where it panics, or says a place that is none, the whole text is masked. It is
    /// called for every text that is shown, on the requests' threads as well, so it is to be quick.
    #[must_use]
    pub fn rule(mut self, find: impl Fn(&str) -> Option<Range<usize>> + Send + Sync + 'static) -> Self {
        self.id = next_id();
        self.rules.push(Rule(Arc::new(find)));
        self
    }

    /// Returns the headers to keep.
    pub fn kept_headers(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(String::as_str)
    }

    /// Returns whether the header called `name` is kept.
    #[must_use]
    pub fn keeps_header(&self, name: &str) -> bool {
        self.headers.iter().any(|kept| kept.eq_ignore_ascii_case(name))
    }

    /// Returns `text` with everything masked that must not leave the process, borrowed where nothing must. Takes time linear
    /// in its length. Masking the result again changes nothing.
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

    /// Returns the beginning of `text`, masked and then cut: at most `longest` bytes of `text`, and of what masking made of
    /// them. A secret that the cut goes through is masked as a whole, if it ends in the next 1024 bytes or has no end.
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

    /// Returns `text` masked, and then cut to 8 KiB, with `…` in place of the rest.
    #[must_use]
    pub fn bounded<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if text.len() <= TEXT { self.text(text) } else { Cow::Owned(self.head(text, TEXT).into_owned() + "…") }
    }

    /// Returns whether nothing in `text` is masked. May return `false` for such a text.
    fn shows(&self, text: &str) -> bool {
        !self.on || self.is_harmless(Marks::of(text.as_bytes()), text.as_bytes())
    }

    /// Finds what is to be masked, also in what is escaped in `text`, so many levels deep.
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

    /// Masks what only masking has made a secret, such as the user in front of a masked password. A text that never settles
    /// is masked as a whole.
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

    /// Returns `value`, masked as a whole when `key` sounds like a secret, else as [`text`](Self::text) does.
    #[must_use]
    pub fn value<'a>(&self, key: &str, value: &'a str) -> Cow<'a, str> {
        if self.on && self.is_secret(key.as_bytes()) { Cow::Borrowed(FILTERED) } else { self.text(value) }
    }

    /// Masks `text` in its place, and cuts it to 8 KiB.
    pub(crate) fn bound(&self, text: &mut String) {
        if let Cow::Owned(masked) = self.bounded(text) {
            *text = masked;
        }
    }

    /// Masks `text` in its place.
    pub(crate) fn mask(&self, text: &mut String) {
        if let Cow::Owned(masked) = self.text(text) {
            *text = masked;
        }
    }

    /// Masks what is in `value`, and keys that hold a secret themselves. All below a key that sounds like a secret is one.
    pub(crate) fn json(&self, key: &str, value: &mut Value) {
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
                if matches!(self.text(&number.to_string()), Cow::Owned(_)) {
                    *value = FILTERED.into();
                }
            }
            Value::Array(values) => {
                // A key and its value, such as a header.
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

    /// Returns whether a text can be shown as it is, also between quotation marks: it is [printable](Self::is_printable),
    /// and nothing in it looks like a secret.
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

    /// Returns whether a text is ASCII without control characters, quotation marks and backslashes.
    #[must_use]
    pub fn is_printable(text: &[u8]) -> bool {
        Marks::of(text).is_printable()
    }

    /// Returns whether the value of `key` is to be masked, for the key sounds like a secret.
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

/// What becomes of IP addresses in texts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum IpMasking {
    /// The first 24 bits of an IPv4 address are shown, and the first 48 of an IPv6 address.
    #[default]
    Truncated,
    /// They are masked.
    Masked,
    /// They are shown.
    Full,
}

fn finds_nothing(text: &[u8], find: impl FnOnce(&str, &mut Found)) -> bool {
    let (Ok(text), mut found) = (str::from_utf8(text), Found::default()) else { return false };
    find(text, &mut found);
    matches!(found.write(text), Cow::Borrowed(_))
}

/// Returns the beginning of `text`, up to a character's border.
pub(crate) fn beginning(text: &str, longest: usize) -> &str {
    let end = (0..=longest.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}

/// Cuts a masked text, and goes through no mask.
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

/// How many bytes behind a cut are read, so that a secret that it goes through is known for one.
pub(crate) const SPARE: usize = 1024;
/// How deep escapes may lie in escapes.
const ESCAPES: u8 = 3;
/// How often a text is masked until it settles. Two rounds are the most that a text was seen to need.
const ROUNDS: u8 = 6;

/// Cuts a text that is not masked yet: to more than the [`TEXT`] bytes that are shown, so that [`Redaction::bounded`] knows a
/// secret at the end of those for one.
pub(crate) fn bounded(mut text: String) -> String {
    text.truncate(beginning(&text, TEXT + SPARE).len());
    text
}

/// How many bytes of a text are shown.
pub(crate) const TEXT: usize = 8 * 1024;

#[cfg(test)]
mod tests;
