//! The list in a `tracestate` header (section 3.3 of the Recommendation).

use std::sync::Arc;

/// Returns the members of all values in order, or `None` if there are none or one is not valid.
pub(super) fn read<'a>(values: impl IntoIterator<Item = &'a str>) -> Option<Arc<str>> {
    let mut members: Vec<(&str, &str)> = Vec::new();
    let mut count = 0;
    for member in values.into_iter().flat_map(|value| value.split(',')).map(|member| member.trim_matches([' ', '\t'])) {
        // The Recommendation allows empty members.
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

/// Removes members until the list has at most [`MAX_LIST_BYTES`] bytes.
fn shorten(members: &mut Vec<(&str, &str)>) {
    let length = |members: &[(&str, &str)]| members.iter().map(|(_, member)| member.len() + 1).sum::<usize>();
    if length(members) > MAX_LIST_BYTES + 1 {
        members.retain(|(_, member)| member.len() <= LONG);
    }
    while length(members) > MAX_LIST_BYTES + 1 {
        members.pop();
    }
}

/// Returns `true` for a key of Level 2: `( lcalpha / DIGIT ) 0*255( keychar )`. Level 1 keys are included: their `@` is
/// an allowed character.
fn is_key(key: &str) -> bool {
    let is_alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_sign = |byte: u8| matches!(byte, b'_' | b'-' | b'*' | b'/' | b'@');
    key.len() <= MAX_KEY_BYTES
        && key.bytes().next().is_some_and(is_alphanumeric)
        && key.bytes().all(|byte| is_alphanumeric(byte) || is_sign(byte))
}

/// Returns `true` for a valid value. The caller has trimmed blanks, so the last character is not one.
fn is_value(value: &str) -> bool {
    (1..=256).contains(&value.len()) && value.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'=')
}

/// Maximum number of members.
const MOST: usize = 32;
/// Maximum length of a key, in bytes.
const MAX_KEY_BYTES: usize = 256;
/// Maximum length of a list that is sent on, in bytes.
const MAX_LIST_BYTES: usize = 512;
/// Members longer than this, in bytes, are removed first.
const LONG: usize = 128;
