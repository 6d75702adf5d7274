//! The list in `tracestate` (section 3.3 of the Recommendation).

use std::sync::Arc;

/// Returns the list of all values, in their order; `None` where it is empty or not valid.
pub(super) fn read<'a>(values: impl IntoIterator<Item = &'a str>) -> Option<Arc<str>> {
    let mut members: Vec<(&str, &str)> = Vec::new();
    let mut count = 0;
    for member in values.into_iter().flat_map(|value| value.split(',')).map(|member| member.trim_matches([' ', '\t'])) {
        if member.is_empty() {
            continue;
        }
        count += 1;
        let (key, value) = member.split_once('=')?;
        if count > MOST || !is_key(key) || !is_value(value) {
            return None;
        }
        if members.iter().all(|(other, _)| *other != key) {
            members.push((key, member));
        }
    }
    shorten(&mut members);
    let members: Vec<_> = members.into_iter().map(|(_, member)| member).collect();
    (!members.is_empty()).then(|| members.join(",").into())
}

fn shorten(members: &mut Vec<(&str, &str)>) {
    let length = |members: &[(&str, &str)]| members.iter().map(|(_, member)| member.len() + 1).sum::<usize>();
    if length(members) > LONGEST + 1 {
        members.retain(|(_, member)| member.len() <= LONG);
    }
    while length(members) > LONGEST + 1 {
        members.pop();
    }
}

fn is_key(key: &str) -> bool {
    match key.split_once('@') {
        None => is_word(key, 256) && begins_with_letter(key),
        Some((tenant, system)) => is_word(tenant, 241) && is_word(system, 14) && begins_with_letter(system),
    }
}

/// A letter or digit, and after it those and a few signs.
fn is_word(text: &str, longest: usize) -> bool {
    let is_alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_sign = |byte: u8| matches!(byte, b'_' | b'-' | b'*' | b'/');
    text.len() <= longest
        && text.bytes().next().is_some_and(is_alphanumeric)
        && text.bytes().all(|byte| is_alphanumeric(byte) || is_sign(byte))
}

fn begins_with_letter(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
}

/// Its end is no blank, for those were trimmed.
fn is_value(value: &str) -> bool {
    (1..=256).contains(&value.len()) && value.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'=')
}

/// How many members a list may have.
const MOST: usize = 32;
/// How long the list may be that is handed on.
const LONGEST: usize = 512;
/// Members longer than this are the first to go.
const LONG: usize = 128;
