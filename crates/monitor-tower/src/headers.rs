//! The headers that are ours.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use monitor_core::RequestId;

pub(crate) fn put_request_id(headers: &mut HeaderMap, name: &HeaderName, id: &RequestId) {
    let value = match id.as_uuid() {
        Some(id) => HeaderValue::from_str(id.hyphenated().encode_lower(&mut [0; uuid::fmt::Hyphenated::LENGTH])),
        None => HeaderValue::try_from(id.to_string()),
    };
    if let Ok(value) = value {
        headers.insert(name, value);
    }
}

pub(crate) fn put_duration(headers: &mut HeaderMap, duration: Duration) {
    if let Ok(value) = HeaderValue::try_from(format!("{:.2}ms", millis(duration))) {
        headers.insert(REQUEST_DURATION, value);
    }
}

/// Returns milliseconds, rounded to two places.
pub(crate) fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 100_000.0).round() / 100.0
}

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const REQUEST_DURATION: HeaderName = HeaderName::from_static("x-request-duration");
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(crate) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
