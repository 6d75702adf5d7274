//! The scanner that masks secrets in a text.

use std::borrow::Cow;

use super::{
    FILTERED,
    glance::Marks,
    words::{BEGIN, is_email, is_scheme, is_user_and_password, private_key_at, web_token_in},
};

/// Returns `text` with its secrets masked, borrowed where there are none.
///
/// The text is read word by word. A word ends at white space, at a quote or bracket, or at one of `,;|<>`.
pub(super) fn mask(text: &str, is_secret: impl Fn(&str) -> bool, shows_personal: bool) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    if Marks::of(bytes).is_harmless(bytes, &|key| str::from_utf8(key).is_ok_and(&is_secret)) {
        return Cow::Borrowed(text);
    }
    scan(text, is_secret, shows_personal)
}

fn scan(text: &str, is_secret: impl Fn(&str) -> bool, shows_personal: bool) -> Cow<'_, str> {
    let mut masked = Masked { text, written: String::new(), upto: 0 };
    let (mut expected, mut previous) = (Expected::Nothing, "");
    let mut at = 0;
    while at < text.len() {
        let word = word_at(text, at);
        if word.is_empty() {
            let separator = text[at..].chars().next().unwrap_or_default();
            at += separator.len_utf8();
            if expected != Expected::Nothing && matches!(separator, '[' | '{' | '<') {
                // A whole structure is the value.
                let end = structure_end(text, at, separator);
                masked.replace(at, end);
                (at, expected) = (end, Expected::Nothing);
            } else if !is_before_a_value(separator) {
                expected = Expected::Nothing;
            }
            continue;
        }
        let end = at + word.len();
        let key = word.find(BEGIN.trim_end()).map(|key| at + key);
        if let Some((begin, end)) = key.and_then(|key| Some((key, private_key_at(text, key)?))) {
            masked.replace(begin, end);
            (at, previous) = (end, "");
            continue;
        }
        (at, expected) = match expected {
            // A scheme or a wrapper: `Bearer abc`, `Some("abc")`.
            Expected::Word if is_scheme(word) || text[end..].starts_with('(') => (end, expected),
            Expected::Word | Expected::Line => {
                let end = value_end(text, at, expected);
                masked.replace(at, end);
                (end, Expected::Nothing)
            }
            Expected::Nothing => {
                // `key =value`, `key => value`.
                let lead = if is_secret(previous) { word.len() - word.trim_start_matches(['=', ':']).len() } else { 0 };
                match lead {
                    0 => mask_word(&mut masked, at, word, &is_secret, shows_personal),
                    _ if at + lead == end && text[end..].starts_with('>') => {
                        (end + 1, Expected::after(previous, &is_secret))
                    }
                    _ => (at + lead, Expected::after(previous, &is_secret)),
                }
            }
        };
        previous = word;
    }
    masked.finish()
}

/// What is a secret of that which comes next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Expected {
    Nothing,
    /// The next word, or all that is quoted.
    Word,
    /// All up to the end of the line or of what is quoted, as in the headers for credentials and cookies.
    Line,
}

impl Expected {
    fn after(key: &str, is_secret: &impl Fn(&str) -> bool) -> Self {
        let lower = key.to_ascii_lowercase();
        match is_secret(key) {
            true if lower.ends_with("authorization") || lower.ends_with("cookie") => Self::Line,
            true => Self::Word,
            false => Self::Nothing,
        }
    }
}

/// Returns where the value that begins at `at` ends: where its quote closes, else with the line or the word.
fn value_end(text: &str, at: usize, expected: Expected) -> usize {
    let rest = &text[at..];
    let quote = text[..at].chars().next_back().filter(|c| QUOTES.contains(*c));
    let length = match (quote, expected) {
        (Some(quote), _) => quote_end(rest, quote),
        (None, Expected::Line) => rest.find(['\n', '"', '\'']),
        (None, _) => Some(word_at(text, at).len()),
    };
    at + length.unwrap_or(rest.len())
}

