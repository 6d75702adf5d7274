//! The `tracing` span of a request, with the fields of OpenTelemetry's semantic conventions for HTTP servers.
//!
//! <https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span>

use std::{borrow::Cow, fmt, net::IpAddr};

use http::Version;
use monitor_core::{
    ErrorType, FinalStatus, KnownMethod, Monitor, RequestId, Scope, TraceContext,
    instrument::{
        REQUEST_TARGET,
        panic::{self, CaughtPanic},
    },
    names,
};
use tracing::{Span, field::Empty, span::Entered};

use crate::{request::head::RequestHead, response::grpc::Protocol};

/// The span of a request, if it is enabled and a subscriber records it. Boxed, because most requests have none.
#[derive(Debug)]
pub(crate) struct RequestSpan(Box<Span>);

/// The facts of a request that its span has as fields.
pub(crate) struct SpanFacts<'a> {
    pub(crate) id: &'a RequestId,
    pub(crate) method: KnownMethod,
    pub(crate) path: &'a str,
    pub(crate) route: &'a str,
    pub(crate) protocol: Option<Protocol>,
    pub(crate) user_agent: &'a [u8],
    pub(crate) remote_addr: Option<IpAddr>,
}

impl RequestSpan {
    /// Creates the span; `None` if no subscriber records it, or if one panics.
    pub(crate) fn begin(head: &RequestHead<'_>, monitor: &Monitor, facts: &SpanFacts<'_>) -> Option<Self> {
        let begun = panic::catch_printed(|| begin(head, monitor, facts));
        let span = begun.map_err(CaughtPanic::drop_payload).ok().filter(|span| !span.is_disabled())?;
        Some(Self(Box::new(span)))
    }

    /// Enters the span until the returned value is dropped.
    pub(crate) fn enter(&self) -> Entered<'_> {
        self.0.enter()
    }

    /// Records the status of a response that was sent.
    pub(crate) fn record_status(&self, status: u16) {
        self.0.record("http.response.status_code", status);
    }

    /// Records how the request ended. The span closes when `self` is dropped.
    pub(crate) fn end(&self, ending: FinalStatus) {
        if let Some(code) = ending.grpc {
            self.0.record("rpc.grpc.status_code", code.number());
        }
        if let Some(failed) = ending.error_type().map(ErrorType::label) {
            self.0.record("error.type", failed);
            self.0.record("otel.status_code", "ERROR");
        }
    }

    /// Puts the span into `trace`, if the subscriber has a layer of OpenTelemetry: the span becomes a child of the
    /// caller's span, or of the request of the scope `around`. Returns the trace with the IDs with which the span is
    /// exported.
    #[cfg(feature = "opentelemetry")]
    pub(crate) fn join(&self, trace: TraceContext, around: Option<&Scope>) -> TraceContext {
        crate::watch::otel::adopt(&self.0, &trace, around);
        crate::watch::otel::of_span(&self.0, &trace)
    }

    #[cfg(not(feature = "opentelemetry"))]
    #[expect(clippy::unused_self, reason = "with the feature `opentelemetry` it is used")]
    pub(crate) fn join(&self, trace: TraceContext, _around: Option<&Scope>) -> TraceContext {
        trace
    }
}

fn begin(head: &RequestHead<'_>, monitor: &Monitor, facts: &SpanFacts<'_>) -> Span {
    let (method, protocol) = (facts.method.as_str(), facts.protocol);
    let matched = Some(facts.route).filter(|route| ![names::UNMATCHED, names::OVERFLOW].contains(route));
    let path = monitor.shows_raw_paths().then(|| monitor.redaction().text(facts.path));
    tracing::info_span!(
        target: REQUEST_TARGET,
        "request",
        otel.name = %Name { method, matched, protocol },
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.route = matched,
        http.response.status_code = Empty,
        url.path = path.as_deref().or(matched),
        url.scheme = head.uri.scheme_str(),
        network.protocol.version = version(head.version),
        client.address = facts.remote_addr.map(display),
        user_agent.original = user_agent(facts, monitor).map(display),
        rpc.system = protocol.map(|_| "grpc"),
        rpc.grpc.status_code = Empty,
        error.type = Empty,
        request_id = %facts.id,
    )
}

/// Returns the `User-Agent` header, redacted. As in the scope, one that is not ASCII is left out.
fn user_agent<'a>(facts: &SpanFacts<'a>, monitor: &Monitor) -> Option<Cow<'a, str>> {
    let agent = str::from_utf8(facts.user_agent).ok().filter(|agent| agent.is_ascii() && !agent.is_empty())?;
    Some(monitor.redaction().text(agent))
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
