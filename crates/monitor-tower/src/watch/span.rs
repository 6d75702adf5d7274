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

/// The span of a request that somebody asked for and somebody takes. In a box, for most requests have none.
#[derive(Debug)]
pub(crate) struct RequestSpan(Box<Span>);

impl RequestSpan {
    /// Begins the span. Where nobody takes spans, or whoever does panics, there is none.
    pub(crate) fn begin(head: &RequestHead<'_>, scope: &Scope, protocol: Option<Protocol>) -> Option<Self> {
        let begun = panic::catch_printed(|| begin(head, scope, protocol));
        let span = begun.map_err(CaughtPanic::drop_payload).ok().filter(|span| !span.is_disabled())?;
        Some(Self(Box::new(span)))
    }

    /// Enters the span, until what is returned is dropped.
    pub(crate) fn enter(&self) -> Entered<'_> {
        self.0.enter()
    }

    /// Says how the request ended, and its status where one was sent. The span is over when this is dropped.
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

    /// Makes the span and the scope of one trace, where OpenTelemetry takes spans: the span is a child of what the caller
    /// sent, or of the layer's it is inside of, and the scope has the identifiers the span is exported with.
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

/// What the span is called, made of what is known to be few: method and route.
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
