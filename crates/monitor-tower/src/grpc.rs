//! gRPC over HTTP/2: which requests are calls, where their status is, and how one is answered without a service.
//!
//! A call's status is in the head of a response that has no body (trailers-only), else in the trailers.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Version, header};
use monitor_core::{GrpcCode, Outcome};

use crate::{RequestHead, TextBody};

/// What is known of a call's status.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum GrpcStatus {
    /// It is no gRPC response.
    None,
    /// It is to come in the trailers.
    Awaited,
    Known(GrpcCode),
}

impl GrpcStatus {
    /// Reads the head of a response to a call. One that is something else, as a proxy's error page is, has no status but
    /// HTTP's.
    pub(crate) fn of_head(headers: &HeaderMap) -> Self {
        match code_in(headers) {
            Some(code) => Self::Known(code),
            None if is_grpc(headers) => Self::Awaited,
            None => Self::None,
        }
    }

    /// Returns the status of a response that ended so. Where one went out whole and none came, clients take it for UNKNOWN.
    pub(crate) fn at_end(self, outcome: Outcome) -> Option<GrpcCode> {
        match self {
            Self::Known(code) => Some(code),
            Self::Awaited if outcome == Outcome::Completed => Some(GrpcCode::Unknown),
            Self::Awaited | Self::None => None,
        }
    }
}

/// Returns whether a request is a gRPC call: a POST over HTTP/2 with gRPC's content type.
pub(crate) fn is_call(head: &RequestHead<'_>) -> bool {
    head.method == Method::POST && head.version >= Version::HTTP_2 && is_grpc(head.headers)
}

/// Returns whether these are the headers of a gRPC message; gRPC-Web is none, for its status is in its body.
fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    content_type.split_at_checked(GRPC.len()).is_some_and(|(media_type, rest)| {
        media_type.eq_ignore_ascii_case(GRPC.as_bytes()) && matches!(rest.first(), None | Some(b'+' | b';' | b' '))
    })
}

/// Returns the status these headers or trailers hold.
pub(crate) fn code_in(headers: &HeaderMap) -> Option<GrpcCode> {
    let value = headers.get(GRPC_STATUS)?.to_str().ok();
    let is_number = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
    let number = value.filter(is_number).and_then(|text| text.parse().ok());
    Some(number.map_or(GrpcCode::Unknown, GrpcCode::from_number))
}

/// Returns the message beside the status, as the service wrote it.
pub(crate) fn message_in(headers: &HeaderMap) -> String {
    let Some(value) = headers.get(GRPC_MESSAGE) else { return String::new() };
    let (mut text, mut rest) = (Vec::new(), value.as_bytes());
    while let Some((first, behind)) = rest.split_first() {
        let escaped = behind
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        text.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Creates a response that is nothing but a status: HTTP's is 200, and there is no body (trailers-only).
pub(crate) fn response(code: GrpcCode) -> Response<TextBody> {
    let mut response = Response::new(TextBody::new(""));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(GRPC));
    response.headers_mut().insert(GRPC_STATUS, HeaderValue::from(u16::from(code.number())));
    response
}

/// Returns the status that says in gRPC what `status` says in HTTP.
pub(crate) fn code_of(status: StatusCode) -> GrpcCode {
    match status {
        StatusCode::BAD_REQUEST => GrpcCode::InvalidArgument,
        StatusCode::UNAUTHORIZED => GrpcCode::Unauthenticated,
        StatusCode::FORBIDDEN => GrpcCode::PermissionDenied,
        StatusCode::NOT_FOUND => GrpcCode::NotFound,
        StatusCode::CONFLICT => GrpcCode::Aborted,
        StatusCode::TOO_MANY_REQUESTS => GrpcCode::ResourceExhausted,
        StatusCode::NOT_IMPLEMENTED => GrpcCode::Unimplemented,
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE => GrpcCode::Unavailable,
        StatusCode::GATEWAY_TIMEOUT => GrpcCode::DeadlineExceeded,
        status if status.is_server_error() => GrpcCode::Internal,
        _ => GrpcCode::Unknown,
    }
}

const GRPC: &str = "application/grpc";
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(HeaderName::from_static(name), value.parse().expect(value))])
    }

    #[test]
    fn a_call_is_told_by_its_content_type() {
        for (content_type, expected) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("Application/gRPC", true),
            ("application/grpc;charset=utf-8", true),
            ("application/grpc-web", false),
            ("application/grpc-web+proto", false),
            ("application/json", false),
            ("", false),
        ] {
            assert_eq!(is_grpc(&with("content-type", content_type)), expected, "{content_type}");
        }
        assert!(!is_grpc(&HeaderMap::new()));
    }

    #[test]
    fn only_a_post_over_http_2_is_a_call() {
        let called = |method: Method, version| {
            let request = http::Request::builder().method(method).version(version).header("content-type", GRPC);
            is_call(&RequestHead::of(&request.body(()).expect("a request")))
        };
        assert!(called(Method::POST, Version::HTTP_2) && called(Method::POST, Version::HTTP_3));
        assert!(!called(Method::GET, Version::HTTP_2) && !called(Method::POST, Version::HTTP_11));
    }

    #[test]
    fn statuses_of_http_have_their_like() {
        let codes = [400, 401, 403, 404, 409, 429, 500, 501, 502, 503, 504, 505, 418]
            .map(|status| code_of(StatusCode::from_u16(status).expect("a status")).number());
        assert_eq!(codes, [3, 16, 7, 5, 10, 8, 13, 12, 14, 14, 4, 13, 2]);
    }

    #[test]
    fn a_status_that_is_no_number_of_grpcs_is_unknown() {
        assert_eq!(code_in(&HeaderMap::new()), None);
        for (value, code) in [("0", GrpcCode::Ok), ("14", GrpcCode::Unavailable)] {
            assert_eq!(code_in(&with("grpc-status", value)), Some(code));
        }
        for value in ["", "17", "-1", "+1", "13 ", "99999999999", "internal"] {
            let code = code_in(&with("grpc-status", value));
            // A header value is trimmed nowhere but on the wire.
            assert_eq!(code, Some(GrpcCode::Unknown), "{value}");
        }
    }

    #[test]
    fn a_message_is_percent_encoded() {
        let message = |value| message_in(&with("grpc-message", value));
        assert_eq!(message("no stock: 100%25 gone"), "no stock: 100% gone");
        assert_eq!(message("%E4%BD%A0"), "你");
        assert_eq!(message("50%"), "50%");
        assert_eq!(message("%zz%4"), "%zz%4");
        assert_eq!(message("%FF"), "\u{fffd}");
        assert_eq!(message_in(&HeaderMap::new()), "");
    }
}
