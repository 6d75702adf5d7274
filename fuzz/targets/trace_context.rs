//! `traceparent` in the first line and `tracestate` in the others: parsed values are forwarded unchanged, and parse
//! again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use monitor_core::TraceContext;

fuzz_target!(|text: &str| {
    let mut lines = text.split('\n');
    let Some(context) = TraceContext::from_traceparent(lines.next().unwrap_or_default()) else { return };
    let context = context.with_tracestate(lines);
    let again = TraceContext::from_traceparent(&context.to_string()).expect("what is handed on is valid");
    assert_eq!(again.with_tracestate([context.tracestate()]), context);
    assert!(context.to_string().bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-'));
    let state = context.tracestate();
    assert!(state.len() <= 512 && state.split(',').count() <= 32);
    assert!(state.bytes().all(|byte| matches!(byte, b' '..=b'~')));
});
