//! Keys whose values are secrets.

use super::Redaction;

impl Redaction {
    pub(super) fn is_secret(&self, key: &[u8]) -> bool {
        if key.len() < self.shortest_key {
            return false;
        }
        if has_secret_word(key) {
            return true;
        }
        let letters = key.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase);
        let (mut short, mut length) = ([0; SHORT], 0);
        for letter in letters.clone() {
            if length == SHORT {
                return self.is_secret_word(&letters.collect::<Vec<_>>());
            }
            short[length] = letter;
            length += 1;
        }
        self.is_secret_word(&short[..length])
    }

    /// `word` is in lower case, and of letters and digits only.
    fn is_secret_word(&self, word: &[u8]) -> bool {
        let holds = |part: &str| part.is_empty() || word.windows(part.len()).any(|at| at == part.as_bytes());
        let begins = |at: usize| SECRET_KEYS.iter().any(|part| word[at..].starts_with(part.as_bytes()));
        (0..word.len()).any(|at| may_begin(KEY_LETTERS, word[at]) && begins(at))
            || self.secret_keys.iter().any(|part| holds(part))
    }

    /// Returns whether the secrets of this key are made by programs, and so are never a single word of prose. May return
    /// `false` for such a key.
    pub(super) fn is_made_by_programs(&self, key: &str) -> bool {
        let key = key.to_ascii_lowercase();
        let is_chosen = CHOSEN_BY_PEOPLE.iter().any(|part| key.contains(part));
        !is_chosen && self.secret_keys.is_empty()
    }
}

/// Returns whether one of the words of `key` is secret. Other characters and capitals divide words.
fn has_secret_word(key: &[u8]) -> bool {
    (0..key.len())
        .any(|at| may_begin(WORD_LETTERS, key[at] | 0x20) && is_border(key, at) && begins_secret_word(key, at))
}

fn begins_secret_word(key: &[u8], at: usize) -> bool {
    SECRET_WORDS.iter().any(|word| {
        let end = at + word.len();
        key.get(at..end).is_some_and(|part| part.eq_ignore_ascii_case(word.as_bytes())) && is_border(key, end)
    })
}

/// Returns whether a word of `key` begins or ends at `at`: `x|Auth`, `OTP|Code`, `auth|_|key`, and not `AUTHOR`.
fn is_border(key: &[u8], at: usize) -> bool {
    let (Some(before), Some(after)) = (at.checked_sub(1).map(|at| key[at]), key.get(at)) else { return true };
    if !before.is_ascii_alphabetic() || !after.is_ascii_alphabetic() {
        return true;
    }
    let begins_a_name = || key.get(at + 1).is_some_and(u8::is_ascii_lowercase);
    after.is_ascii_uppercase() && (before.is_ascii_lowercase() || begins_a_name())
}

/// Spares most letters the comparisons.
fn may_begin(letters: u32, byte: u8) -> bool {
    byte.is_ascii_lowercase() && letters >> (byte - b'a') & 1 == 1
}

/// A set bit for each letter that one of `words` begins with.
const fn first_letters(words: &[&str]) -> u32 {
    let (mut letters, mut at) = (0, 0);
    while at < words.len() {
        letters |= 1 << (words[at].as_bytes()[0] - b'a');
        at += 1;
    }
    letters
}

/// No shorter key is secret.
pub(super) const SHORTEST_KEY: usize = "pwd".len();

/// How many letters of a key are compared without an allocation.
const SHORT: usize = 64;

/// Words of keys whose values are secrets. As parts of other words they mean nothing: `author`, `inside`, `opinion`.
const SECRET_WORDS: [&str; 11] = ["auth", "sid", "pass", "otp", "pin", "cvv", "cvc", "jwt", "saml", "sso", "identity"];
const WORD_LETTERS: u32 = first_letters(&SECRET_WORDS);

/// Parts of keys whose values are secrets, as letters only: `API-Key` and `api_key` are both `apikey`.
const SECRET_KEYS: [&str; 21] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "apikey",
    "accesskey",
    "accountkey",
    "sharedkey",
    "signingkey",
    "encryptionkey",
    "privatekey",
    "token",
    "authorization",
    "credential",
    "cookie",
    "session",
    "sessid",
    "csrf",
    "xsrf",
    "signature",
];
const KEY_LETTERS: u32 = first_letters(&SECRET_KEYS);

/// Parts of keys whose values people choose, which may be a word like any other.
const CHOSEN_BY_PEOPLE: [&str; 7] = ["pass", "pwd", "secret", "pin", "otp", "cvv", "cvc"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_secret_by_its_words_however_they_are_written() {
        let is_secret = |key: &str| Redaction::new().is_secret(key.as_bytes());
        for key in ["auth", "xAuth", "x-auth", "OAuth", "SID", "connect.sid", "OTPCode", "otp", "userPin", "card_cvv"] {
            assert!(is_secret(key), "{key}");
        }
        for key in ["jwt", "JWTBearer", "saml_response", "sso", "x-identity", "AccountKey", "API-Key", "idToken"] {
            assert!(is_secret(key), "{key}");
        }
        for key in ["author", "AUTHOR", "INSIDE", "PASSENGER", "opinion", "PINNED", "spin", "adoption", "Identityless"]
        {
            assert!(!is_secret(key), "{key}");
        }
    }
}
