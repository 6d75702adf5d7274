//! The template of one word.

use super::{
    kinds::{is_bool, is_ip, kind_of, unit_of},
    put,
};

pub(super) fn write_word(written: &mut String, word: &str) {
    if word.bytes().all(|byte| byte.is_ascii_alphabetic()) && word != "localhost" && !is_bool(word) {
        return written.push_str(word);
    }
    // Tried before the punctuation is removed: an IPv6 network may end with colons.
    if is_ip(word) {
        return put(written, "<ip>");
    }
    let core = word.trim_end_matches(['.', ':', '!', '?', '…']);
    write_part(written, core, 0);
    written.push_str(&word[core.len()..]);
}

/// Writes the placeholder of `part` as a whole, or else the placeholders of its parts.
fn write_part(written: &mut String, part: &str, depth: usize) {
    if let Some(placeholder) = kind_of(part) {
        return put(written, placeholder);
    }
    let Some(separators) = SEPARATORS.get(depth) else { return write_mixed(written, part) };
    // Booleans are tried on whole words only: `true-positive` and `false-positive` are names.
    if is_bool(part) {
        return put(written, "<bool>");
    }
    if let Some(unit) = unit_of(part) {
        put(written, "<number>");
        return written.push_str(unit);
    }
    let mut rest = part;
    while let Some(at) = rest.find(*separators) {
        let separator = rest[at..].chars().next().unwrap_or_default();
        write_part(written, &rest[..at], depth + 1);
        written.push(separator);
        rest = &rest[at + separator.len_utf8()..];
    }
    write_part(written, rest, depth + 1);
}

/// Copies the placeholders of `part`, and writes the text between them. `part` is not a number.
fn write_mixed(written: &mut String, part: &str) {
    let mut rest = part;
    while let Some((before, behind)) = rest.split_once('<') {
        write_letters(written, before);
        let end = behind.find('>').map_or(behind.len(), |at| at + 1);
        written.push('<');
        written.push_str(&behind[..end]);
        rest = &behind[end..];
    }
    write_letters(written, rest);
}

/// Writes letters and digits that are not a number.
fn write_letters(written: &mut String, part: &str) {
    let is_digit = |c: char| c.is_ascii_digit();
    let switches = part.as_bytes().windows(2).filter(|two| two[0].is_ascii_digit() != two[1].is_ascii_digit()).count();
    let (name, letters) = (part.trim_end_matches(is_digit), part.trim_start_matches(is_digit));
    if switches > 1 {
        put(written, "<id>");
    } else if letters.len() < part.len() {
        put(written, "<number>");
        written.push_str(letters);
    } else if name.len() == part.len() || name.ends_with(|c: char| c.is_ascii_uppercase()) {
        written.push_str(part);
    } else {
        written.push_str(name);
        put(written, "<number>");
    }
}

const SEPARATORS: [&[char]; 3] =
    [&['='], &[':', '/', '#', '@', '&', '?', '%', '\'', '\\', '~', '*', '!'], &['.', '-', '_', '+']];
