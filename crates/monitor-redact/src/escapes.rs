//! Decoding of nested texts: percent-encoding, and backslash escapes as in JSON and `Debug` output. The scanners read
//! the decoded text as well, so that an encoded secret is found.

use std::ops::Range;

/// A text with one level of escapes decoded, and the mapping of its positions to the original.
#[derive(Debug)]
pub(crate) struct Undone {
    pub(crate) text: String,
    /// End of each escape, as position in `text` and in the original.
    ends: Vec<(usize, usize)>,
}

impl Undone {
    /// Decodes one level of escapes. Returns `None` if there are none.
    pub(crate) fn of(escaped: &str) -> Option<Self> {
        let (mut undone, mut upto) = (Self { text: String::new(), ends: Vec::new() }, 0);
        while let Some(found) = escaped[upto..].find(['%', '\\']) {
            let at = upto + found;
            undone.text.push_str(&escaped[upto..at]);
            match escape_at(&escaped[at..]) {
                Some((c, length)) => {
                    undone.text.push(c);
                    upto = at + length;
                    undone.ends.push((undone.text.len(), upto));
                }
                None => {
                    undone.text.push_str(&escaped[at..=at]);
                    upto = at + 1;
                }
            }
        }
        undone.text.push_str(&escaped[upto..]);
        (!undone.ends.is_empty()).then_some(undone)
    }

    /// Returns the position in the original that corresponds to `at`.
    pub(crate) fn position(&self, at: usize) -> usize {
        match self.ends.partition_point(|(end, _)| *end <= at).checked_sub(1) {
            Some(last) => self.ends[last].1 + (at - self.ends[last].0),
            None => at,
        }
    }
}

/// Returns the character of the escape at the beginning of `text`, and the length of the escape. Percent-encoded and
/// `\x` bytes that are not ASCII stay encoded, because no secret is recognised by such a character.
fn escape_at(text: &str) -> Option<(char, usize)> {
    let bytes = text.as_bytes();
    let byte = |digits: Range<usize>| Some((number(text, digits.clone()).filter(char::is_ascii)?, digits.end));
    match bytes {
        [b'%', ..] => byte(1..3),
        [b'\\', b'x', ..] => byte(2..4),
        [b'\\', b'u', b'{', ..] => {
            let end = 3 + bytes.get(3..10)?.iter().position(|byte| *byte == b'}')?;
            Some((number(text, 3..end)?, end + 1))
        }
        [b'\\', b'u', ..] => Some((number(text, 2..6)?, 6)),
        [b'\\', letter, ..] => Some((NAMED.iter().find(|(name, _)| name == letter)?.1, 2)),
        _ => None,
    }
}

fn number(text: &str, digits: Range<usize>) -> Option<char> {
    let digits = text.get(digits).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    char::from_u32(u32::from_str_radix(digits, 16).ok()?)
}

const NAMED: [(u8, char); 8] =
    [(b'n', '\n'), (b'r', '\r'), (b't', '\t'), (b'0', '\0'), (b'"', '"'), (b'\'', '\''), (b'\\', '\\'), (b'/', '/')];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_of_urls_json_and_debug_are_undone_once() {
        for (escaped, expected) in [
            ("password%3Dhunter2", "password=hunter2"),
            ("%253D", "%3D"),
            (r#"{\"a\":\"b\\\"c\"}"#, r#"{"a":"b\"c"}"#),
            (r"a\nb\tc\u003d\u{3d}\x3d", "a\nb\tc==="),
            ("%C3%A9 100%\\", "%C3%A9 100%\\"),
            (r"\u{1f600}é%2", "\u{1f600}é%2"),
        ] {
            assert_eq!(Undone::of(escaped).map_or_else(|| escaped.to_owned(), |undone| undone.text), expected);
        }
        assert!(Undone::of("plain text").is_none());
    }

    #[test]
    fn a_part_is_found_where_it_stood() {
        let escaped = "a%20password%3Dhunter2%26b";
        let undone = Undone::of(escaped).unwrap();
        let at = undone.text.find("hunter2").unwrap();
        assert_eq!(&escaped[undone.position(at)..undone.position(at + 7)], "hunter2");
        assert_eq!(&escaped[undone.position(1)..undone.position(2)], "%20");
    }

    proptest! {
        #[test]
        fn positions_are_borders_of_characters(escaped in "([a-z%\\\\é]|%3D|%25|\\\\n|\\\\u0041|\\\\u\\{e9\\}){0,24}") {
            if let Some(undone) = Undone::of(&escaped) {
                let at: Vec<_> = undone.text.char_indices().map(|(at, _)| undone.position(at)).collect();
                prop_assert!(at.is_sorted() && at.iter().all(|at| escaped.is_char_boundary(*at)));
                prop_assert_eq!(undone.position(undone.text.len()), escaped.len());
            }
        }
    }
}
