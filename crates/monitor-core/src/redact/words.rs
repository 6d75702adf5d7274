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

pub(super) fn is_web_token(word: &str) -> bool {
    word.starts_with("eyJ") && word.split('.').count() == 3
}

/// Returns where the card number that begins at `at` ends: 13 to 19 digits, single spaces or hyphens between them.
pub(super) fn card_at(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    if at > 0 && bytes[at - 1].is_ascii_alphanumeric() {
        return None;
    }
    let mut digits = Vec::with_capacity(19);
    let mut end = at;
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'0'..=b'9' if digits.len() < 19 => digits.push(byte - b'0'),
            b' ' | b'-' if bytes.get(end + 1).is_some_and(u8::is_ascii_digit) && !digits.is_empty() => {}
            _ => break,
        }
        end += 1;
    }
    let whole = !bytes.get(end).is_some_and(u8::is_ascii_alphanumeric);
    (whole && digits.len() >= 13 && check_digit_is_right(&digits)).then_some(end)
}

fn check_digit_is_right(digits: &[u8]) -> bool {
    let sum: u32 = digits.iter().rev().enumerate().map(|(place, digit)| luhn(place, u32::from(*digit))).sum();
    sum.is_multiple_of(10) && digits.iter().any(|digit| *digit != 0)
}

fn luhn(place: usize, digit: u32) -> u32 {
    match (place % 2, digit) {
        (0, digit) => digit,
        (_, digit) if digit > 4 => digit * 2 - 9,
        (_, digit) => digit * 2,
    }
}

pub(super) const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