/// Returns where what is quoted ends. What follows a backslash is part of it.
fn quote_end(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let ends = !is_escaped && (c == quote || c == '\n');
        is_escaped = !is_escaped && c == '\\';
        ends.then_some(at)
    })
}

/// Returns where the bracket closes that was opened in front of `at`; with the text where it does not.
fn structure_end(text: &str, at: usize, open: char) -> usize {
    let close = match open {
        '[' => ']',
        '{' => '}',
        _ => '>',
    };
    let mut depth = 1;
    let end = text[at..].char_indices().find(|(_, c)| {
        depth += i32::from(*c == open) - i32::from(*c == close);
        depth == 0
    });
    end.map_or(text.len(), |(end, _)| at + end)
}

/// Whether a value may still come after it: `password = ("abc")`.
fn is_before_a_value(separator: char) -> bool {
    separator.is_whitespace() || QUOTES.contains(separator) || separator == '('
}

struct Masked<'a> {
    text: &'a str,
    written: String,
    upto: usize,
}

impl<'a> Masked<'a> {
    fn replace(&mut self, from: usize, to: usize) {
        self.written.push_str(&self.text[self.upto..from]);
        self.written.push_str(FILTERED);
        self.upto = to;
    }

    fn finish(mut self) -> Cow<'a, str> {
        if self.upto == 0 {
            return Cow::Borrowed(self.text);
        }
        self.written.push_str(&self.text[self.upto..]);
        Cow::Owned(self.written)
    }
}

/// Masks what one word holds. Returns where that ends, and what is a secret of that which comes next.
fn mask_word(
    masked: &mut Masked<'_>,
    at: usize,
    word: &str,
    is_secret: &impl Fn(&str) -> bool,
    shows_personal: bool,
) -> (usize, Expected) {
    let end = at + word.len();
    if is_scheme(word) {
        return (end, Expected::Word);
    }
    if let Some(begin) = word.find("://").map(|scheme| scheme + 3)
        && let Some(length) = word[begin..].rfind('@')
    {
        masked.replace(at + begin, at + begin + length);
        return (end, mask_query(masked, at + begin + length, &word[begin + length..], is_secret));
    }
    if !word.contains('?')
        && let Some(masked) = mask_pairs(masked, at, word, is_secret)
    {
        return masked;
    }
    let core = word.trim_end_matches(['.', '!', '?', ':']);
    if let Some(begin) = web_token_in(core) {
        masked.replace(at + begin, at + core.len());
        return (end, Expected::Nothing);
    }
    if let Some(length) = word.find('@').filter(|at| is_user_and_password(&word[..*at])) {
        let is_whole = is_email(word) && !core[length..].contains([':', '/']);
        masked.replace(at, at + if is_whole { core.len() } else { length });
        return (end, Expected::Nothing);
    }
    if is_email(word) && !shows_personal {
        masked.replace(at, at + core.len());
        return (end, Expected::Nothing);
    }
    (end, mask_query(masked, at, word, is_secret))
}

/// Masks the values of pairs in one word, as in `a=1&password=b` and `config:password:b`. `None` where none is a secret.
fn mask_pairs(
    masked: &mut Masked<'_>,
    at: usize,
    word: &str,
    is_secret: &impl Fn(&str) -> bool,
) -> Option<(usize, Expected)> {
    let (mut key, mut from, mut next) = (0, 0, None);
    while let Some(found) = word[from..].find(['=', ':', '&']) {
        let split = from + found;
        from = split + 1;
        let (name, value) = (&word[key..split], &word[from..]);
        key = from;
        if word[split..].starts_with('&') || !is_secret(name) {
            continue;
        }
        match Expected::after(name, is_secret) {
            expected if value.is_empty() => next = Some((at + word.len(), expected)),
            Expected::Line => {
                let end = value_end(masked.text, at + from, Expected::Line);
                masked.replace(at + from, end);
                return Some((end, Expected::Nothing));
            }
            _ if is_scheme(value) => return Some((at + word.len(), Expected::Word)),
            _ => {
                let length = value.find('&').unwrap_or(value.len());
                if length > 0 {
                    masked.replace(at + from, at + from + length);
                }
                from += length;
                key = from;
                next = Some((at + word.len(), Expected::Nothing));
            }
        }
    }
    next
}

