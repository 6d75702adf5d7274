//! JSON strings: redacted, escaped, and cut if very long.

use std::{fmt, io::Write as _};

use monitor_core::{
    escape::json_text,
    instrument::{RedactedText, text},
};
use monitor_redact::{FILTERED, LOOKAHEAD, Redaction, cut};

/// Writes texts as JSON strings (RFC 8259, section 7). The caller writes the key first, which ends with the opening
/// quotation mark.
#[derive(Debug)]
pub(super) struct JsonText {
    redaction: Redaction,
}

impl JsonText {
    pub(super) fn new(redaction: Redaction) -> Self {
        Self { redaction }
    }

    /// Returns whether values of this key must be masked.
    pub(super) fn mask(&self, key: &str) -> bool {
        self.redaction.masks(key)
    }

    /// Writes a text, redacted, and the closing quotation mark.
    pub(super) fn write(&self, line: &mut Vec<u8>, text: &str) {
        if text.len() <= MAX_TEXT_BYTES && self.redaction.is_plain(text.as_bytes()) {
            line.extend_from_slice(text.as_bytes());
        } else {
            self.write_odd(line, text, text.len());
        }
        line.push(b'"');
    }

    /// Writes a text that is redacted on access, and the closing quotation mark.
    pub(super) fn write_shown(&self, line: &mut Vec<u8>, shown: RedactedText<'_>) {
        match shown.as_plain().filter(|text| text.len() <= MAX_TEXT_BYTES) {
            Some(text) => {
                line.extend_from_slice(text);
                line.push(b'"');
            }
            None => self.write_redacted(line, &shown.redacted()),
        }
    }

    /// Writes an already redacted text and the closing quotation mark.
    pub(super) fn write_redacted(&self, line: &mut Vec<u8>, text: &str) {
        write_beginning(line, cut(text, MAX_TEXT_BYTES), text.len());
        line.push(b'"');
    }

    /// Writes the `Debug` output of a value, redacted, and the closing quotation mark.
    pub(super) fn write_debug(&self, line: &mut Vec<u8>, value: &dyn fmt::Debug) {
        let begin = line.len();
        let mut said = Bounded { line, left: READ, length: 0 };
        text::write(&mut said, format_args!("{value:?}"));
        let length = said.length;
        // Fast path: harmless output stays in the buffer it was formatted into.
        if length > MAX_TEXT_BYTES || !self.redaction.is_plain(&line[begin..]) {
            let text = line.split_off(begin);
            self.write_odd(line, &String::from_utf8_lossy(&text), length);
        }
        line.push(b'"');
    }

    /// Writes a text that needs escaping, redaction or a cut. `length` is the length of the uncut text in bytes.
    #[cold]
    fn write_odd(&self, line: &mut Vec<u8>, text: &str, length: usize) {
        write_beginning(line, &self.redaction.head(text, MAX_TEXT_BYTES), length);
    }
}

/// Writes the placeholder of a secret and the closing quotation mark.
pub(super) fn write_masked(line: &mut Vec<u8>) {
    line.extend_from_slice(FILTERED.as_bytes());
    line.push(b'"');
}

/// Writes the head of a text of `length` bytes, and a note of the full length if it is cut.
fn write_beginning(line: &mut Vec<u8>, text: &str, length: usize) {
    json_text(line, text);
    if length > MAX_TEXT_BYTES {
        let _ = write!(line, "…[cut, {length} bytes]");
    }
}

/// Writes up to `left` bytes of its input to the line, and counts the length of all of it.
struct Bounded<'a> {
    line: &'a mut Vec<u8>,
    left: usize,
    length: usize,
}

impl fmt::Write for Bounded<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let taken = cut(text, self.left);
        self.line.extend_from_slice(taken.as_bytes());
        // Stops at the first cut: a later, shorter piece might fit and would leave a gap.
        self.left = if taken.len() < text.len() { 0 } else { self.left - taken.len() };
        self.length = self.length.saturating_add(text.len());
        Ok(())
    }
}

/// Maximum length of a written text, in bytes.
pub(super) const MAX_TEXT_BYTES: usize = 16 * 1024;
/// Maximum length of `Debug` output that is formatted. Longer than [`MAX_TEXT_BYTES`], so that a secret that crosses
/// the cut is still recognized.
const READ: usize = MAX_TEXT_BYTES + LOOKAHEAD;

/// Writes one of the crate's own words, which needs no escaping or redaction, and the closing quotation mark.
pub(super) fn own(line: &mut Vec<u8>, key: &str, word: &str) {
    line.extend_from_slice(key.as_bytes());
    line.extend_from_slice(word.as_bytes());
    line.push(b'"');
}
