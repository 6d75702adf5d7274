//! Errors as `application/problem+json` (RFC 9457), without any internals.

use http::{HeaderValue, Response, StatusCode, header};
use monitor_core::{RequestId, Scope, escape, scope};
use serde_json::json;

use super::text_body::TextBody;

/// Creates a response of `status` as `application/problem+json` (RFC 9457), with `type`, `title`, `status` and, inside
/// of a request, `request_id`.
///
/// The response implements axum's `IntoResponse`.
///
/// Clients see `title`. If it is empty, it defaults to the name of the status.
///
/// # Example
///
/// ```
/// use http::StatusCode;
/// use monitor_kit::problem;
///
/// let response = problem(StatusCode::NOT_FOUND, "no such todo");
/// assert_eq!(response.body().as_bytes(), br#"{"status":404,"title":"no such todo","type":"about:blank"}"#);
/// ```
#[must_use]
pub fn problem(status: StatusCode, title: &str) -> Response<TextBody> {
    response(status, title, scope::current().as_ref().map(Scope::id))
}

pub(crate) fn of_request(status: StatusCode, id: Option<&RequestId>) -> Response<TextBody> {
    response(status, "", id)
}

/// The media type of problems.
pub(crate) const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

fn response(status: StatusCode, title: &str, id: Option<&RequestId>) -> Response<TextBody> {
    let title = if title.is_empty() { status.canonical_reason().unwrap_or("Error") } else { title };
    let mut body = json!({ "type": "about:blank", "title": title, "status": status.as_u16() });
    if let Some(id) = id {
        body["request_id"] = id.to_string().into();
    }
    let mut response = Response::new(TextBody::new(escape::json(&body)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, PROBLEM);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_in_a_title_are_escaped() {
        let response = problem(StatusCode::BAD_REQUEST, "no \u{202e}state\u{85}\u{2028}\u{7f}");
        let body = String::from_utf8_lossy(response.body().as_bytes()).into_owned();
        assert_eq!(body, r#"{"status":400,"title":"no \u202estate\u0085\u2028\u007f","type":"about:blank"}"#);
    }
}
