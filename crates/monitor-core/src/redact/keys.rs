//! Which keys sound like those of secrets.

use super::Redaction;

impl Redaction {
    pub(super) fn is_secret(&self, key: &[u8]) -> bool {
        if key.len() < self.shortest_key {
            return false;
        }
        if SECRET_WORDS.iter().any(|word| is_a_word_of(key, word)) {
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
        SECRET_KEYS.into_iter().any(holds) || self.secret_keys.iter().any(|part| holds(part))
    }
}

/// Returns whether `word` is one of the words of `key`, which other characters and capitals divide.
fn is_a_word_of(key: &[u8], word: &str) -> bool {
    key.windows(word.len()).enumerate().any(|(at, part)| {
        let (before, after) = (at.checked_sub(1).map(|at| key[at]), key.get(at + word.len()));
        let begins = before.is_none_or(|byte| !byte.is_ascii_alphabetic()) || part[0].is_ascii_uppercase();
        let ends = after.is_none_or(|byte| !byte.is_ascii_lowercase());
        part.eq_ignore_ascii_case(word.as_bytes()) && begins && ends
    })
}

/// No key that is shorter sounds like one.
pub(super) const SHORTEST_KEY: usize = "pwd".len();

/// Words of keys whose values are secrets. As parts of other words they mean nothing: `author`, `inside`.
const SECRET_WORDS: [&str; 3] = ["auth", "sid", "pass"];

/// How many letters of a key are looked at without an allocation.
const SHORT: usize = 64;

/// Parts of keys whose values are secrets, as letters only: `API-Key` and `api_key` are both `apikey`.
const SECRET_KEYS: [&str; 17] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "apikey",
    "accesskey",
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
