//! Time linear in the length of a text.

use monitor_redact::Redaction;

/// A scanner with quadratic backtracking would not finish.
#[test]
fn a_long_text_of_anything_is_masked() {
    let redaction = Redaction::new();
    for piece in HOSTILE {
        let text = piece.repeat((1 << 18) / piece.len());
        let _ = redaction.text(&text);
        let _ = redaction.is_plain(text.as_bytes());
    }
}

/// Pieces that make a scanner look ahead or back.
const HOSTILE: [&str; 32] = [
    "x:",
    "x=",
    "@",
    "a@b",
    "://",
    "1 ",
    "1-",
    "1.",
    "::",
    "DE89 ",
    "-----BEGIN ",
    "-----BEGIN A PRIVATE KEY-----",
    "password=(",
    "bearer ",
    "?",
    "\"",
    "cookie:",
    "password='",
    "password=\"x",
    "password=a ",
    "token: {",
    "<token>x",
    "<token>",
    "(\"token\", \"",
    "--token ",
    "%3D",
    "%25",
    "\\",
    "\\\"",
    "eyJ",
    "a.eyJ",
    "[Filtered]",
];
