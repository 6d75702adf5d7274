//! An accepted request ID is unchanged, and harmless in a header, in JSON, on a page and on a terminal.
#![no_main]

use http::HeaderValue;
use libfuzzer_sys::fuzz_target;
use monitor_core::RequestId;

fuzz_target!(|text: &str| {
    let accepted = RequestId::accept(text);
    assert_eq!(accepted.is_some(), RequestId::is_acceptable(text));
    let Some(id) = accepted else { return };
    assert_eq!(id.to_string(), text);
    assert!(HeaderValue::from_str(text).is_ok() && (1..=64).contains(&text.len()));
    assert_eq!(serde_json::Value::from(text).to_string(), format!("\"{text}\""));
    assert!(!text.contains(|char: char| char.is_control() || char.is_whitespace() || "<>&'\"\\%;,".contains(char)));
});
