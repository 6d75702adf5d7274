//! Cutting of long texts: masked first, then cut.

use std::borrow::Cow;

use crate::{found::FILTERED, redaction::Redaction};

/// Maximum length of a shown text, in bytes.
pub const MAX_TEXT: usize = 8 * 1024;

/// Number of bytes that [`Redaction::head`] reads after the cut, so that it recognises a secret that crosses the cut. A
/// text may be cut before it is masked if it keeps that many bytes more than are shown.
pub const LOOKAHEAD: usize = 1024;

impl Redaction {
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
        let (read, end) = (cut(text, longest.saturating_add(LOOKAHEAD)), cut(text, longest).len());
        if self.shows(read) {
            return Cow::Borrowed(&read[..end]);
        }
        match self.find_all(read).write_until(read, end) {
            Cow::Borrowed(same) => self.text(same),
            Cow::Owned(masked) => Cow::Owned(self.settle(whole_masks(masked, longest))),
        }
    }

    /// Returns `text` masked and then cut to 8 KiB, with `…` in place of the rest.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::Redaction;
    ///
    /// let body = "password=hunter2 ".to_owned() + &"x".repeat(1024 * 1024);
    /// let shown = Redaction::new().bounded(&body);
    /// assert!(shown.starts_with("password=[Filtered] x") && shown.ends_with("x…") && shown.len() < 9 * 1024);
    /// ```
    #[must_use]
    pub fn bounded<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if text.len() <= MAX_TEXT {
            self.text(text)
        } else {
            Cow::Owned(self.head(text, MAX_TEXT).into_owned() + "…")
        }
    }

    /// Masks `text` in place, and cuts it to 8 KiB.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::Redaction;
    ///
    /// let mut reason = "login of jo@example.org failed".to_owned();
    /// Redaction::new().bound(&mut reason);
    /// assert_eq!(reason, "login of [Filtered] failed");
    /// ```
    pub fn bound(&self, text: &mut String) {
        if let Cow::Owned(masked) = self.bounded(text) {
            *text = masked;
        }
    }
}

/// Returns at most `max` bytes of `text`, cut at a character boundary. The text must be the program's own, or masked
/// already: see [`Redaction::head`] for one that is not.
///
/// # Example
///
/// ```
/// use monitor_kit::redact;
///
/// assert_eq!(redact::cut("café", 4), "caf");
/// ```
#[must_use]
#[inline]
pub fn cut(text: &str, max: usize) -> &str {
    let end = (0..=max.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}

/// Cuts a masked text to `longest` bytes, or before a mask that the cut would split.
fn whole_masks(mut masked: String, longest: usize) -> String {
    let end = cut(&masked, longest).len();
    let cut = (end.saturating_sub(FILTERED.len() - 1)..end)
        .find(|at| masked.as_bytes()[*at..].starts_with(FILTERED.as_bytes()));
    masked.truncate(cut.unwrap_or(end));
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_a_border_between_characters_and_again_once_it_is_masked() {
        let mut text = cut(&"é".repeat(2 * MAX_TEXT), MAX_TEXT + LOOKAHEAD - 1).to_owned();
        assert_eq!(text.len(), MAX_TEXT + LOOKAHEAD - 2);
        for _ in 0..2 {
            Redaction::new().bound(&mut text);
            assert_eq!((text.len(), text.chars().last()), (MAX_TEXT + '…'.len_utf8(), Some('…')));
        }
    }

    #[test]
    fn a_secret_that_the_cut_goes_through_is_masked() {
        for secret in
            ["postgres://admin:hunter2@db/todo", "Password=my hunter2 pass;Encrypt=true", "4111 1111 1111 1111"]
        {
            for shown in 0..secret.len() {
                let before = "x ".repeat(MAX_TEXT / 2 - shown) + &" ".repeat(shown);
                let long = before.clone() + secret + &" y".repeat(MAX_TEXT);
                let mut text = cut(&long, MAX_TEXT + LOOKAHEAD).to_owned();
                Redaction::new().bound(&mut text);
                assert!(!text.contains("hunter") && !text.contains("4111"), "{:?}", &text[before.len()..]);
            }
        }
    }
}
