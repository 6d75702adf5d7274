//! One quick look at a text, which spares most texts the scanner.

use super::text::SEPARATORS;

/// What a glance tells of a text.
#[derive(Clone, Copy)]
pub(super) struct Glance {
    /// There is no secret in it. Where this is not said, there may be one.
    pub(super) is_harmless: bool,
    /// It is printable ASCII without a quotation mark or a backslash.
    pub(super) is_printable: bool,
}

/// What a byte may be part of.
#[derive(Clone, Copy)]
enum Class {
    Nothing,
    /// A card number.
    Digit,
    /// What stands between the digits of a card number.
    Joint,
    /// A key and its value.
    Split,
    /// `bearer` or `basic`.
    Scheme,
    /// `eyJ`, which a web token begins with.
    Token,
    /// An address, a query.
    Suspect,
    /// What is not shown as it is.
    Odd,
}

/// Looks at each byte once. Only what looks like a key is looked at twice.
pub(super) fn glance(text: &str, is_secret: &impl Fn(&str) -> bool) -> Glance {
    let bytes = text.as_bytes();
    let (mut is_harmless, mut is_printable, mut digits) = (true, true, 0);
    for (at, byte) in bytes.iter().enumerate() {
        match CLASSES[usize::from(*byte)] {
            Class::Nothing => digits = 0,
            Class::Digit => {
                digits += 1;
                is_harmless &= digits < CARD;
            }
            Class::Joint => {}
            Class::Split => {
                digits = 0;
                is_harmless &= !is_secret(key_before(&text[..at]));
            }
            Class::Scheme => {
                digits = 0;
                is_harmless &= !SCHEMES.iter().any(|scheme| ends_with(&bytes[..=at], scheme));
            }
            Class::Token => {
                digits = 0;
                is_harmless &= !bytes[..at].ends_with(b"ey");
            }
            Class::Suspect => is_harmless = false,
            Class::Odd => {
                digits = 0;
                is_printable = false;
            }
        }
    }
    Glance { is_harmless, is_printable }
}

/// Returns the last word of `text`, which may have spaces and quotation marks behind it.
fn key_before(text: &str) -> &str {
    let is_between = |c: char| c.is_whitespace() || SEPARATORS.contains(c);
    text.trim_end_matches(is_between).rsplit(is_between).next().unwrap_or_default()
}

fn ends_with(bytes: &[u8], word: &[u8]) -> bool {
    bytes.len().checked_sub(word.len()).is_some_and(|begin| bytes[begin..].eq_ignore_ascii_case(word))
}

static CLASSES: [Class; 256] = {
    let mut classes = [Class::Nothing; 256];
    let mut byte = 0;
    while byte < classes.len() {
        classes[byte] = match byte as u8 {
            b'0'..=b'9' => Class::Digit,
            b' ' | b'-' => Class::Joint,
            b':' | b'=' => Class::Split,
            b'r' | b'R' | b'c' | b'C' => Class::Scheme,
            b'J' => Class::Token,
            b'@' | b'?' => Class::Suspect,
            b'"' | b'\\' | 0..=0x1f | 0x7f..=0xff => Class::Odd,
            _ => Class::Nothing,
        };
        byte += 1;
    }
    classes
};

const SCHEMES: [&[u8]; 2] = [b"bearer", b"basic"];
/// How many digits the shortest card number has.
const CARD: u32 = 13;
