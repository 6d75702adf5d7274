//! The line at a request's end, written from what its scope knows.
//!
//! A layer of monitor-tower says the same as fields of an event, for any subscriber. To visit those costs more than all
//! the rest of the line.

use std::io::Write;

use monitor_core::{
    ErrorType, GrpcCode, Scope,
    scope::{Finished, Shown},
};

use super::{escape::Texts, names::Names};

/// Writes what is said of a request beside time, level and message, and its identifiers.
pub(super) fn write(line: &mut Vec<u8>, names: &Names, texts: &Texts, scope: &Scope, finished: &Finished) {
    let ending = finished.ending;
    own(line, names.method, scope.method().as_str());
    line.extend_from_slice(names.path.as_bytes());
    let path = line.len();
    texts.write_shown(line, scope.shown_path());
    if scope.monitor().shows_raw_paths() {
        shown(line, names.route, scope.shown_route(), texts);
    } else {
        // It is the route that stands there already.
        let written = path..line.len();
        line.extend_from_slice(names.route.as_bytes());
        line.extend_from_within(written);
    }
    line.extend_from_slice(names.status_code.as_bytes());
    decimal(line, ending.status.into());
    if let Some(code) = ending.grpc.map(GrpcCode::as_str) {
        own(line, names.grpc_status, code);
    }
    if let Some(failed) = ending.error_type().map(ErrorType::label) {
        own(line, names.error_type, &failed);
    }
    line.extend_from_slice(names.duration_ms.as_bytes());
    milliseconds(line, finished);
    own(line, names.outcome, ending.outcome.as_str());
    if let Some(agent) = scope.shown_user_agent() {
        shown(line, names.user_agent, agent, texts);
    }
    if let Some(addr) = scope.remote_addr() {
        let _ = write!(line, "{}{addr}\"", names.remote_addr);
    }
    if let Some(user) = scope.shown_user() {
        line.extend_from_slice(names.user_id.as_bytes());
        texts.write(line, &user);
    }
    if let Some(id) = scope.shown_client_request_id() {
        shown(line, names.client_request_id, id, texts);
    }
    if let Some(id) = scope.client_trace_id() {
        let _ = write!(line, "{}{id}\"", names.client_trace_id);
    }
}

/// Writes a word of ours, in which there is nothing to be escaped or redacted.
pub(super) fn own(line: &mut Vec<u8>, key: &str, word: &str) {
    line.extend_from_slice(key.as_bytes());
    line.extend_from_slice(word.as_bytes());
    line.push(b'"');
}

fn shown(line: &mut Vec<u8>, key: &str, text: Shown<'_>, texts: &Texts) {
    line.extend_from_slice(key.as_bytes());
    texts.write_shown(line, text);
}

/// Writes milliseconds with two places, as the header says them.
fn milliseconds(line: &mut Vec<u8>, finished: &Finished) {
    let hundredths = (finished.duration.as_nanos().min(u128::from(u64::MAX)) as u64).saturating_add(5_000) / 10_000;
    decimal(line, hundredths / 100);
    let below = (hundredths % 100) as u8;
    line.extend_from_slice(&[b'.', b'0' + below / 10, b'0' + below % 10]);
}

/// Writes a number, which is mostly a small one.
pub(super) fn decimal(line: &mut Vec<u8>, number: u64) {
    let (mut digits, mut at, mut left) = ([0; 20], 20, number);
    loop {
        at -= 1;
        digits[at] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    line.extend_from_slice(&digits[at..]);
}
