//! The `tracing` span of a request, with the fields of OpenTelemetry's semantic conventions for HTTP servers.
//!
//! <https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span>

use std::fmt;

use http::Version;
use monitor_core::{
    ErrorType, FinalStatus, Scope, names,
    panic::{self, CaughtPanic},
};
use tracing::{Span, field::Empty, span::Entered};

use crate::{request::head::RequestHead, response::grpc::Protocol};

/// The span of a request, if it is enabled and a subscriber records it. Boxed, because most requests have none.
#[derive(Debug)]
pub(crate) struct RequestSpan(Box<Span>);

impl RequestSpan {
    /// Creates the span; `None` if no subscriber records it, or if one panics.
    pub(crate) fn begin(head: &RequestHead<'_>, scope: &Scope, protocol: Option<Protocol>) -> Option<Self> {
        let begun = panic::catch_printed(|| begin(head, scope, protocol));
        let span = begun.map_err(CaughtPanic::drop_payload).ok().filter(|span| !span.is_disabled())?;
        Some(Self(Box::new(span)))
    }

    /// Enters the span until the returned value is dropped.
    pub(crate) fn enter(&self) -> Entered<'_> {
        self.0.enter()
    }

    /// Records how the request ended, and the status if a response was sent. The span closes when `self` is dropped.
    pub(crate) fn end(&self, ending: FinalStatus, is_answered: bool) {
        if is_answered {
            self.0.record("http.response.status_code", ending.status);
        }
        if let Some(code) = ending.grpc {
            self.0.record("rpc.grpc.status_code", code.number());
        }
        if let Some(failed) = ending.error_type().map(ErrorType::label) {
            self.0.record("error.type", failed);
            self.0.record("otel.status_code", "ERROR");
        }
    }

    /// Puts the span and the scope into one trace, if the subscriber has a layer of OpenTelemetry: the span becomes a
    /// child of the caller's span or of the layer around, and the scope gets the IDs with which the span is exported.
    #[cfg(feature = "opentelemetry")]
    pub(crate) fn join(&self, scope: Scope, is_inside: bool) -> Scope {
        crate::watch::otel::adopt(&self.0, scope.trace(), is_inside);
        let trace = crate::watch::otel::of_span(&self.0, scope.trace());
        scope.in_trace(trace)
    }

    #[cfg(not(feature = "opentelemetry"))]
    #[expect(clippy::unused_self, reason = "with the feature `opentelemetry` it is used")]
    pub(crate) fn join(&self, scope: Scope, _is_inside: bool) -> Scope {
        scope
    }
}

fn begin(head: &RequestHead<'_>, scope: &Scope, protocol: Option<Protocol>) -> Span {
    let (method, route) = (scope.method().as_str(), scope.route());
    let matched = Some(route).filter(|route| ![names::UNMATCHED, names::OVERFLOW].contains(route));
    let path = scope.shown_path().redacted();
    tracing::info_span!(
        target: "monitor::request",
        "request",
        otel.name = %Name { method, matched, protocol },
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.route = matched,
        http.response.status_code = Empty,
        url.path = (matched.is_some() || path != route).then_some(&*path),
        url.scheme = head.uri.scheme_str(),
        network.protocol.version = version(head.version),
        client.address = scope.remote_addr().map(display),
        user_agent.original = scope.shown_user_agent().map(display),
        rpc.system = protocol.map(|_| "grpc"),
        rpc.grpc.status_code = Empty,
        error.type = Empty,
        request_id = %scope.id(),
    )
}

/// The name of the span. It consists of method and route, which have few values.
struct Name<'a> {
    method: &'a str,
    matched: Option<&'a str>,
    protocol: Option<Protocol>,
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.matched {
            Some(method) if self.protocol.is_some() => f.write_str(method.trim_start_matches('/')),
            Some(route) => write!(f, "{} {route}", self.method),
            None => f.write_str(self.method),
        }
    }
}

fn version(version: Version) -> Option<&'static str> {
    match version {
        Version::HTTP_10 => Some("1.0"),
        Version::HTTP_11 => Some("1.1"),
        Version::HTTP_2 => Some("2"),
        Version::HTTP_3 => Some("3"),
        _ => None,
    }
}
