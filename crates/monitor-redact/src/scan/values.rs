//! The end of a value that follows a key.

use crate::found::FILTERED;

/// Extent of the secret that is expected next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Expected {
    /// No secret is expected.
    Nothing,
    /// The next word, unless it looks like prose.
    Code,
    /// The next word, or everything within its quotation marks.
    Word,
    /// Everything up to the end of the line or of the quotation, as in headers with credentials and cookies.
    Line,
}

/// Returns the word at `at`. It ends at white space, at a quotation mark or bracket, or at one of `,;|<>`, but not
/// within a mask.
pub(super) fn word_at(text: &str, at: usize) -> &str {
    let rest = &text[at..];
    let mut end = 0;
    while let Some(found) = rest[end..].find(is_separator) {
        end += found;
        if !rest[end..].starts_with(FILTERED) {
            return &rest[..end];
        }
        end += FILTERED.len();
    }
    rest
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || SEPARATORS.contains(c)
}

/// Returns `true` if a value may still follow this separator: `password = ("abc")`.
pub(super) fn is_before_a_value(separator: char) -> bool {
    separator.is_whitespace() || QUOTES.contains(separator) || separator == '('
}

/// Returns the quotation mark before `at`, if there is one.
pub(super) fn quote_before(text: &str, at: usize) -> Option<char> {
    text[..at].chars().next_back().filter(|c| QUOTES.contains(*c))
}

/// Returns the end of the value that begins at `at`: its closing quotation mark, else the end of the line or of the
/// word.
pub(super) fn value_end(text: &str, at: usize, expected: Expected) -> usize {
    let rest = &text[at..];
    let length = match (quote_before(text, at), expected) {
        (Some(quote), _) => quote_end(rest, quote),
        (None, Expected::Line) => line_end(rest),
        (None, _) => Some(word_at(text, at).len()),
    };
    at + length.unwrap_or(rest.len())
}

/// Returns the end of a quotation, at the latest the end of its line. A character after a backslash does not end it.
pub(super) fn quote_end(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let ends = !is_escaped && (c == quote || c == '\n');
        is_escaped = !is_escaped && c == '\\';
        ends.then_some(at)
    })
}

/// Returns the end of a line, or of the quotation that contains it. Quoted parameters do not end the line: `a="b",
/// c="d"`.
fn line_end(text: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        at += text[at..].find(['\n', '"', '\''])?;
        let quote = text[at..].chars().next().filter(|c| *c != '\n' && text[..at].ends_with('='));
        let Some(quote) = quote else { return Some(at) };
        at += 1;
        at += quote_end(&text[at..], quote)?;
        if text[at..].starts_with(quote) {
            at += 1;
        }
    }
}

/// Returns the position of the bracket that closes the one before `at`, or the end of the text if there is none.
/// Brackets between quotation marks are ignored.
pub(super) fn structure_end(text: &str, at: usize, open: char) -> usize {
    let close = match open {
        '[' => ']',
        '{' => '}',
        _ => '>',
    };
    let (mut depth, mut is_quoted, mut is_escaped) = (1, false, false);
    let end = text[at..].char_indices().find(|(_, c)| {
        is_quoted ^= *c == '"' && !is_escaped;
        is_escaped = *c == '\\' && !is_escaped;
        if !is_quoted {
            depth += i32::from(*c == open) - i32::from(*c == close);
        }
        depth == 0
    });
    end.map_or(text.len(), |(end, _)| at + end)
}

/// Returns the end of a value in a connection string, which may contain spaces: `Password=a b;Encrypt=true`. `key` is
/// the start of its key. Returns `None` if the text is not a connection string.
pub(super) fn connection_value_end(text: &str, key: usize, at: usize) -> Option<usize> {
    let rest = within(text, at);
    let end = rest.find([';', '\n', '"', '\'', '`']);
    let goes_on = end.is_some_and(|end| is_another_pair(&rest[end..]));
    (goes_on || text[..key].ends_with(';')).then(|| at + end.unwrap_or(rest.len()))
}

/// Returns `true` for `;Encrypt=true`, `; User Id=sa`.
fn is_another_pair(text: &str) -> bool {
    let key = text.strip_prefix(';').and_then(|text| text.split_once('=')).map_or("", |(key, _)| key.trim_start());
    key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'_' | b'-'))
}

/// Returns the text from `at` on, at most [`FAR`] bytes, so that looking ahead stays linear.
pub(super) fn within(text: &str, at: usize) -> &str {
    let end = text.len().min(at + FAR);
    let end = (at..=end).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(at);
    &text[at..end]
}

const FAR: usize = 512;
const QUOTES: &str = "\"'`";
pub(crate) const SEPARATORS: &str = "\"'`()[]{}<>,;|";
