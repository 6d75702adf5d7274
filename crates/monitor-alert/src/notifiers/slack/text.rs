//! Texts of Slack's messages.

use monitor_core::escape;

/// Returns `text`, escaped for Slack and cut to `limit` characters. Characters are counted in UTF-16 after they are
/// escaped, which is never less than what Slack counts.
///
/// Only Slack's own three characters are escaped: they begin links, mentions and entities. Unsafe characters other than
/// a new line become spaces.
pub(super) fn text(text: &str, limit: usize) -> String {
    let (mut written, mut length, mut end) = (String::new(), 0, 0);
    for c in text.chars() {
        let before = written.len();
        push(&mut written, c);
        length += written[before..].encode_utf16().count();
        if length > limit {
            written.truncate(end);
            written.push('…');
            return written;
        }
        if length < limit {
            // Here the ellipsis has room.
            end = written.len();
        }
    }
    written
}

fn push(written: &mut String, c: char) {
    match c {
        '&' => written.push_str("&amp;"),
        '<' => written.push_str("&lt;"),
        '>' => written.push_str("&gt;"),
        c if c != '\n' && escape::is_unsafe(c) => written.push(' '),
        c => written.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn the_three_characters_of_slack_are_escaped() {
        assert_eq!(text("<!channel> & <http://x|y>", 99), "&lt;!channel&gt; &amp; &lt;http://x|y&gt;");
        assert_eq!(text("a\u{202e}b\u{1b}c\nd", 99), "a b c\nd");
    }

    #[test]
    fn a_long_text_is_cut_before_a_whole_character() {
        for (cut, limit, shown) in [
            ("abcd", 4, "abcd"),
            ("abcde", 4, "abc…"),
            ("ab<", 6, "ab&lt;"),
            ("ab<c", 6, "ab…"),
            ("ab<cd", 7, "ab&lt;…"),
            ("a😀b", 4, "a😀b"),
            ("a😀bc", 4, "a😀…"),
            ("a😀b", 3, "a…"),
            ("", 4, ""),
        ] {
            assert_eq!(text(cut, limit), shown, "{cut} in {limit}");
        }
    }
}
