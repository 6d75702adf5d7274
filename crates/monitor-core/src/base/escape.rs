//! Escaping of characters that can make a line, a page or a terminal show something other than the text.
//!
//! All output of the library passes through these functions: log lines, issues as JSON, the health body. They escape
//! control characters (C0, DEL, C1), the line separators U+2028 and U+2029, the characters that change the direction of
//! writing (Unicode's property `Bidi_Control`), and the byte order mark U+FEFF.

use std::{borrow::Cow, fmt::Write as _, io};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

/// Returns `true` if `c` is escaped in all output.
///
/// # Example
///
/// ```
/// use monitor_kit::escape;
///
/// assert!(escape::is_unsafe('\u{202e}') && escape::is_unsafe('\n') && !escape::is_unsafe('é'));
/// ```
#[must_use]
pub const fn is_unsafe(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}'
    )
}

/// Appends `text` to `line`, escaped for use inside a JSON string (RFC 8259, section 7).
///
/// # Example
///
/// ```
/// use monitor_kit::escape;
///
/// let mut line = br#"{"name":""#.to_vec();
/// escape::json_text(&mut line, "the \"shop\"");
/// line.extend_from_slice(br#""}"#);
/// assert_eq!(line, br#"{"name":"the \"shop\""}"#);
/// ```
pub fn json_text(line: &mut Vec<u8>, text: &str) {
    for c in text.chars() {
        match c {
            '"' => line.extend_from_slice(b"\\\""),
            '\\' => line.extend_from_slice(b"\\\\"),
            '\n' => line.extend_from_slice(b"\\n"),
            '\r' => line.extend_from_slice(b"\\r"),
            '\t' => line.extend_from_slice(b"\\t"),
            c if is_unsafe(c) => line.extend_from_slice(&json_escape(c)),
            c => line.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// Returns `value` as JSON. Use it instead of `serde_json::to_string`, which escapes C0 only.
///
/// # Example
///
/// ```
/// use monitor_kit::escape;
///
/// let issue = serde_json::json!({"message": "a\u{202e}b"});
/// assert_eq!(escape::json(&issue), r#"{"message":"a\u202eb"}"#);
/// ```
#[must_use]
pub fn json(value: &impl Serialize) -> String {
    let mut written = Vec::with_capacity(128);
    // In memory, serialisation fails only for a map with keys that are not strings, and no type of the library has one.
    let _ = value.serialize(&mut Serializer::with_formatter(&mut written, Escaping));
    String::from_utf8(written).unwrap_or_default()
}

/// Returns `text` with unsafe characters escaped as in Rust: `\n`, `\u{202e}`.
///
/// # Example
///
/// ```
/// use monitor_kit::escape;
///
/// assert_eq!(escape::readable("paid\u{1b}[2J\nadmin"), r"paid\u{1b}[2J\nadmin");
/// ```
#[must_use]
pub fn readable(text: &str) -> Cow<'_, str> {
    escaped(text, is_unsafe)
}

/// Returns `text` between quotation marks. Quotation marks and backslashes inside are escaped too, so that no part of
/// `text` can pass for what follows it.
///
/// # Example
///
/// ```
/// use monitor_kit::escape;
///
/// assert_eq!(escape::quoted("a\" admin=\"true"), r#""a\" admin=\"true""#);
/// ```
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text, |c| is_unsafe(c) || matches!(c, '"' | '\\')))
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    let Some(first) = text.find(&is_escaped) else { return Cow::Borrowed(text) };
    let mut written = text[..first].to_owned();
    for c in text[first..].chars() {
        match c {
            c if !is_escaped(c) => written.push(c),
            '\n' | '\r' | '\t' | '"' | '\\' => written.extend(c.escape_default()),
            c => _ = write!(written, "\\u{{{:x}}}", u32::from(c)),
        }
    }
    Cow::Owned(written)
}

/// Returns `c` as `\u202e`. All unsafe characters have at most four hexadecimal digits.
fn json_escape(c: char) -> [u8; 6] {
    let digit = |shift: u32| b"0123456789abcdef"[(u32::from(c) >> shift & 0xf) as usize];
    [b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]
}

struct Escaping;

impl Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, mut fragment: &str) -> io::Result<()> {
        // Fast path: most texts are plain, and testing bytes is faster than testing characters.
        if fragment.bytes().all(|byte| (b' '..b'\x7f').contains(&byte)) {
            return CompactFormatter.write_string_fragment(writer, fragment);
        }
        while let Some(at) = fragment.find(is_unsafe) {
            let (before, rest) = fragment.split_at(at);
            CompactFormatter.write_string_fragment(writer, before)?;
            let mut chars = rest.chars();
            chars.next().map_or(Ok(()), |c| writer.write_all(&json_escape(c)))?;
            fragment = chars.as_str();
        }
        CompactFormatter.write_string_fragment(writer, fragment)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const UNSAFE: &str =
        "\u{0}\u{1b}\u{7f}\u{85}\u{9b}\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\u{2066}\u{2069}\u{feff}";

    #[test]
    fn no_unsafe_character_goes_out_raw() {
        let text = format!("a{UNSAFE}\r\n\t\"\\é");
        let mut line = Vec::new();
        json_text(&mut line, &text);
        let line = String::from_utf8(line).unwrap();
        for written in
            [line, json(&text), json(&serde_json::json!({ &text: [&text] })), readable(&text).into(), quoted(&text)]
        {
            assert!(!written.contains(is_unsafe), "{written:?}");
        }
    }

    #[test]
    fn readable_text_is_unchanged_and_escapes_are_those_of_rust() {
        assert_eq!(readable("a \"b\" \\ é"), "a \"b\" \\ é");
        assert_eq!(readable("a\n\u{202e}b\u{1b}[31m"), "a\\n\\u{202e}b\\u{1b}[31m");
        assert_eq!(quoted("a \"b\" \\"), r#""a \"b\" \\""#);
    }

    proptest! {
        #[test]
        fn json_is_read_back_as_it_was(text in "([ -~é\n\t]|\u{85}|\u{202e}|\u{feff}|\\PC){0,24}") {
            let mut line = b"\"".to_vec();
            json_text(&mut line, &text);
            line.push(b'"');
            prop_assert_eq!(&serde_json::from_slice::<String>(&line).unwrap(), &text);
            prop_assert_eq!(&serde_json::from_str::<String>(&json(&text)).unwrap(), &text);
        }
    }
}
