//! The headers of a response that are ours.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Response};
use uuid::Uuid;

pub(crate) fn put_request_id<C>(response: &mut Response<C>, id: Uuid) {
    let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
    if let Ok(value) = HeaderValue::from_str(id.hyphenated().encode_lower(&mut text)) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
}

pub(crate) fn put_duration<C>(response: &mut Response<C>, duration: Duration) {
    if let Ok(value) = HeaderValue::try_from(format!("{:.2}ms", millis(duration))) {
        response.headers_mut().insert(REQUEST_DURATION, value);
    }
}

/// Returns milliseconds, rounded to two places.
pub(crate) fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 100_000.0).round() / 100.0
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const REQUEST_DURATION: HeaderName = HeaderName::from_static("x-request-duration");
