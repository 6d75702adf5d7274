//! What a word is that is a secret by itself.

pub(super) fn is_scheme(word: &str) -> bool {
    word.eq_ignore_ascii_case("bearer") || word.eq_ignore_ascii_case("basic")
}

pub(super) fn is_email(word: &str) -> bool {
    word.split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && domain.trim_end_matches(['.', '!', '?', ':']).contains('.'))
}

/// `user:password`, as it stands in front of the `@` of a host.
pub(super) fn is_user_and_password(word: &str) -> bool {
    word.split_once(':').is_some_and(|(user, password)| !user.is_empty() && !password.is_empty())
}

/// Returns where the private key in PEM form ends that begins at `at` (RFC 7468), with the text where it does not.
pub(super) fn private_key_at(text: &str, at: usize) -> Option<usize> {
    let rest = text[at..].strip_prefix(BEGIN)?;
    let (label, _) = rest.split_once("-----")?;
    if !label.ends_with("PRIVATE KEY") || label.contains('\n') {
        return None;
    }
    let end = rest.find(END).map(|end| end + END.len()).and_then(|end| Some(end + rest[end..].find("-----")? + 5));
    Some(end.map_or(text.len(), |end| at + BEGIN.len() + end))
}

/// Returns where in a word a JSON web token begins, which goes on to its end.
pub(super) fn web_token_in(word: &str) -> Option<usize> {
    let begin = word.find("eyJ")?;
    let is_begin = !word[..begin].ends_with(|c: char| c.is_ascii_alphanumeric());
    (is_begin && word[begin..].split('.').count() >= 3).then_some(begin)
}

pub(super) const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
