//! Redaction: what must not leave the process is masked before any reporter sees it.
//!
//! One scanner passes over a text once. It masks
//!
//! - e-mail addresses;
//! - the credentials of `Bearer` and `Basic`;
//! - JSON web tokens;
//! - user and password in a URL or connection string;
//! - the value of every `key=value` and `key: value` whose key sounds like a secret;
//! - card numbers, told from other digits by their check digit (ISO/IEC 7812-1, annex B).
//!
//! Headers are kept by an allow-list, which is empty unless [`Redaction::headers`] names some. Values of a query are
//! always masked.

mod glance;
mod known;
mod text;

use std::{
    borrow::Cow,
    sync::atomic::{AtomicU64, Ordering},
};

use self::glance::Marks;

/// What is written in place of what is masked.
pub const FILTERED: &str = "[Filtered]";

/// What is masked, and which headers are kept. On by default.
///
/// See the [module docs](self).
///
/// # Example
///
/// ```
/// use monitor_core::Redaction;
///
/// let redaction = Redaction::new();
/// let text = redaction.text("login of jo@example.org failed: password=hunter2");
/// assert_eq!(text, "login of [Filtered] failed: password=[Filtered]");
/// ```
///
/// # Example: keep a header, and mask a key of one's own
///
/// ```
/// use monitor_core::Redaction;
///
/// let redaction = Redaction::new().headers(["content-type"]).secret_keys(["iban"]);
/// assert!(redaction.keeps_header("Content-Type"));
/// assert_eq!(redaction.text("iban=DE00"), "iban=[Filtered]");
/// ```
#[derive(Clone, Debug)]
pub struct Redaction {
    /// Two that have the same one mask the same.
    id: u64,
    on: bool,
    headers: Vec<String>,
    secret_keys: Vec<String>,
    /// No key shorter than this sounds like a secret.
    shortest_key: usize,
}

impl Redaction {
    /// Creates the default: everything listed in the [module docs](self) is masked and no header is kept.
    #[must_use]
    pub fn new() -> Self {
        Self { id: next_id(), on: true, headers: Vec::new(), secret_keys: Vec::new(), shortest_key: SHORTEST_KEY }
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

    /// Returns the headers to keep.
    pub fn kept_headers(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(String::as_str)
    }

    /// Returns whether the header called `name` is kept.
    #[must_use]
    pub fn keeps_header(&self, name: &str) -> bool {
        self.headers.iter().any(|kept| kept.eq_ignore_ascii_case(name))
    }

    /// Returns `text` with everything masked that must not leave the process, in one pass and time linear in its
    /// length.
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.on { text::mask(text, |key| self.is_secret(key.as_bytes())) } else { Cow::Borrowed(text) }
    }

    /// Returns `value`, masked as a whole when `key` sounds like a secret, else as [`text`](Self::text) does.
    #[must_use]
    pub fn value<'a>(&self, key: &str, value: &'a str) -> Cow<'a, str> {
        if self.on && self.is_secret(key.as_bytes()) { Cow::Borrowed(FILTERED) } else { self.text(value) }
    }

    /// Masks `text` in its place.
    pub(crate) fn mask(&self, text: &mut String) {
        if let Cow::Owned(masked) = self.text(text) {
            *text = masked;
        }
    }

    pub(crate) fn json(&self, key: &str, value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) => {
                if let Cow::Owned(masked) = self.value(key, text) {
                    *text = masked;
                } else if self.on && self.is_secret(key.as_bytes()) {
                    FILTERED.clone_into(text);
                }
            }
            serde_json::Value::Array(values) => values.iter_mut().for_each(|value| self.json(key, value)),
            serde_json::Value::Object(map) => map.iter_mut().for_each(|(key, value)| self.json(key, value)),
            serde_json::Value::Null | serde_json::Value::Bool(_) => {}
            serde_json::Value::Number(_) if self.on && self.is_secret(key.as_bytes()) => {
                *value = serde_json::Value::from(FILTERED);
            }
            serde_json::Value::Number(_) => {}
        }
    }

    /// Returns whether a text can be shown as it is, also between quotation marks: it is [printable](Self::is_printable),
    /// and nothing in it looks like a secret.
    #[must_use]
    pub fn is_plain(&self, text: &[u8]) -> bool {
        let marks = Marks::of(text);
        marks.is_printable() && (!self.on || marks.is_harmless(text, &|key| self.is_secret(key)))
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

    fn is_secret(&self, key: &[u8]) -> bool {
        if key.len() < self.shortest_key {
            return false;
        }
        let letters = key.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase);
        let (mut short, mut length) = ([0; SHORT], 0);
        for letter in letters.clone() {
            if length == SHORT {
                return self.is_secret_word(&letters.collect::<Vec<_>>());
            }
            short[length] = letter;
            length += 1;
        }
        self.is_secret_word(&short[..length])
    }

    /// `word` is in lower case, and of letters and digits only.
    fn is_secret_word(&self, word: &[u8]) -> bool {
        let holds = |part: &str| part.is_empty() || word.windows(part.len()).any(|at| at == part.as_bytes());
        SECRET_KEYS.into_iter().any(holds) || self.secret_keys.iter().any(|part| holds(part))
    }
}

impl Default for Redaction {
    fn default() -> Self {
        Self::new()
    }
}

fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

const SHORTEST_KEY: usize = "pwd".len();

/// How many letters of a key are looked at without an allocation.
const SHORT: usize = 64;

/// Parts of keys whose values are secrets, as letters only: `API-Key` and `api_key` are both `apikey`.
const SECRET_KEYS: [&str; 16] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "apikey",
    "accesskey",
    "privatekey",
    "token",
    "authorization",
    "credential",
    "cookie",
    "session",
    "csrf",
    "xsrf",
    "signature",
];
