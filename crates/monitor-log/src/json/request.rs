//! The line at the end of a request, written from the request's scope.
//!
//! The layers of monitor-tower log the same data as fields of an event, for any subscriber. Visiting those fields would
//! cost more than the rest of the line, so this layer reads the scope instead.

use std::io::Write;

use monitor_core::{
    ErrorType, FinalStatus, GrpcCode, Scope,
    instrument::{RedactedRequest, RedactedText, RequestEnd},
};

use super::{
    escape::{JsonText, own},
    keys::RequestKeys,
    names::Names,
};

/// Writes everything between the timestamp and the spans.
pub(super) fn write(
    line: &mut Vec<u8>,
    names: &Names,
    texts: &JsonText,
    keys: &RequestKeys,
    scope: &Scope,
    finished: &RequestEnd,
) {
    line.extend_from_slice(&keys.head);
    let id = line.len();
    scope.id().append_to(line);
    line.push(b'"');
    line.extend_from_slice(names.trace_id.as_bytes());
    trace_id(line, id, scope);
    line.push(b'"');
    keys.alike.write(line, scope, finished.ending, |line| write_alike(line, names, texts, scope, finished.ending));
    milliseconds(line, finished);
    let request = RedactedRequest::of(scope);
    if request.shows_raw_path() {
        shown(line, names.path, request.path(), texts);
    }
    if let Some(agent) = request.user_agent() {
        shown(line, names.user_agent, agent, texts);
    }
    if let Some(addr) = scope.remote_addr() {
        let _ = write!(line, "{}{addr}\"", names.remote_addr);
    }
    if let Some(user) = request.user() {
        line.extend_from_slice(names.user_id.as_bytes());
        texts.write_redacted(line, &user);
    }
    if let Some(id) = request.client_request_id() {
        shown(line, names.client_request_id, id, texts);
    }
    if let Some(id) = scope.client_trace_id() {
        let _ = write!(line, "{}{id}\"", names.client_trace_id);
    }
}

/// Writes the trace ID. It usually has the same digits as the request ID, which starts at `id` in the line and is
/// cheaper to copy than to format.
fn trace_id(line: &mut Vec<u8>, id: usize, scope: &Scope) {
    let trace_id = scope.trace().trace_id();
    let same = scope.id().as_uuid().is_some_and(|uuid| *uuid.as_bytes() == trace_id.to_bytes());
    match line[id..].first_chunk::<36>().copied() {
        Some(id) if same => {
            // The groups of the UUID without its hyphens.
            let mut digits = [0; 32];
            let (mut at, mut left) = (0, 0);
            for length in [8, 4, 4, 4, 12] {
                digits[left..left + length].copy_from_slice(&id[at..at + length]);
                (at, left) = (at + length + 1, left + length);
            }
            line.extend_from_slice(&digits);
        }
        _ => trace_id.append_to(line),
    }
}

/// Writes the part of the line that is cached, up to and including the key of the duration. It must contain nothing but
/// what the key of `line_cache` has.
#[cold]
fn write_alike(line: &mut Vec<u8>, names: &Names, texts: &JsonText, scope: &Scope, ending: FinalStatus) {
    own(line, names.method, scope.method().as_str());
    let request = RedactedRequest::of(scope);
    if !request.shows_raw_path() {
        shown(line, names.path, request.path(), texts);
    }
    shown(line, names.route, request.route(), texts);
    line.extend_from_slice(names.status_code.as_bytes());
    decimal(line, ending.status.into());
    if let Some(code) = ending.grpc.map(GrpcCode::as_str) {
        own(line, names.grpc_status, code);
    }
    if let Some(failed) = ending.error_type().map(ErrorType::label) {
        own(line, names.error_type, &failed);
    }
    own(line, names.outcome, ending.outcome.as_str());
    line.extend_from_slice(names.duration_ms.as_bytes());
}

fn shown(line: &mut Vec<u8>, key: &str, text: RedactedText<'_>, texts: &JsonText) {
    line.extend_from_slice(key.as_bytes());
    texts.write_shown(line, text);
}

/// Writes the duration in milliseconds with two decimals, as in the response header.
fn milliseconds(line: &mut Vec<u8>, finished: &RequestEnd) {
    let hundredths = (finished.duration.as_nanos().min(u128::from(u64::MAX)) as u64).saturating_add(5_000) / 10_000;
    decimal(line, hundredths / 100);
    let below = (hundredths % 100) as u8;
    line.extend_from_slice(&[b'.', b'0' + below / 10, b'0' + below % 10]);
}

/// Writes a number in decimal, with a fast path for a single digit.
pub(super) fn decimal(line: &mut Vec<u8>, number: u64) {
    if number < 10 {
        return line.push(b'0' + number as u8);
    }
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
