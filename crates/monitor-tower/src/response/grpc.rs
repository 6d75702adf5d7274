//! gRPC and gRPC-Web: recognizes calls, reads their status, and creates responses.
//!
//! The status of a call is in the head of a response without a body (trailers-only), otherwise in the trailers, which
//! gRPC-Web puts into the body. The protocol follows from the content type, never from the version of HTTP: behind
//! tonic-web a gRPC call arrives over HTTP/1.1.

mod base64;
mod web;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use monitor_core::{Failure, GrpcCode, Outcome};

pub(crate) use self::web::WebTrailers;
use super::text_body::TextBody;

/// The encoding of a call and its response.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Protocol {
    Grpc,
    GrpcWeb,
    /// gRPC-Web in base64.
    GrpcWebText,
}

/// The status of a call, as far as it has been received.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum GrpcStatus {
    /// The response is not a gRPC response.
    None,
    /// The status will follow in the trailers of this protocol.
    Awaited(Protocol),
    Known(GrpcCode),
}

/// Details of a failed call, in addition to its status.
#[derive(Debug, Default)]
pub(crate) struct GrpcFailure {
    pub(crate) message: String,
    /// The error behind the status.
    pub(crate) source: Option<Failure>,
}

impl GrpcStatus {
    /// Reads the status from the head of a response. A response of another content type, such as a proxy's error page,
    /// has no gRPC status.
    pub(crate) fn of_head(headers: &HeaderMap) -> Self {
        match (code_in(headers), Protocol::of(headers)) {
            (Some(code), _) => Self::Known(code),
            (None, Some(protocol)) => Self::Awaited(protocol),
            (None, None) => Self::None,
        }
    }

    /// Returns the status of a response with this outcome. Clients treat a complete response without a status as
    /// UNKNOWN.
    pub(crate) fn at_end(self, outcome: Outcome) -> Option<GrpcCode> {
        match self {
            Self::Known(code) => Some(code),
            Self::Awaited(_) if outcome == Outcome::Completed => Some(GrpcCode::Unknown),
            Self::Awaited(_) | Self::None => None,
        }
    }
}

// === impl Protocol ===

impl Protocol {
    const ALL: [Self; 3] = [Self::Grpc, Self::GrpcWeb, Self::GrpcWebText];

    /// Returns the protocol of a request if it is a call: a POST with a content type of gRPC.
    pub(crate) fn of_call(method: &Method, headers: &HeaderMap) -> Option<Self> {
        if method == Method::POST { Self::of(headers) } else { None }
    }

    /// Returns the protocol of a message with these headers.
    fn of(headers: &HeaderMap) -> Option<Self> {
        let content_type = headers.get(header::CONTENT_TYPE)?.as_bytes();
        let media_type = content_type.split(|byte| matches!(byte, b'+' | b';' | b' ')).next()?;
        Self::ALL.into_iter().find(|protocol| media_type.eq_ignore_ascii_case(protocol.media_type().as_bytes()))
    }

    /// Returns a reader for trailers in the body, if the protocol puts them there.
    pub(crate) fn web_trailers(self) -> Option<Box<WebTrailers>> {
        match self {
            Self::Grpc => None,
            Self::GrpcWeb => Some(Box::new(WebTrailers::of_binary())),
            Self::GrpcWebText => Some(Box::new(WebTrailers::of_base64())),
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Grpc => "application/grpc",
            Self::GrpcWeb => "application/grpc-web",
            Self::GrpcWebText => "application/grpc-web-text",
        }
    }
}

/// Returns the status in headers or trailers. A malformed value is UNKNOWN.
pub(crate) fn code_in(headers: &HeaderMap) -> Option<GrpcCode> {
    let value = headers.get(GRPC_STATUS)?.to_str().ok();
    let is_number = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
    let number = value.filter(is_number).and_then(|text| text.parse().ok());
    Some(number.map_or(GrpcCode::Unknown, GrpcCode::from_number))
}

/// Returns the message of the status, percent-decoded.
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

/// Creates a response that consists of a status only (trailers-only): the HTTP status is 200, and there is no body.
pub(crate) fn response(protocol: Protocol, code: GrpcCode) -> Response<TextBody> {
    let mut response = Response::new(TextBody::new(""));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(protocol.media_type()));
    response.headers_mut().insert(GRPC_STATUS, HeaderValue::from(u16::from(code.number())));
    response
}

/// Returns the gRPC status that corresponds to an HTTP status.
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

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

#[cfg(test)]
mod tests {
    use http::Version;

    use super::*;

    fn with(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(HeaderName::from_static(name), value.parse().expect(value))])
    }

    #[test]
    fn a_content_type_says_which_protocol_it_is() {
        for (content_type, expected) in [
            ("application/grpc", Some(Protocol::Grpc)),
            ("application/grpc+proto", Some(Protocol::Grpc)),
            ("Application/gRPC", Some(Protocol::Grpc)),
            ("application/grpc;charset=utf-8", Some(Protocol::Grpc)),
            ("application/grpc-web", Some(Protocol::GrpcWeb)),
            ("application/grpc-web+proto", Some(Protocol::GrpcWeb)),
            ("application/grpc-web-text+proto", Some(Protocol::GrpcWebText)),
            ("application/grpc-webs", None),
            ("application/json", None),
            ("", None),
        ] {
            assert_eq!(Protocol::of(&with("content-type", content_type)), expected, "{content_type}");
        }
        assert_eq!(Protocol::of(&HeaderMap::new()), None);
    }

    #[test]
    fn a_post_is_a_call_over_every_version_of_http() {
        let protocol = |method: Method, version| {
            let request = http::Request::builder().method(method).version(version);
            let request = request.header("content-type", "application/grpc").body(()).expect("a request");
            Protocol::of_call(request.method(), request.headers())
        };
        for version in [Version::HTTP_11, Version::HTTP_2, Version::HTTP_3] {
            assert_eq!(protocol(Method::POST, version), Some(Protocol::Grpc));
            assert_eq!(protocol(Method::GET, version), None);
        }
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
            // Only the parser of HTTP messages trims header values.
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
