//! Redaction through the public API: of generated texts, and of the single texts in `texts`.

mod linear;
mod properties;
mod texts;

use monitor_redact::{IpMasking, Redaction};
use proptest::prelude::*;

use self::properties::{PLANTED, is_hidden, is_stable, is_unchanged};

/// Generates texts of words and signs with a meaning to the scanners, and of any other characters.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => proptest::sample::select(PIECES.to_vec()).prop_map(str::to_owned),
        1 => "[ -~]{0,3}",
        1 => "\\PC{0,2}",
    ];
    proptest::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn masking_what_is_masked_changes_nothing_and_what_is_plain_is_not_masked(text in text()) {
        for redaction in [Redaction::new(), Redaction::new().ip_addresses(IpMasking::Masked).personal_data(true)] {
            is_stable(&redaction, &text).map_err(TestCaseError::fail)?;
        }
    }

    #[test]
    fn a_planted_secret_is_hidden_whatever_surrounds_it_and_wherever_it_is_cut(
        number in 0..PLANTED.len(), before in text(), after in text(), cut: usize,
    ) {
        is_hidden(&Redaction::new(), number, &before, &after, cut).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn a_harmless_text_is_unchanged(
        numbers in proptest::collection::vec(0..=u8::MAX, 0..12),
    ) {
        is_unchanged(&Redaction::new(), &numbers).map_err(TestCaseError::fail)?;
    }
}

#[test]
fn every_planted_secret_is_hidden_wherever_it_is_cut() {
    for (number, (planted, _)) in PLANTED.iter().enumerate() {
        for cut in 0..planted.len() + 9 {
            is_hidden(&Redaction::new(), number, "seen", "here", cut).unwrap();
        }
    }
}

const PIECES: [&str; 58] = [
    "password",
    "token",
    "Cookie",
    "authorization",
    "bearer",
    "Basic",
    "signature",
    "session",
    "eyJ",
    "pin",
    "--",
    "=",
    ":",
    ": ",
    " ",
    "\n",
    "\"",
    "'",
    "`",
    "\\",
    "\\\"",
    "\\n",
    "%3D",
    "%40",
    "%25",
    "%20",
    "@",
    "?",
    "&",
    "/",
    "://",
    ";",
    ",",
    ", ",
    "|",
    "<",
    ">",
    "</",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ".",
    "x",
    "a1b2",
    "4111 1111",
    "1111 1111",
    "10.0.0.7",
    "::1",
    "DE89",
    "-----BEGIN ",
    "PRIVATE KEY-----",
    "-----END ",
    "[Filtered]",
    "=>",
    "a@b.c",
];
