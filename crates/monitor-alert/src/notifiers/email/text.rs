//! Texts of a mail: made harmless, cut, and wrapped.

use monitor_core::escape;

/// Returns the first `limit` characters of a text, the last of them an ellipsis if more follow. Unsafe characters other
/// than a new line become spaces.
pub(super) fn lines(text: &str, limit: usize) -> String {
    let safe = |c| if c != '\n' && escape::is_unsafe(c) { ' ' } else { c };
    let mut chars = text.trim_end().chars().map(safe);
    let mut cut: String = chars.by_ref().take(limit).collect();
    if chars.next().is_some() {
        cut.pop();
        cut.push('…');
    }
    cut.replace(" \n", "\n")
}

/// Returns [`lines`] in one line.
pub(super) fn line(text: &str, limit: usize) -> String {
    lines(text, limit).replace('\n', " ")
}

/// Returns a text in lines of at most [`WIDTH`] characters, each after `indent`. A longer word has a line of its own.
pub(super) fn wrapped(text: &str, indent: &str) -> String {
    let mut wrapped = String::with_capacity(text.len() + 64);
    for line in text.split('\n') {
        wrap(&mut wrapped, line, indent);
    }
    wrapped
}

fn wrap(wrapped: &mut String, mut line: &str, indent: &str) {
    loop {
        let (head, rest) = split(line, WIDTH.saturating_sub(indent.len()));
        if !head.is_empty() {
            wrapped.push_str(indent);
        }
        wrapped.push_str(head);
        wrapped.push('\n');
        let Some(rest) = rest else { return };
        line = rest;
    }
}

/// Splits a line that is longer than `width` at the last space before, or else at the first one. Returns no rest for a
/// line that fits.
fn split(line: &str, width: usize) -> (&str, Option<&str>) {
    let Some((end, _)) = line.char_indices().nth(width) else { return (line, None) };
    let before = line[..end].rfind(' ').filter(|at| !line[..*at].trim().is_empty());
    let at = if line[end..].starts_with(' ') { Some(end) } else { before };
    let at = at.or_else(|| line[end..].find(' ').map(|at| end + at));
    at.map_or((line, None), |at| (&line[..at], Some(&line[at + 1..])))
}

/// Mail programs show so many characters without a fold of their own.
const WIDTH: usize = 72;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_characters_become_spaces_and_a_long_text_is_cut() {
        assert_eq!(lines("a\u{202e}b\u{1b}c\r\nd\0", 99), "a b c\nd ");
        assert_eq!(line("a\r\nBcc: eve@example.com\n", 99), "a Bcc: eve@example.com");
        assert_eq!((&*lines("é😀é", 3), &*lines("é😀éé", 3)), ("é😀é", "é😀…"));
    }

    #[test]
    fn lines_are_wrapped_at_72_characters() {
        let words = "wörter ".repeat(40);
        let wrapped = wrapped(words.trim_end(), "  ");
        assert!(wrapped.lines().all(|line| line.starts_with("  w") && line.chars().count() <= 72), "{wrapped}");
        assert_eq!(wrapped.split_whitespace().count(), 40);
        assert_eq!(wrapped.lines().count(), 4);
    }

    #[test]
    fn a_long_word_stays_whole_and_short_lines_as_they_are() {
        let url = "x".repeat(100);
        assert_eq!(wrapped(&format!("see {url} now"), ""), format!("see\n{url}\nnow\n"));
        assert_eq!(wrapped("a\n  b\n\nc", " "), " a\n   b\n\n c\n");
        assert_eq!(wrapped(&"x".repeat(72), ""), format!("{}\n", "x".repeat(72)));
        assert_eq!(wrapped(&format!("{} y", "x".repeat(72)), ""), format!("{}\ny\n", "x".repeat(72)));
    }
}
