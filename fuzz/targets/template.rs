//! Templates of messages: a template is its own template, plain words are unchanged, and digits have no influence.
#![no_main]

use libfuzzer_sys::fuzz_target;
use monitor_core::grouping::template_of;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let once = template_of(&text);
    assert_eq!(template_of(&once), once, "of {text:?}");

    let words: Vec<_> = data.iter().map(|byte| WORDS[usize::from(*byte) % WORDS.len()]).collect();
    assert_eq!(template_of(&words.join(" ")), words.join(" "));

    let number = data.iter().fold(0_u64, |number, byte| number.wrapping_mul(31).wrapping_add(u64::from(*byte)));
    assert_eq!(template_of(&format!("row {number} gone")), "row <number> gone");
});

const WORDS: [&str; 8] = ["no", "such", "todo", "the", "service's", "queue", "is", "full"];
