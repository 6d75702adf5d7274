//! Where the value of a key ends.

use super::FILTERED;

/// How much of a value is a secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Expected {
    Nothing,
    /// The next word, unless it is one of prose.
    Code,
    /// The next word, or all that is quoted.
    Word,
    /// All up to the end of the line or of what is quoted, as in the headers for credentials and cookies.
    Line,
}

/// Returns the word at `at`. It ends at white space, at a quote or bracket, or at one of `,;|<>`, but not within what was
/// masked before.
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

/// Returns whether a value may still come after it: `password = ("abc")`.
pub(super) fn is_before_a_value(separator: char) -> bool {
    separator.is_whitespace() || QUOTES.contains(separator) || separator == '('
}

/// Returns the quotation mark in front of `at`.
pub(super) fn quote_before(text: &str, at: usize) -> Option<char> {
    text[..at].chars().next_back().filter(|c| QUOTES.contains(*c))
}

/// Returns where the value that begins at `at` ends: where its quote closes, else with the line or the word.
pub(super) fn value_end(text: &str, at: usize, expected: Expected) -> usize {
    let rest = &text[at..];
    let length = match (quote_before(text, at), expected) {
        (Some(quote), _) => quote_end(rest, quote),
        (None, Expected::Line) => line_end(rest),
        (None, _) => Some(word_at(text, at).len()),
    };
    at + length.unwrap_or(rest.len())
}

/// Returns where what is quoted ends. What follows a backslash is part of it.
pub(super) fn quote_end(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let ends = !is_escaped && (c == quote || c == '\n');
        is_escaped = !is_escaped && c == '\\';
        ends.then_some(at)
    })
}

/// Returns where a line ends, or a quotation that began before it. Parameters are quoted within the line: `a="b", c="d"`.
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

/// Returns where the bracket closes that was opened in front of `at`, with the text where it does not. Brackets between
/// quotation marks are text.
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

/// Returns where a value of a connection string ends, which may have spaces: `Password=a b;Encrypt=true`. `key` is where its
/// key begins. `None` where it is not one.
pub(super) fn connection_value_end(text: &str, key: usize, at: usize) -> Option<usize> {
    let rest = within(text, at);
    let end = rest.find([';', '\n', '"', '\'', '`']);
    let goes_on = end.is_some_and(|end| is_another_pair(&rest[end..]));
    (goes_on || text[..key].ends_with(';')).then(|| at + end.unwrap_or(rest.len()))
}

/// `;Encrypt=true`, `; User Id=sa`.
fn is_another_pair(text: &str) -> bool {
    let key = text.strip_prefix(';').and_then(|text| text.split_once('=')).map_or("", |(key, _)| key.trim_start());
    key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'_' | b'-'))
}

/// Returns what follows at `at`, as far as a scanner may look ahead and stay linear.
pub(super) fn within(text: &str, at: usize) -> &str {
    let end = text.len().min(at + FAR);
    let end = (at..=end).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(at);
    &text[at..end]
}

const FAR: usize = 512;
const QUOTES: &str = "\"'`";
pub(super) const SEPARATORS: &str = "\"'`()[]{}<>,;|";
