//! Card numbers: 13 to 19 digits with a valid check digit, in one piece or in the groups printed on cards.

use crate::found::Found;

pub(crate) fn find(text: &str, found: &mut Found) {
    let (bytes, mut at) = (text.as_bytes(), 0);
    while let Some(begin) = next_group(bytes, at) {
        at = group_end(bytes, begin);
        if let Some(end) = card_at(text, begin) {
            // Continue after the first group only: a number that begins within this one may be the actual card number.
            found.mask(begin..end);
        }
    }
}

/// Returns the start of the next group of digits that is not preceded by a letter or digit.
fn next_group(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += bytes.get(at..)?.iter().position(u8::is_ascii_digit)?;
        if at == 0 || !bytes[at - 1].is_ascii_alphanumeric() {
            return Some(at);
        }
        at = group_end(bytes, at);
    }
}

fn group_end(bytes: &[u8], at: usize) -> usize {
    at + bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Returns the end of the card number that begins at `at`, if there is one.
fn card_at(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut digits, mut groups) = (Vec::with_capacity(MAX_DIGITS), Vec::with_capacity(5));
    let (mut begin, mut card) = (at, None);
    // The first digit of the major card networks is from 2 to 6.
    if !(b'2'..=b'6').contains(&bytes[at]) {
        return None;
    }
    loop {
        let end = group_end(bytes, begin);
        if digits.len() + (end - begin) > MAX_DIGITS {
            return card;
        }
        digits.extend(bytes[begin..end].iter().map(|byte| byte - b'0'));
        groups.push(end - begin);
        let is_whole = !bytes.get(end).is_some_and(u8::is_ascii_alphanumeric);
        if is_whole && digits.len() >= SHORTEST && are_grouped(&groups) && check_digit_is_right(&digits) {
            // Later groups may belong to a longer valid number, which then replaces this one.
            card = Some(end);
        }
        match gap(&text[end..]) {
            Some(length) => begin = end + length,
            None => return card,
        }
    }
}

/// Returns the length of the gap between two groups of digits: one or two spaces or hyphens of any kind.
fn gap(text: &str) -> Option<usize> {
    let is_part =
        |c: &char| matches!(c, '-' | '\u{2010}'..='\u{2013}') || c.is_whitespace() && !matches!(c, '\n' | '\r');
    let length = text.chars().take(2).take_while(is_part).map(char::len_utf8).sum();
    (length > 0 && text.as_bytes().get(length).is_some_and(u8::is_ascii_digit)).then_some(length)
}

/// Returns `true` for one piece, for groups of four, and for the groups of American Express and Diners Club.
fn are_grouped(groups: &[usize]) -> bool {
    match groups {
        [_] | [4, 6, 4 | 5] => true,
        [first @ .., last] => first.iter().all(|group| *group == 4) && *last <= 4,
        [] => false,
    }
}

fn check_digit_is_right(digits: &[u8]) -> bool {
    let sum: u32 = digits.iter().rev().enumerate().map(|(place, digit)| luhn(place, u32::from(*digit))).sum();
    sum.is_multiple_of(10)
}

fn luhn(place: usize, digit: u32) -> u32 {
    match (place % 2, digit) {
        (0, digit) => digit,
        (_, digit) if digit > 4 => digit * 2 - 9,
        (_, digit) => digit * 2,
    }
}

const SHORTEST: usize = 13;
const MAX_DIGITS: usize = 19;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_are_masked_and_other_numbers_are_not() {
        for (text, expected) in [
            ("card 4111 1111 1111 1111!", "card [Filtered]!"),
            ("card=4111111111111111", "card=[Filtered]"),
            ("/cards/4111-1111-1111-1111/x", "/cards/[Filtered]/x"),
            ("4111 1111 1111 1111 12/27 and 4111 1111 1111 1111 123", "[Filtered] 12/27 and [Filtered] 123"),
            ("3782 822463 10005", "[Filtered]"),
            ("4111  1111  1111  1111", "[Filtered]"),
            ("4111\u{a0}1111\u{202f}1111\t1111", "[Filtered]"),
            ("4111\u{2011}1111 - 1111 1111", "4111\u{2011}1111 - 1111 1111"),
            ("4111\n1111\n1111\n1111", "4111\n1111\n1111\n1111"),
            ("card 4111-1111-1111-1112", "card 4111-1111-1111-1112"),
            ("order 1234567890123", "order 1234567890123"),
            ("4 111111111111111", "4 111111111111111"),
            ("x4111111111111111 4111111111111111x", "x4111111111111111 4111111111111111x"),
            ("", ""),
        ] {
            let mut found = Found::default();
            find(text, &mut found);
            assert_eq!(found.write(text), expected);
        }
    }
}
