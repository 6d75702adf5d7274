//! XML elements with names that are keys of secrets.

use super::values::within;
use crate::keys::SecretKeys;

/// Returns start and end of the content of the element that begins at `at`, if the content is a secret.
pub(super) fn secret_content(text: &str, at: usize, keys: &SecretKeys) -> Option<(usize, usize)> {
    let tag = within(text, at + 1);
    let name = &tag[..tag.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/' | '<'))?];
    if !keys.include(name.as_bytes()) {
        return None;
    }
    let attributes = &tag[name.len()..tag.find('>')?];
    let begin = at + 1 + name.len() + attributes.len() + 1;
    let content = &text[begin..];
    let closes = |at: usize| content[at..].strip_prefix("</").is_some_and(|rest| rest.starts_with(name));
    let near = within(text, begin).match_indices("</").map(|(at, _)| at).find(|at| closes(*at));
    let word = || content.find(|c: char| c.is_whitespace() || c == '<').unwrap_or(content.len());
    let length = match near {
        Some(length) => length,
        // Without a closing tag nearby, `<token>` may be a placeholder in a usage text, and `Option<Token>` is a type.
        None if content.starts_with(|c: char| c.is_ascii_alphanumeric()) => {
            Some(word()).filter(|end| attributes.is_empty() || closes(*end))?
        }
        None => return None,
    };
    (!attributes.ends_with('/')).then_some((begin, begin + length))
}
