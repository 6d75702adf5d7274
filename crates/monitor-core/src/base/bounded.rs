//! Texts that are not masked yet, cut to a bounded length.

use monitor_redact::{LOOKAHEAD, MAX_TEXT, cut};

/// Cuts a text that is not masked yet to [`READ`] bytes.
pub(crate) fn bounded(mut text: String) -> String {
    text.truncate(cut(&text, READ).len());
    text
}

/// Maximum length of a text that is not masked yet, in bytes. It exceeds [`MAX_TEXT`], so that masking recognises a
/// secret that crosses the cut to that length.
pub(crate) const READ: usize = MAX_TEXT + LOOKAHEAD;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_is_left_of_a_text_than_is_shown_and_no_character_is_split() {
        assert_eq!(bounded("é".repeat(MAX_TEXT)).len(), MAX_TEXT + LOOKAHEAD);
        assert_eq!(bounded("x".to_owned() + &"é".repeat(MAX_TEXT)).len(), MAX_TEXT + LOOKAHEAD - 1);
    }
}
