//! Masking of one text: all scanners, over the text and its escapes, until nothing changes.

use std::borrow::Cow;

use crate::{
    cards,
    escapes::Undone,
    found::{FILTERED, Found},
    patterns,
    redaction::Redaction,
    scan,
};

impl Redaction {
    /// Returns `text` with all secrets and personal data masked, borrowed if there are none. The running time is linear
    /// in the length of `text`. Masking the result again changes nothing.
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.shows(text) {
            return Cow::Borrowed(text);
        }
        match self.find_all(text).write(text) {
            Cow::Borrowed(same) => Cow::Borrowed(same),
            Cow::Owned(masked) => Cow::Owned(self.settle(masked)),
        }
    }

    /// Returns `value`, masked as a whole if `key` names a secret, else masked as by [`text`](Self::text).
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::Redaction;
    ///
    /// let redaction = Redaction::new();
    /// assert_eq!(redaction.value("api_key", "a quiet word"), "[Filtered]");
    /// assert_eq!(redaction.value("note", "mail to jo@example.org"), "mail to [Filtered]");
    /// ```
    #[must_use]
    pub fn value<'a>(&self, key: &str, value: &'a str) -> Cow<'a, str> {
        if self.masks(key) { Cow::Borrowed(FILTERED) } else { self.text(value) }
    }

    /// Returns `true` if the value of `key` must be masked, because the key names a secret.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::Redaction;
    ///
    /// let redaction = Redaction::new().secret_keys(["badge"]);
    /// assert!(redaction.masks("Badge-Number") && redaction.masks("password") && !redaction.masks("order"));
    /// ```
    #[must_use]
    pub fn masks(&self, key: &str) -> bool {
        self.on && self.secret_keys.include(key.as_bytes())
    }

    /// Finds everything to mask in `text` and in its escapes.
    pub(crate) fn find_all(&self, text: &str) -> Found {
        self.find(text, ESCAPES)
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
    pub(crate) fn settle(&self, mut masked: String) -> String {
        for _ in 0..ROUNDS {
            match self.text_once(&masked) {
                Some(next) => masked = next,
                None => return masked,
            }
        }
        FILTERED.to_owned()
    }

    fn text_once(&self, text: &str) -> Option<String> {
        match self.find_all(text).write(text) {
            Cow::Borrowed(_) => None,
            Cow::Owned(masked) => Some(masked),
        }
    }
}

/// Maximum nesting depth of escapes.
const ESCAPES: u8 = 3;
/// Maximum number of rounds until a text settles. The most that a text was seen to need is two.
const ROUNDS: u8 = 6;
