//! The meaning of a status that is no success.

use http::StatusCode;

/// Returns whether a later attempt may succeed.
pub(super) fn is_retryable(status: StatusCode) -> bool {
    matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS)
        || status.is_server_error()
}

/// Returns the setting to check after a permanent refusal, for the end of the error's text.
pub(super) const fn setting(status: StatusCode) -> &'static str {
    match status.as_u16() {
        300..=399 => ": redirects are not followed, set the URL to the final one",
        401 | 403 => ": check the URL, the credentials and the clock",
        404 | 410 => ": check the URL",
        _ => "",
    }
}
