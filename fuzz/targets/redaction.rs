//! Redaction is stable for any text, leaves harmless words unchanged, and hides a planted secret, whatever surrounds it
//! and wherever it is cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use monitor_redact::Redaction;

use self::properties::{is_hidden, is_stable, is_unchanged};

#[path = "../../crates/monitor-redact/tests/redaction/properties.rs"]
mod properties;

fuzz_target!(|data: &[u8]| {
    let [number, share, cut, text @ ..] = data else { return };
    let redaction = Redaction::new();
    is_unchanged(&redaction, &text[..text.len().min(12)]).expect("it is harmless");
    let text = String::from_utf8_lossy(text);
    let middle = (0..=text.len() * usize::from(*share) / 255).rev().find(|at| text.is_char_boundary(*at));
    let (before, after) = text.split_at(middle.unwrap_or_default());
    is_stable(&redaction, &text).expect("it is stable");
    is_hidden(&redaction, usize::from(*number), before, after, usize::from(*cut)).expect("it is hidden");
});