/// Masks every value behind the `?` of a URL; which of them are secret, nobody here can know. Returns what is a secret of that
/// which comes next, where it breaks off in the middle of one.
fn mask_query(masked: &mut Masked<'_>, at: usize, word: &str, is_secret: &impl Fn(&str) -> bool) -> Expected {
    let looks_like_a_url = word.contains('/');
    if let Some(query) = word.find('?')
        && looks_like_a_url
        && query + 1 < word.len()
    {
        masked.replace(at + query + 1, at + word.len());
        return after_a_query(word, is_secret);
    }
    if let Some(split) = word.rfind('=')
        && split + 1 < word.len()
        && word[..split].rsplit(['?', '/', '=', ':']).next().is_some_and(is_secret)
    {
        masked.replace(at + split + 1, at + word.len());
    }
    Expected::Nothing
}

fn after_a_query(word: &str, is_secret: &impl Fn(&str) -> bool) -> Expected {
    let last = |word: &'_ str| word.rsplit(['?', '&', '=', ':']).next().unwrap_or_default().to_owned();
    match word.strip_suffix([':', '=']) {
        Some(before) => Expected::after(&last(before), is_secret),
        None if is_scheme(&last(word)) => Expected::Word,
        None => Expected::Nothing,
    }
}

fn word_at(text: &str, at: usize) -> &str {
    let rest = &text[at..];
    &rest[..rest.find(|c: char| c.is_whitespace() || SEPARATORS.contains(c)).unwrap_or(rest.len())]
}

