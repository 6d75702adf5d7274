//! The ID of a request.

use std::{fmt, sync::Arc};

use uuid::Uuid;

use crate::base::{hex, json::FromText};

/// The ID of a request: a random UUID (RFC 9562, version 4), or an ID accepted from a client.
///
/// # Example
///
/// ```
/// use monitor_kit::RequestId;
///
/// assert_eq!(RequestId::new().to_string().len(), 36);
/// assert_eq!(RequestId::accept("edge-17").map(|id| id.to_string()).as_deref(), Some("edge-17"));
/// assert!(RequestId::accept("edge 17\n").is_none() && !RequestId::is_acceptable("edge 17\n"));
/// ```
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RequestId(Kind);

#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
enum Kind {
    Own(Uuid),
    Client(Arc<str>),
}

impl RequestId {
    /// Creates a unique ID.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "two of them are never equal")]
    #[inline]
    pub fn new() -> Self {
        Self(Kind::Own(Uuid::new_v4()))
    }

    /// Accepts an ID that a client sent, if it [is acceptable](Self::is_acceptable).
    #[must_use]
    pub fn accept(text: &str) -> Option<Self> {
        Self::is_acceptable(text).then(|| Self(Kind::Client(text.into())))
    }

    /// Returns `true` if `text` is safe wherever an ID is shown: 1 to 64 ASCII letters, digits and any of `-_.:/+=`.
    #[must_use]
    pub fn is_acceptable(text: &str) -> bool {
        let plain =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':' | b'/' | b'+' | b'=');
        (1..=Self::MAX_BYTES).contains(&text.len()) && text.bytes().all(plain)
    }

    /// Maximum length of an ID, in bytes. A longer one is not accepted.
    pub const MAX_BYTES: usize = 64;

    /// Appends the text of the ID to `buffer`.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::RequestId;
    ///
    /// let mut line = b"request_id=".to_vec();
    /// RequestId::accept("edge-17").expect("it is acceptable").append_to(&mut line);
    /// assert_eq!(line, b"request_id=edge-17");
    /// ```
    pub fn append_to(&self, buffer: &mut Vec<u8>) {
        match &self.0 {
            Kind::Own(id) => buffer.extend_from_slice(&hyphenated(*id)),
            Kind::Client(text) => buffer.extend_from_slice(text.as_bytes()),
        }
    }

    /// Returns the UUID, or `None` if the ID was accepted from a client.
    #[must_use]
    pub fn as_uuid(&self) -> Option<Uuid> {
        match self.0 {
            Kind::Own(id) => Some(id),
            Kind::Client(_) => None,
        }
    }
}

impl FromText for RequestId {
    fn from_text(text: &str) -> Option<Self> {
        match Uuid::try_parse(text) {
            Ok(id) if id.hyphenated().to_string() == text => Some(Self(Kind::Own(id))),
            _ => Self::accept(text),
        }
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Own(id) => f.write_str(str::from_utf8(&hyphenated(*id)).unwrap_or_default()),
            Kind::Client(text) => f.write_str(text),
        }
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn hyphenated(id: Uuid) -> [u8; HYPHENATED] {
    let (digits, mut text) = (hex::digits(id.as_u128()), [b'-'; HYPHENATED]);
    text[..8].copy_from_slice(&digits[..8]);
    text[9..13].copy_from_slice(&digits[8..12]);
    text[14..18].copy_from_slice(&digits[12..16]);
    text[19..23].copy_from_slice(&digits[16..20]);
    text[24..].copy_from_slice(&digits[20..]);
    text
}

const HYPHENATED: usize = 36;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_shown_as_it_is_written() {
        let id = RequestId::accept("edge-17").expect("it is plain");
        assert_eq!((format!("{id:?}"), id.as_uuid()), ("edge-17".to_owned(), None));
        let own = RequestId::new();
        assert_eq!(own.as_uuid().map(|id| id.hyphenated().to_string()), Some(own.to_string()));
    }

    #[test]
    fn only_short_and_plain_texts_are_acceptable() {
        for text in ["a", "order-7/a.b_c:d+e=", &"a".repeat(64)] {
            assert!(RequestId::is_acceptable(text), "{text}");
        }
        for text in ["", "a b", "{\"a\"}", "a\r\nset-cookie: b", "é", "<b>", "\u{1b}[31m", &"a".repeat(65)] {
            assert!(!RequestId::is_acceptable(text), "{text}");
            assert_eq!(RequestId::accept(text), None);
        }
    }
}
