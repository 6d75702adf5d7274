//! Words that are secrets by themselves, without a key.

use crate::found::FILTERED;

pub(super) fn is_scheme(word: &str) -> bool {
    word.eq_ignore_ascii_case("bearer") || word.eq_ignore_ascii_case("basic")
}

/// Returns `true` if the word ends with an authentication scheme, so that credentials come next: `Bearer`,
/// `/fail/Bearer`.
pub(super) fn ends_with_scheme(word: &str) -> bool {
    word.rsplit(['/', ':', '=', '&', '?']).next().is_some_and(is_scheme)
}

/// Returns `true` for an e-mail address. A mask is not a local part.
pub(super) fn is_email(word: &str) -> bool {
    word.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !local.ends_with(FILTERED) && domain.trim_end_matches(END_OF_SENTENCE).contains('.')
    })
}

/// Returns `true` for `user:password`, as written before the `@` of a host.
pub(super) fn is_user_and_password(word: &str) -> bool {
    let is_pair = |(user, password): (&str, &str)| !user.is_empty() && !password.is_empty();
    !word.ends_with(FILTERED) && word.split_once(':').is_some_and(is_pair)
}

/// Returns the end of the private key in PEM form that begins at `at` (RFC 7468), or the end of the text if the key has
/// no end.
pub(super) fn private_key_at(text: &str, at: usize) -> Option<usize> {
    let rest = text[at..].strip_prefix(BEGIN)?;
    let (label, _) = rest.split_once("-----")?;
    if !label.ends_with("PRIVATE KEY") || label.contains('\n') {
        return None;
    }
    let end = rest.find(END).map(|end| end + END.len()).and_then(|end| Some(end + rest[end..].find("-----")? + 5));
    Some(end.map_or(text.len(), |end| at + BEGIN.len() + end))
}

/// Returns the start of a JSON web token in `word`. The token extends to the end of the word. A truncated token lacks
/// the second dot, but is recognised by its length.
pub(super) fn web_token_in(word: &str) -> Option<usize> {
    let second_last_dot = word.rmatch_indices('.').nth(1).map_or(0, |(at, _)| at);
    word.match_indices("eyJ").map(|(begin, _)| begin).find(|begin| {
        let is_begin = !word[..*begin].ends_with(|c: char| c.is_ascii_alphanumeric());
        is_begin && (*begin < second_last_dot || word.len() - begin >= LONG)
    })
}

/// Returns `true` if `word` may be a type name, as `Debug` writes it before a value.
pub(super) fn is_type(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_uppercase()) && word.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Returns `true` if `word` looks like prose: `expected`, `Missing`.
pub(super) fn is_prose(word: &str) -> bool {
    let word = word.trim_end_matches(END_OF_SENTENCE);
    let is_short = (2..LONG).contains(&word.len());
    let mut letters = word.bytes();
    is_short
        && letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|byte| byte.is_ascii_lowercase())
}

pub(super) const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
pub(super) const END_OF_SENTENCE: [char; 4] = ['.', '!', '?', ':'];
/// Words of prose are shorter than this, in bytes; headers of web tokens are not.
const LONG: usize = 16;
