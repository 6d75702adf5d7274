//! A prefilter that lets most texts skip the scanners. False positives are allowed, false negatives are not.
//!
//! All bytes are tested alike, without branches, so that the compiler vectorises the loop to sixteen bytes at a time.

use crate::{
    keys::SecretKeys,
    scan::{values::SEPARATORS, webhooks},
};

/// Classes of characters that occur in a text.
#[derive(Clone, Copy)]
pub(crate) struct Marks {
    /// All classes that occur, as bits.
    all: u8,
    /// Blocks with punctuation: the lowest bit stands for the first block, the highest for all blocks after the 63rd.
    punctuated: u64,
}

impl Marks {
    /// Reads sixteen bytes at a time. The last block is padded with `_`, which belongs to no class.
    pub(crate) fn of(text: &[u8]) -> Self {
        let (blocks, rest) = text.as_chunks::<BLOCK>();
        let mut last = [b'_'; BLOCK];
        last[..rest.len()].copy_from_slice(rest);
        let mut marks = Self { all: 0, punctuated: 0 };
        let mut bit = 1;
        for block in blocks {
            marks.add(block, bit);
            bit = if bit == 1 << 63 { bit } else { bit << 1 };
        }
        marks.add(&last, bit);
        marks
    }

    fn add(&mut self, block: &[u8; BLOCK], bit: u64) {
        let marks = marks_in(block);
        self.all |= marks;
        if marks & PUNCTUATION != 0 {
            self.punctuated |= bit;
        }
    }

    fn has(self, mark: u8) -> bool {
        self.all & mark != 0
    }

    pub(crate) fn has_digits(self) -> bool {
        self.has(DIGIT)
    }

    /// Returns `true` for a text that is ASCII without control characters, quotation marks (`"`) and backslashes.
    pub(crate) fn is_printable(self) -> bool {
        !self.has(ODD)
    }

    /// Returns `true` if `text`, which these marks must be made of, is harmless. May return `false` for a harmless
    /// text; never returns `true` for one with a secret, except for secrets recognised only by their digits.
    pub(crate) fn is_harmless(self, text: &[u8], keys: &SecretKeys) -> bool {
        !(self.may_hold_a_pair(text, keys)
            || self.has(LETTER) && may_hold_a_word(text)
            || self.has(DIGIT) && may_hold_a_card(text)
            || self.has(DASH) && may_hold_an_option(text)
            || self.has(ODD) && may_hold_a_quotation(text, keys))
    }

    /// Looks for characters of addresses and queries, and for `key: value`, `key=value` and `<key>value` with a secret
    /// key.
    fn may_hold_a_pair(self, text: &[u8], keys: &SecretKeys) -> bool {
        let mut left = self.punctuated;
        while left != 0 {
            let block = left.trailing_zeros() as usize;
            let begin = block * BLOCK;
            let end = if block == 63 { text.len() } else { text.len().min(begin + BLOCK) };
            for at in begin..end {
                let holds = match text[at] {
                    b'@' | b'?' => true,
                    b':' if text[at + 1..].starts_with(b"//") && webhooks::may_begin(&text[at + 3..]) => true,
                    b':' | b'=' | b'>' => has_secret_key(&text[..at], keys),
                    _ => false,
                };
                if holds {
                    return true;
                }
            }
            left &= left - 1;
        }
        false
    }
}

/// Not inlined: inside the caller's loop, the compiler does not vectorise it.
#[inline(never)]
fn marks_in(block: &[u8; BLOCK]) -> u8 {
    let is = |mark: u8, it: bool| if it { mark } else { 0 };
    block.iter().fold(0, |marks, byte| {
        let byte = *byte;
        marks
            | is(ODD, !(b' '..=b'~').contains(&byte) | (byte == b'"') | (byte == b'\\'))
            | is(PUNCTUATION, (byte == b':') | (byte | 3 == b'?') | (byte == b'@'))
            | is(DASH, byte | 8 == b'-')
            | is(LETTER, (byte | 0x20 == b'b') | (byte == b'J'))
            | is(DIGIT, byte.is_ascii_digit())
    })
}

/// Returns `true` if the last word of `text` is a secret key, or may be one.
fn has_secret_key(text: &[u8], keys: &SecretKeys) -> bool {
    key_before(text).is_none_or(|key| keys.include(key))
}

/// Returns the last word of `text`, which spaces and quotation marks may follow. Returns `None` if the word begins more
/// than [`FAR`] bytes before the end.
fn key_before(text: &[u8]) -> Option<&[u8]> {
    let first = text.len().saturating_sub(FAR);
    let mut end = text.len();
    while end > first && is_separator(text[end - 1]) {
        end -= 1;
    }
    let mut begin = end;
    while begin > first && !is_separator(text[begin - 1]) {
        begin -= 1;
    }
    (begin > first || first == 0).then(|| &text[begin..end])
}

fn is_separator(byte: u8) -> bool {
    IS_SEPARATOR[usize::from(byte)]
}

/// The scanner's separators and white space. Bytes that are not ASCII may be part of a word.
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

/// Looks for the words `bearer` and `basic`, and for the prefixes of a web token and of a key in PEM form.
fn may_hold_a_word(text: &[u8]) -> bool {
    (0..text.len()).any(|at| ((text[at] | 0x20 == b'b') | (text[at] == b'y')) && is_word(&text[at..]))
}

fn is_word(text: &[u8]) -> bool {
    let is_scheme = |scheme: &[u8]| text.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme));
    is_scheme(b"bearer") || is_scheme(b"basic") || text.starts_with(b"yJ") || text.starts_with(b"BEGIN ")
}

/// Looks for `--option`, and for percent-encoding such as `%3D`.
fn may_hold_an_option(text: &[u8]) -> bool {
    let pairs = text.iter().zip(text.get(1..).unwrap_or_default());
    pairs.fold(false, |holds, (one, next)| holds | ((*one == b'-') & (*next == b'-')) | (*one == b'%'))
}

/// Looks for backslashes, because an escape can hide any character, and for `"key", "value"`.
fn may_hold_a_quotation(text: &[u8], keys: &SecretKeys) -> bool {
    let is_key = |at: usize| {
        text[at] == b',' && text[..at].trim_ascii_end().ends_with(b"\"") && has_secret_key(&text[..at], keys)
    };
    (0..text.len()).any(|at| text[at] == b'\\' || is_key(at))
}

/// Looks for a run of digits, spaces and hyphens with as many digits as the shortest card number. It reads every
/// twelfth byte only, because a run of at least 13 bytes contains one of those.
fn may_hold_a_card(text: &[u8]) -> bool {
    let mut at = if text.len() < CARD { text.len() } else { 0 };
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
    matches!(byte, b'0'..=b'9' | b' ' | b'\t' | b'-' | 0x80..)
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

/// Number of digits of the shortest card number.
const CARD: usize = 13;
const BLOCK: usize = 16;
/// Maximum distance between a `:` or `=` and the start of its key, in bytes. It keeps the time linear.
const FAR: usize = 256;

const ODD: u8 = 1;
/// `:`, `=` and `>` between a key and its value, `@` of addresses and `?` of queries. The bit test also matches `<`.
const PUNCTUATION: u8 = 2;
/// Letters of which `bearer`, `basic`, and the prefixes of web tokens and PEM keys contain at least one.
const LETTER: u8 = 4;
const DIGIT: u8 = 8;
/// `-` of options. The bit test also matches `%` of percent-encoding.
const DASH: u8 = 16;
