//! The scanner for secrets that follow a key, and for words that are secrets by themselves.
//!
//! It reads a text word by word, and looks ahead a bounded number of bytes only, so its time is linear.

mod classify;
mod markup;
pub(crate) mod values;
pub(crate) mod webhooks;

use self::{
    classify::{
        BEGIN, END_OF_SENTENCE, ends_with_scheme, is_email, is_prose, is_scheme, is_type, is_user_and_password,
        private_key_at, web_token_in,
    },
    values::{
        Expected, connection_value_end, is_before_a_value, quote_before, quote_end, structure_end, value_end, within,
        word_at,
    },
};
use crate::{
    found::{FILTERED, Found},
    redaction::Redaction,
};

pub(crate) fn find(text: &str, policy: &Redaction, found: &mut Found) {
    let mut scan = Scan { text, policy, found, at: 0, expected: Expected::Nothing, previous: "", line_end: 0 };
    while scan.at < text.len() {
        match word_at(text, scan.at) {
            "" => scan.separator(),
            word => scan.word(word),
        }
    }
}

struct Scan<'a> {
    text: &'a str,
    policy: &'a Redaction,
    found: &'a mut Found,
    at: usize,
    /// The kind of secret expected next.
    expected: Expected,
    previous: &'a str,
    /// End of the last value that extended to the end of its line.
    line_end: usize,
}

impl<'a> Scan<'a> {
    fn separator(&mut self) {
        let (at, separator) = (self.at, self.text[self.at..].chars().next().unwrap_or_default());
        self.at += separator.len_utf8();
        if separator == '<'
            && let Some((begin, end)) = markup::secret_content(self.text, at, &self.policy.secret_keys)
        {
            self.at = begin;
            self.mask_to(end);
        } else if self.expected != Expected::Nothing && matches!(separator, '[' | '{' | '<') {
            // A bracketed value is masked as a whole.
            let end = structure_end(self.text, self.at, separator);
            self.mask_to(end);
        } else if !is_before_a_value(separator) {
            self.expected = Expected::Nothing;
        }
    }

    fn word(&mut self, word: &'a str) {
        let key = word.find(BEGIN.trim_end()).map(|key| self.at + key);
        if let Some((begin, end)) = key.and_then(|key| Some((key, private_key_at(self.text, key)?))) {
            self.at = begin;
            self.previous = "";
            return self.mask_to(end);
        }
        match self.expected {
            Expected::Nothing => self.key_or_secret(word),
            // An escaped quotation mark begins the value. The scan of the decoded text masks it with its proper end.
            _ if word.trim_start_matches('\\').is_empty() => {
                (self.at, self.expected) = (self.at + word.len(), Expected::Nothing);
            }
            expected if self.is_wrapper(word, expected) => self.at += word.len(),
            Expected::Code if quote_before(self.text, self.at).is_none() && is_prose(word) => self.key_or_secret(word),
            expected => {
                self.value(self.at, expected);
                // The word may contain another key, with its value in the next word: `bearer password: abc`.
                self.expected = Expected::Nothing;
                self.key_or_secret(word);
            }
        }
        self.previous = word;
    }

    /// Masks the value that begins at `at`.
    fn value(&mut self, at: usize, expected: Expected) {
        if expected != Expected::Line {
            self.found.mask(at..value_end(self.text, at, expected));
        } else if at >= self.line_end {
            // Each line is read once, however many keys it contains.
            self.line_end = value_end(self.text, at, expected);
            self.found.mask(at..self.line_end);
        }
    }

    /// Returns `true` if the value follows `word`: `Bearer abc`, `Some("abc")`, `Password { inner: "abc" }`.
    fn is_wrapper(&self, word: &str, expected: Expected) -> bool {
        let rest = &self.text[self.at + word.len()..];
        let is_opened = rest.starts_with(['(', '{']) || rest.starts_with(" {");
        is_opened && is_type(word) || is_scheme(word) && expected != Expected::Line
    }

    fn key_or_secret(&mut self, word: &'a str) {
        let end = self.at + word.len();
        // `key =value`, `key => value`.
        let lead = word.len() - word.trim_start_matches(['=', ':']).len();
        if lead > 0 && self.is_secret(self.previous) {
            let is_arrow = lead == word.len() && self.text[end..].starts_with('>');
            self.at = if is_arrow { end + 1 } else { self.at + lead };
            self.expected = self.behind(self.previous, &word[..lead]);
        } else if let Some(value) = self.value_apart(word) {
            (self.at, self.expected) = (value, self.behind(word, ":"));
        } else {
            (self.at, self.expected) = (end, self.whole(word));
        }
    }

    /// Returns the start of a value that white space or a comma separates from its key: `--password abc`,
    /// `"--password", "abc"`, `("x-api-key", "abc")`, `["x-api-key", "abc"]`.
    fn value_apart(&self, word: &str) -> Option<usize> {
        let is_option = word.starts_with("--") && !word.starts_with("--no-");
        let quote = quote_before(self.text, self.at);
        if !(is_option || quote.is_some()) || word.contains(['=', ':']) || !self.is_secret(word) {
            return None;
        }
        let end = self.at + word.len();
        let Some(quote) = quote else { return self.text[end..].starts_with(char::is_whitespace).then_some(end) };
        let rest = within(self.text, end).strip_prefix(quote)?.trim_ascii_start().strip_prefix(',')?.trim_ascii_start();
        let value = rest.strip_prefix(quote)?;
        let is_pair = match self.text[..self.at - 1].chars().next_back() {
            _ if quote != '"' => false,
            Some('(') => true,
            // In a list of more than two elements, the name is one among others.
            Some('[') => {
                quote_end(value, quote).is_some_and(|end| value[end + 1..].trim_ascii_start().starts_with(']'))
            }
            _ => false,
        };
        let length = within(self.text, end).len() - value.len();
        (is_option || is_pair).then_some(end + length)
    }