const QUOTES: &str = "\"'`";
pub(super) const SEPARATORS: &str = "\"'`()[]{}<>,;|";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::Redaction, *};

    #[track_caller]
    fn masks(text: &str, expected: &str) {
        assert_eq!(Redaction::new().text(text), expected);
    }

    #[test]
    fn secrets_are_masked_and_the_rest_is_left() {
        masks("no such todo: 17", "no such todo: 17");
        masks("mail jo.doe@example.org now", "mail [Filtered] now");
        masks("sent to <jo@example.org>.", "sent to <[Filtered]>.");
        masks("Authorization: Bearer abc.def", "Authorization: [Filtered]");
        masks("Authorization: Token abc\nHost: a", "Authorization: [Filtered]\nHost: a");
        masks("Cookie: session=abc; theme=dark", "Cookie: [Filtered]");
        masks("{\"cookie\": \"a=b; c=d\", \"n\": 1}", "{\"cookie\": \"[Filtered]\", \"n\": 1}");
        masks("Login { password: Some(\"hunter2 x\"), n: 1 }", "Login { password: Some(\"[Filtered]\"), n: 1 }");
        masks("PASSWORD='a b c' next", "PASSWORD='[Filtered]' next");
        masks("{\"password\":\"x y\",\"n\":1}", "{\"password\":\"[Filtered]\",\"n\":1}");
        masks("authorization=Basic Zm9vOmJhcg==", "authorization=[Filtered]");
        masks("bearer abc", "bearer [Filtered]");
        masks("password=hunter2, user=jo", "password=[Filtered], user=jo");
        masks("password = hunter2", "password = [Filtered]");
        masks("a = b, token := c", "a = b, token := [Filtered]");
        masks("db password: hunter2", "db password: [Filtered]");
        masks("{\"api_key\": \"k-1\"}", "{\"api_key\": \"[Filtered]\"}");
        masks("postgres://app:pw@db/todo", "postgres://[Filtered]@db/todo");
        masks("GET /todos?page=2&token=x", "GET /todos?[Filtered]");
        masks("eyJhbGciOi.eyJzdWIi.c2ln", "[Filtered]");
        masks("dsn app:hunter2@tcp(db:3306)/todo", "dsn [Filtered]@tcp(db:3306)/todo");
        masks("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- x", "[Filtered] x");
        masks("key: -----BEGIN PRIVATE KEY-----\nMIIE", "key: [Filtered]");
        masks(
            "auth=abc, x-auth: abc, author=jo, connect.sid=s%3Aabc",
            "auth=[Filtered], x-auth: [Filtered], author=jo, connect.sid=[Filtered]",
        );
        masks("a=1&password=hunter2&b=2", "a=1&password=[Filtered]&b=2");
        masks(
            "grant_type=password&username=jo&password=hunter2",
            "grant_type=password&username=jo&password=[Filtered]",
        );
        masks("password =hunter2 and password => hunter2", "password =[Filtered] and password => [Filtered]");
        masks("config:password:hunter2", "config:password:[Filtered]");
        masks("tokens: [\"hunter2\", 'x'], n", "tokens: [[Filtered]], n");
        masks("{\"token\": {\"value\": \"hunter2\"}, \"n\": 1}", "{\"token\": {[Filtered]}, \"n\": 1}");
        masks("password=<hunter2> x", "password=<[Filtered]> x");
        masks("{\"password\":\"ab\\\"hunter2\"}", "{\"password\":\"[Filtered]\"}");
        masks("Authorization:Token hunter2\nHost: a", "Authorization:[Filtered]\nHost: a");
        masks("jwt=eyJhbGciOi.eyJzdWIi.c2ln.", "jwt=[Filtered].");
        masks("mailto:jo@example.org", "[Filtered]");
        masks("at src/main.rs:12:5", "at src/main.rs:12:5");
        masks("https://example.org/a/b", "https://example.org/a/b");
    }

    #[test]
    fn a_secret_is_masked_however_much_stands_before_it() {
        for secret in
            ["jo@example.org", "password=hunter2", "bearer abc", "eyJhbGciOi.eyJzdWIi.c2ln", "4111 1111 1111 1111"]
        {
            for before in [0, 1, 15, 16, 17, 1007, 1008, 1023, 1024, 1025, 5000] {
                let text = format!("{} {secret}", "x".repeat(before));
                assert!(Redaction::new().text(&text).ends_with(FILTERED), "{secret} behind {before}");
            }
        }
    }

    #[test]
    fn nothing_is_masked_when_it_is_off() {
        assert_eq!(Redaction::off().text("password=hunter2"), "password=hunter2");
    }

    #[test]
    fn values_of_secret_keys_are_masked_in_json() {
        let mut value = serde_json::json!({"order": {"id": 7, "accessToken": "t", "pwd": 1, "mail": "a@b.org"}});
        Redaction::new().json("", &mut value);
        let expected = serde_json::json!(
            {"order": {"id": 7, "accessToken": "[Filtered]", "pwd": "[Filtered]", "mail": "[Filtered]"}}
        );
        assert_eq!(value, expected);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}") {
            let _ = Redaction::new().text(&text);
        }

        #[test]
        fn what_is_harmless_at_a_glance_holds_no_secret(
            text in "([a-zA-Z0-9 :=@?/.\"'(,-]|-----BEGIN A PRIVATE KEY-----|bearer|Basic|eyJ|token|pwd |card 4111 1111 1111 1111|\n|\u{2003}){0,12}",
        ) {
            let redaction = Redaction::new();
            let is_secret = |key: &str| redaction.is_secret(key.as_bytes());
            let bytes = text.as_bytes();
            if Marks::of(bytes).is_harmless(bytes, &|key| redaction.is_secret(key)) {
                prop_assert_eq!(scan(&text, is_secret, false), text.as_str());
            }
        }

        #[test]
        fn a_password_is_masked_wherever_it_stands(before in "[a-z ]{0,20}", after in "[a-z ,;]{0,20}") {
            let text = format!("{before} password=hunter2 {after}");
            prop_assert!(!Redaction::new().text(&text).contains("hunter2"));
        }
    }
}
