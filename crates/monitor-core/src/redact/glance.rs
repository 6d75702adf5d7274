//! Quick looks at a text, which spare most texts the scanner.
//!
//! What is looked for is looked for in all bytes alike, without a decision for each: the compiler makes one instruction
//! of it for sixteen bytes.

use super::text::SEPARATORS;

/// Returns whether a text is ASCII without control characters, quotation marks and backslashes.
pub(super) fn is_printable(text: &[u8]) -> bool {
    !any(text, |byte| !matches!(byte, b' '..=b'~') | (byte == b'"') | (byte == b'\\'))
}

/// Returns whether there is certainly no secret in a text. It may say of a harmless one that it is none.
pub(super) fn is_harmless(text: &[u8], is_secret: &impl Fn(&[u8]) -> bool) -> bool {
    !(any(text, |byte| (byte == b'@') | (byte == b'?'))
        || may_hold_a_pair(text, is_secret)
        || may_hold_a_word(text)
        || may_hold_a_card(text))
}

/// Looks at sixteen bytes at a time; what is left over is filled up with what nobody looks for.
fn any(text: &[u8], is_it: impl Fn(u8) -> bool) -> bool {
    let is_in = |block: &[u8; BLOCK]| block.iter().fold(0, |found, byte| found | u8::from(is_it(*byte))) != 0;
    let (blocks, rest) = text.as_chunks();
    let mut last = [b'_'; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    blocks.iter().any(is_in) || is_in(&last)
}

/// Looks for `key: value` and `key=value` with a key that sounds like a secret.
fn may_hold_a_pair(text: &[u8], is_secret: &impl Fn(&[u8]) -> bool) -> bool {
    let is_between = |byte: u8| (byte == b':') | (byte == b'=');
    let mut begin = 0;
    while begin < text.len() {
        let end = text.len().min(begin + BLOCK);
        if any(&text[begin..end], is_between) {
            for at in begin..end {
                if is_between(text[at]) && is_secret(key_before(&text[..at])) {
                    return true;
                }
            }
        }
        begin = end;
    }
    false
}

/// Returns the last word of `text`, which may have spaces and quotation marks behind it.
fn key_before(text: &[u8]) -> &[u8] {
    let mut end = text.len();
    while end > 0 && is_separator(text[end - 1]) {
        end -= 1;
    }
    let mut begin = end;
    while begin > 0 && !is_separator(text[begin - 1]) {
        begin -= 1;
    }
    &text[begin..end]
}

fn is_separator(byte: u8) -> bool {
    IS_SEPARATOR[usize::from(byte)]
}

/// The separators of the scanner and white space; what is not ASCII may be part of a word.
static IS_SEPARATOR: [bool; 256] = {
    let (mut is, mut at, separators) = ([false; 256], 0, SEPARATORS.as_bytes());
    while at < separators.len() {
        is[separators[at] as usize] = true;
        at += 1;
    }
    is[b' ' as usize] = true;
    is[b'\t' as usize] = true;
    is[b'\n' as usize] = true;
    is[b'\r' as usize] = true;
    is
};

/// Looks for the words `bearer` and `basic`, and for what a web token begins with.
fn may_hold_a_word(text: &[u8]) -> bool {
    let begins = |(first, second): (&u8, &u8)| {
        let (first, second) = (*first, *second);
        ((first | 0x20) == b'b') & (((second | 0x20) == b'e') | ((second | 0x20) == b'a'))
            | ((first == b'y') & (second == b'J'))
    };
    let pairs = text.iter().zip(text.iter().skip(1));
    pairs.fold(false, |found, pair| found | begins(pair)) && (0..text.len()).any(|at| is_word(&text[at..]))
}

fn is_word(text: &[u8]) -> bool {
    let is_scheme = |scheme: &[u8]| text.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme));
    is_scheme(b"bearer") || is_scheme(b"basic") || text.starts_with(b"yJ")
}

/// Looks for as many digits as the shortest card number has, with nothing but spaces and hyphens between. Whatever is that
/// long goes through one of the bytes that are looked at.
fn may_hold_a_card(text: &[u8]) -> bool {
    let mut at = 0;
    while at < text.len() {
        if is_part_of_a_card(text[at]) {
            let begin = before(text, at);
            let end = behind(text, at);
            if end - begin >= CARD && text[begin..end].iter().filter(|byte| byte.is_ascii_digit()).count() >= CARD {
                return true;
            }
            at = end;
        }
        at += CARD - 1;
    }
    false
}

fn is_part_of_a_card(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b' ' | b'-')
}

fn before(text: &[u8], mut at: usize) -> usize {
    while at > 0 && is_part_of_a_card(text[at - 1]) {
        at -= 1;
    }
    at
}

fn behind(text: &[u8], mut at: usize) -> usize {
    while at < text.len() && is_part_of_a_card(text[at]) {
        at += 1;
    }
    at
}

/// How many digits the shortest card number has.
const CARD: usize = 13;
const BLOCK: usize = 16;
