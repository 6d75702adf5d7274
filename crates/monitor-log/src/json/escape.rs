//! Texts between quotation marks: redacted, escaped, and cut where they are very long.

use std::{fmt, io::Write as _};

use monitor_core::{Redaction, escape::json_text, redact::FILTERED, scope::RedactedText, text};

/// Writes texts as strings of JSON (RFC 8259, section 7), behind a key that ends with the quotation mark they begin with.
#[derive(Debug)]
pub(super) struct JsonText {
    redaction: Redaction,
}

impl JsonText {
    pub(super) fn new(redaction: Redaction) -> Self {
        Self { redaction }
    }

    /// Returns whether the value of this key is never shown.
    pub(super) fn mask(&self, key: &str) -> bool {
        self.redaction.masks(key)
    }

    /// Writes a text, redacted, and the quotation mark behind it.
    pub(super) fn write(&self, line: &mut Vec<u8>, text: &str) {
        if text.len() <= LONGEST && self.redaction.is_plain(text.as_bytes()) {
            line.extend_from_slice(text.as_bytes());
        } else {
            self.write_odd(line, text, text.len());
        }
        line.push(b'"');
    }

    /// Writes a text that is redacted when it is read.
    pub(super) fn write_shown(&self, line: &mut Vec<u8>, shown: RedactedText<'_>) {
        match shown.as_plain().filter(|text| text.len() <= LONGEST) {
            Some(text) => {
                line.extend_from_slice(text);
                line.push(b'"');
            }
            None => self.write_redacted(line, &shown.redacted()),
        }
    }

    /// Writes a text that is redacted already, and the quotation mark behind it.
    pub(super) fn write_redacted(&self, line: &mut Vec<u8>, text: &str) {
        write_beginning(line, head(text, LONGEST), text.len());
        line.push(b'"');
    }

    /// Writes what something says of itself, redacted.
    pub(super) fn write_debug(&self, line: &mut Vec<u8>, value: &dyn fmt::Debug) {
        let begin = line.len();
        let mut said = Bounded { line, left: READ, length: 0 };
        text::write(&mut said, format_args!("{value:?}"));
        let length = said.length;
        // Most of what is said can stay where it was written.
        if length > LONGEST || !self.redaction.is_plain(&line[begin..]) {
            let text = line.split_off(begin);
            self.write_odd(line, &String::from_utf8_lossy(&text), length);
        }
        line.push(b'"');
    }

    /// Writes a text that cannot be written as it is, and that was of `length` bytes before.
    #[cold]
    fn write_odd(&self, line: &mut Vec<u8>, text: &str, length: usize) {
        write_beginning(line, &self.redaction.head(text, LONGEST), length);
    }
}

/// Writes what stands in place of a secret.
pub(super) fn write_masked(line: &mut Vec<u8>) {
    line.extend_from_slice(FILTERED.as_bytes());
    line.push(b'"');
}

/// Writes the beginning of a text of `length` bytes, and how much it is that is not written.
fn write_beginning(line: &mut Vec<u8>, text: &str, length: usize) {
    json_text(line, text);
    if length > LONGEST {
        let _ = write!(line, "…[cut, {length} bytes]");
    }
}

/// Returns the beginning of `text`, up to a character's border.
fn head(text: &str, longest: usize) -> &str {
    let end = (0..=longest.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}

/// Takes the beginning of what is written to it, and counts the rest.
struct Bounded<'a> {
    line: &'a mut Vec<u8>,
    left: usize,
    length: usize,
}

impl fmt::Write for Bounded<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let taken = head(text, self.left);
        self.line.extend_from_slice(taken.as_bytes());
        // Past the first cut nothing more is taken, or there would be a gap.
        self.left = if taken.len() < text.len() { 0 } else { self.left - taken.len() };
        self.length = self.length.saturating_add(text.len());
        Ok(())
    }
}

/// How much of a text is written.
pub(super) const LONGEST: usize = 16 * 1024;
/// How much of a text is redacted, so that what the cut goes through is known for what it is.
const READ: usize = LONGEST + 1024;

/// Writes a word of ours, in which there is nothing to be escaped or redacted.
pub(super) fn own(line: &mut Vec<u8>, key: &str, word: &str) {
    line.extend_from_slice(key.as_bytes());
    line.extend_from_slice(word.as_bytes());
    line.push(b'"');
}
