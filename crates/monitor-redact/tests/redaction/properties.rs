//! Properties of redaction that hold for every text. The tests beside this file and the fuzzer `redaction` check the
//! same ones.

use std::borrow::Cow;

use monitor_redact::{FILTERED, Redaction};

/// Texts with a secret, and the secret. The tests surround each with other text, and cut it anywhere.
pub(crate) const PLANTED: [(&str, &str); 34] = [
    ("password=hunter2x7", "hunter2x7"),
    ("{\"password\": \"hunter2x7\"}", "hunter2x7"),
    ("{\\\"password\\\":\\\"hunter2x7\\\"}", "hunter2x7"),
    ("Login { passwd: Some(\"hunter2x7\") }", "hunter2x7"),
    ("Login { token: Token { inner: \"hunter2x7\" } }", "hunter2x7"),
    ("/fail/password%3Dhunter2x7", "hunter2x7"),
    ("/fail/password%253Dhunter2x7", "hunter2x7"),
    ("Bearer%20hunter2x7", "hunter2x7"),
    ("bearer hunter2x7", "hunter2x7"),
    ("Authorization: Token hunter2x7", "hunter2x7"),
    ("Authorization: Digest username=\"a\", response=\"hunter2x7\"", "hunter2x7"),
    ("Cookie: theme=dark; id=hunter2x7", "hunter2x7"),
    ("Password=my hunter2x7 pass;Encrypt=true", "hunter2x7"),
    ("AccountKey=hunter2x7==;", "hunter2x7"),
    ("<password>hunter2x7</password>", "hunter2x7"),
    ("(\"x-api-key\", \"hunter2x7\")", "hunter2x7"),
    ("[\"psql\", \"--password\", \"hunter2x7\"]", "hunter2x7"),
    ("--token hunter2x7", "hunter2x7"),
    ("otp=918273", "918273"),
    ("postgres://admin:hunter2x7@db/todo", "hunter2x7"),
    ("admin:hunter2x7@tcp(db:3306)/todo", "hunter2x7"),
    ("https://a.example/reset?key=hunter2x7", "hunter2x7"),
    ("https://api.telegram.org/bot1:hunter2x7/send", "hunter2x7"),
    ("https://hooks.slack.com/services/T0/B0/hunter2x7", "hunter2x7"),
    ("https://discord.com/api/webhooks/1/hunter2x7", "hunter2x7"),
    ("jo.doe.9@example.org", "jo.doe.9@"),
    ("jo.doe.9%40example.org", "jo.doe.9%40"),
    ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
    ("ghp_0123456789abcdefghij0123456789abcdef", "0123456789abcdefghij0123456789abcdef"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "eyJzdWIiOiIxIn0.c2lnbmF0dXJl"),
    ("seen\\neyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "eyJzdWIiOiIxIn0.c2lnbmF0dXJl"),
    ("4111 1111 1111 1111", "4111 1111 1111 1111"),
    ("4111\u{a0}1111  1111\u{a0}1111", "4111\u{a0}1111  1111\u{a0}1111"),
    ("DE89 3704 0044 0532 0130 00", "DE89 3704 0044 0532 0130 00"),
];

/// Words that must not be masked, in any order.
const HARMLESS: [&str; 18] = [
    "no",
    "such",
    "todo:",
    "17",
    "at",
    "src/main.rs:12:5,",
    "invalid signature: expected 3 parts",
    "token",
    "(pin)",
    "\"quoted\"",
    "it's",
    "https://a.example/b",
    "127.0.0.1:8080",
    "100%",
    "Option<Token>",
    "2025-07-29T12:30:00.250Z",
    "ceee0822-ed8f-4622-b2a3-789e73e75cd1",
    "C:\\new",
];

/// Checks that a text of harmless words, chosen by `numbers`, is not masked.
pub(crate) fn is_unchanged(redaction: &Redaction, numbers: &[u8]) -> Result<(), String> {
    let words: Vec<_> = numbers.iter().map(|number| HARMLESS[usize::from(*number) % HARMLESS.len()]).collect();
    let text = words.join(" ");
    let masked = redaction.text(&text);
    if masked == text { Ok(()) } else { Err(format!("{text:?} became {masked:?}")) }
}

/// Checks that masking a masked text changes nothing, and that a plain text is not masked.
pub(crate) fn is_stable(redaction: &Redaction, text: &str) -> Result<(), String> {
    let masked = redaction.text(text);
    let again = redaction.text(&masked);
    if again != masked {
        return Err(format!("{text:?} became {masked:?}, and then {again:?}"));
    }
    if redaction.is_plain(text.as_bytes()) && matches!(masked, Cow::Owned(_)) {
        return Err(format!("{text:?} is plain, and became {masked:?}"));
    }
    Ok(())
}

/// Checks that no five bytes of a planted secret are shown, whatever surrounds it and wherever the text is cut.
pub(crate) fn is_hidden(
    redaction: &Redaction,
    number: usize,
    before: &str,
    after: &str,
    cut: usize,
) -> Result<(), String> {
    let (planted, secret) = PLANTED[number % PLANTED.len()];
    let text = format!("{before} {planted} {after}");
    // Parts that also occur in the surrounding text are not the secret's.
    let around = [format!("{before} "), format!(" {after}"), FILTERED.to_owned()];
    let is_around = |part: &str| around.iter().any(|text| text.contains(part));
    for shown in [redaction.text(&text), redaction.head(&text, cut % (text.len() + 1))] {
        let parts = secret.as_bytes().windows(PART).filter_map(|part| str::from_utf8(part).ok());
        if let Some(part) = parts.filter(|part| !is_around(part)).find(|part| shown.contains(part)) {
            return Err(format!("{part:?} of {text:?} is shown: {shown:?}"));
        }
    }
    Ok(())
}

const PART: usize = 5;
