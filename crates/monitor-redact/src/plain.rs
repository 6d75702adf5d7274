//! Recognition of texts that need no masking, without copying them.

use std::borrow::Cow;

use crate::{found::Found, patterns, prefilter::Marks, redaction::Redaction};

impl Redaction {
    /// Returns `true` if a text can be written as it is, also between quotation marks: it is
    /// [printable](Self::is_printable), and contains no secret. May return `false` for a harmless text.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::Redaction;
    ///
    /// let redaction = Redaction::new();
    /// assert!(redaction.is_plain(b"GET /orders"));
    /// assert!(!redaction.is_plain(b"GET /orders?token=hunter2") && !redaction.is_plain(b"the \"shop\""));
    /// ```
    #[must_use]
    pub fn is_plain(&self, text: &[u8]) -> bool {
        let marks = Marks::of(text);
        marks.is_printable() && (!self.on || self.is_harmless(marks, text))
    }

    /// Returns `true` if a text is ASCII without control characters, quotation marks (`"`) and backslashes.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::Redaction;
    ///
    /// assert!(Redaction::is_printable(b"GET /orders") && !Redaction::is_printable(b"GET /orders\r\n"));
    /// ```
    #[must_use]
    pub fn is_printable(text: &[u8]) -> bool {
        Marks::of(text).is_printable()
    }

    /// Returns `true` if `text` can be shown as it is. May return `false` for a harmless text; never returns `true` for
    /// one with a secret.
    pub(crate) fn shows(&self, text: &str) -> bool {
        !self.on || self.is_harmless(Marks::of(text.as_bytes()), text.as_bytes())
    }

    fn is_harmless(&self, marks: Marks, text: &[u8]) -> bool {
        marks.is_harmless(text, &self.secret_keys)
            && (!marks.has_digits() || finds_nothing(text, |text, found| patterns::find(text, self.addresses(), found)))
            && self.rules.iter().all(|rule| finds_nothing(text, |text, found| rule.find(text, found)))
    }
}

fn finds_nothing(text: &[u8], find: impl FnOnce(&str, &mut Found)) -> bool {
    let (Ok(text), mut found) = (str::from_utf8(text), Found::default()) else { return false };
    find(text, &mut found);
    matches!(found.write(text), Cow::Borrowed(_))
}
