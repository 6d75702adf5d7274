//! The headers that this crate sets.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use monitor_core::RequestId;

pub(crate) fn put_request_id(headers: &mut HeaderMap, name: &HeaderName, id: &RequestId) {
    let mut text = Vec::with_capacity(UUID);
    id.append_to(&mut text);
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.insert(name, value);
    }
}

pub(crate) fn put_duration(headers: &mut HeaderMap, duration: Duration) {
    let hundredths = hundredths(duration);
    let value = match usize::try_from(hundredths).ok().and_then(|hundredths| SHORT.get(hundredths)) {
        Some(text) => Ok(HeaderValue::from_static(text)),
        None => HeaderValue::try_from(format!("{}.{:02}ms", hundredths / 100, hundredths % 100)),
    };
    if let Ok(value) = value {
        headers.insert(REQUEST_DURATION, value);
    }
}

/// Header values of durations below ten milliseconds, by hundredths. Most requests are that fast, so their values are
/// built at compile time.
static SHORT: [&str; 1_000] = {
    let mut texts = [""; 1_000];
    let mut at = 0;
    while at < texts.len() {
        texts[at] = match str::from_utf8(&DIGITS[at]) {
            Ok(text) => text,
            Err(_) => panic!("digits are ASCII"),
        };
        at += 1;
    }
    texts
};

const DIGITS: &[[u8; 6]; 1_000] = &{
    let mut texts = [*b"0.00ms"; 1_000];
    let mut at = 0;
    while at < texts.len() {
        texts[at][0] += (at / 100) as u8;
        texts[at][2] += (at / 10 % 10) as u8;
        texts[at][3] += (at % 10) as u8;
        at += 1;
    }
    texts
};

/// Returns the duration in hundredths of a millisecond, rounded.
fn hundredths(duration: Duration) -> u64 {
    let below = (u64::from(duration.subsec_nanos()) + 5_000) / 10_000;
    duration.as_secs().saturating_mul(100_000).saturating_add(below)
}

/// Returns the duration in milliseconds, rounded to two decimals.
pub(crate) fn millis(duration: Duration) -> f64 {
    hundredths(duration) as f64 / 100.0
}

/// Length of a UUID as text, the usual form of a request ID.
const UUID: usize = 36;
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const REQUEST_DURATION: HeaderName = HeaderName::from_static("x-request-duration");
pub(crate) static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(crate) static TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_shown_in_milliseconds_with_two_places() {
        for (nanoseconds, expected) in [
            (0, "0.00ms"),
            (4_999, "0.00ms"),
            (5_000, "0.01ms"),
            (1_234_567, "1.23ms"),
            (9_994_999, "9.99ms"),
            (9_995_000, "10.00ms"),
            (61_000_000_000, "61000.00ms"),
        ] {
            let mut headers = HeaderMap::new();
            put_duration(&mut headers, Duration::from_nanos(nanoseconds));
            assert_eq!(headers[REQUEST_DURATION], expected);
        }
    }
}