    /// Masks the secrets in a word. Returns the kind of secret expected in the next word.
    fn whole(&mut self, word: &'a str) -> Expected {
        let (address, query) = split_query(word);
        let authority = match address.find("://") {
            Some(scheme) => self.url(word, address, scheme + 3),
            None => self.credentials(self.at, address),
        };
        let mut expected = self.fragments(self.at, address, authority);
        if let Some(query) = query {
            let at = self.at + query;
            self.found.mask(at..self.at + word.len());
            // The last value of a query may continue in the next word.
            expected = self.fragments(at, &word[query..], 0);
        }
        if expected == Expected::Nothing && ends_with_scheme(word) { Expected::Word } else { expected }
    }

    /// Masks user and password of a URL, and the path of a webhook. Returns the start of the host, or 0 if the URL has
    /// no user.
    fn url(&mut self, word: &str, address: &str, begin: usize) -> usize {
        let at = self.at + begin;
        if let Some(secret) = webhooks::secret_path(&address[begin..]) {
            self.found.mask(at + secret.start..at + secret.end);
        }
        // A password may contain `?` and `/`.
        let searched = if address[begin..].contains('/') { address } else { word };
        let Some(length) = searched[begin..].rfind('@') else { return 0 };
        if !searched[begin..begin + length].ends_with(FILTERED) {
            self.found.mask(at..at + length);
        }
        begin + length
    }

    /// Masks `user:password` before a host, or the whole word if it is an e-mail address. Returns the start of the
    /// host, or 0.
    fn credentials(&mut self, at: usize, word: &str) -> usize {
        let Some(length) = word.find('@').filter(|at| is_user_and_password(&word[..*at])) else { return 0 };
        let core = word.trim_end_matches(END_OF_SENTENCE);
        let is_email = is_email(word) && !core[length..].contains([':', '/']);
        self.found.mask(at..at + if is_email { core.len() } else { length });
        if is_email { word.len() } else { length }
    }

    /// Masks the secrets in each part of a word that is split at `&`. Before `host`, it looks for pairs only.
    fn fragments(&mut self, at: usize, word: &'a str, host: usize) -> Expected {
        let (mut begin, mut expected) = (0, Expected::Nothing);
        for fragment in word.split('&') {
            let end = begin + fragment.len();
            let bare = begin.max(host).min(end);
            expected = self.pairs(at + begin, fragment).unwrap_or_else(|| self.bare(at + bare, &word[bare..end]));
            begin = end + 1;
        }
        expected
    }

    /// Masks the values of pairs, as in `a=1`, `config:password:b`. Returns `None` if no key names a secret.
    fn pairs(&mut self, at: usize, fragment: &'a str) -> Option<Expected> {
        let end = at + fragment.len();
        let mut key = 0;
        while let Some(split) = fragment[key..].find(['=', ':']).map(|found| key + found) {
            let (name, value) = (&fragment[key..split], split + 1);
            if !self.is_secret(name) {
                key = value;
                continue;
            }
            let expected = self.behind(name, &fragment[split..value]);
            if value == fragment.len() {
                // The value is in the next word: `key: value`.
                return Some(expected);
            }
            if expected == Expected::Line {
                self.value(at + value, expected);
            } else if is_scheme(&fragment[value..]) {
                // The credentials follow the scheme: `token=Bearer abc`.
                return Some(Expected::Word);
            } else {
                // Connection strings use `=` only.
                let connection = fragment[split..].starts_with('=').then_some(at + key);
                let after = connection.and_then(|key| connection_value_end(self.text, key, at + value));
                self.found.mask(at + value..after.unwrap_or(end).max(end));
            }
            return Some(Expected::Nothing);
        }
        None
    }

    /// Masks a secret that has no key.
    fn bare(&mut self, at: usize, word: &str) -> Expected {
        let core = word.trim_end_matches(END_OF_SENTENCE);
        if let Some(begin) = web_token_in(core) {
            self.found.mask(at + begin..at + core.len());
        } else if is_email(word) && !self.policy.shows_personal {
            self.found.mask(at..at + core.len());
        }
        Expected::Nothing
    }

    /// Returns the kind of secret expected after a secret key and the given divider.
    fn behind(&self, key: &str, divider: &str) -> Expected {
        let lower = key.to_ascii_lowercase();
        if lower.ends_with("authorization") || lower.ends_with("cookie") {
            Expected::Line
        } else if divider == ":" && self.policy.secret_keys.are_made_by_programs(key) {
            Expected::Code
        } else {
            Expected::Word
        }
    }

    fn is_secret(&self, key: &str) -> bool {
        self.policy.secret_keys.include(key.as_bytes())
    }

    /// Masks everything up to `end`, and continues there.
    fn mask_to(&mut self, end: usize) {
        self.found.mask(self.at..end);
        (self.at, self.expected) = (end, Expected::Nothing);
    }
}

/// Returns the part of a URL before its query, and the start of the query. All values of a query are masked, because
/// only the service knows which of them are secrets.
fn split_query(word: &str) -> (&str, Option<usize>) {
    let query = word.find('?').filter(|query| word.contains('/') && query + 1 < word.len());
    query.map_or((word, None), |query| (&word[..query], Some(query + 1)))
}
