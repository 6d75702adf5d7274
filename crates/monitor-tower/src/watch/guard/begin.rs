//! The beginning of a request: its target, its identity, its span, and its scope.

use std::sync::Arc;

use http::Request;
use monitor_core::{
    DisabledRoute, KnownMethod, Monitor, Outcome, Scope, clock,
    instrument::{self, RequestFacts, ScopeSlot, Series},
    scope,
};

use super::Guard;
use crate::{
    request::head::RequestHead,
    response::grpc::{GrpcStatus, Protocol},
    settings::Settings,
    watch::{
        identity::Identified,
        span::{RequestSpan, SpanFacts},
    },
};

/// The target of a request, and the series that counts it.
#[derive(Clone, Copy)]
struct Target<'a> {
    method: KnownMethod,
    path: &'a str,
    route: &'a str,
    /// `None` if the request is not a gRPC call.
    protocol: Option<Protocol>,
    untracked: bool,
    series: Option<Series>,
}

impl Guard {
    /// Starts a request. Returns the entry that disables its route, if there is one.
    pub(crate) fn begin<B>(settings: &Arc<Settings>, request: &Request<B>) -> (Self, Option<Arc<DisabledRoute>>) {
        let started = clock::now();
        let head = RequestHead::of(request);
        let target = Target::of(&head, settings);
        let may_refuse = settings.refuse && settings.monitor.has_disabled_routes();
        let find = || settings.monitor.find_disabled(target.method, target.route, target.path, started);
        let disabled = may_refuse.then(find).flatten();
        let (span, scope) = open(&head, target, settings);
        head.keep_headers(&scope);
        if let (Some(recorder), Some(series)) = (instrument::recorder(&settings.monitor), target.series) {
            recorder.start(series);
        }
        let guard = Self {
            settings: Arc::clone(settings),
            slot: ScopeSlot::new(scope),
            span,
            series: target.series,
            started,
            status: CLIENT_CLOSED_REQUEST,
            outcome: Outcome::Cancelled,
            protocol: target.protocol,
            grpc: GrpcStatus::None,
            grpc_failure: None,
            first_byte: None,
            sent: 0,
        };
        (guard, disabled)
    }
}

impl<'a> Target<'a> {
    #[inline]
    fn of(head: &RequestHead<'a>, settings: &'a Settings) -> Self {
        let (monitor, path) = (&settings.monitor, head.path());
        let method = KnownMethod::from_name(head.method.as_str());
        let protocol = Protocol::of_call(head.method, head.headers);
        let route = head.route(settings, path, method, protocol);
        let untracked = monitor.is_untracked(path);
        let recorder = instrument::recorder(monitor).filter(|_| settings.count && !untracked);
        let series = recorder.map(|recorder| recorder.series(method, route));
        Self { method, path, route, protocol, untracked, series }
    }
}

/// Opens the span and the scope of a request. The span comes first: with a layer of OpenTelemetry, it decides the trace
/// of the scope.
#[inline]
fn open(head: &RequestHead<'_>, target: Target<'_>, settings: &Settings) -> (Option<RequestSpan>, Scope) {
    let (around, peer) = (scope::current(), head.peer(settings));
    settings.warn_of_stacking(around.as_ref().filter(|_| target.series.is_some()));
    if peer.is_none() {
        settings.warn_of_unknown_peer();
    }
    let read = head.read(settings);
    let Identified { id, mut trace, client_id, client_trace_id } =
        Identified::new(head, &read, settings, peer, around.as_ref());
    let remote_addr = peer.map(|peer| head.remote_addr(settings, peer));
    // With a disabled monitor, the request belongs to the monitor of the scope around it.
    let outer = around.as_ref().filter(|_| !settings.monitor.is_enabled());
    let monitor = outer.map_or(&settings.monitor, Scope::monitor);
    let Target { method, path, route, protocol, untracked, series } = target;
    let user_agent = &*read.user_agent;
    let begin = || {
        let route = series.and_then(|series| Some(instrument::recorder(monitor)?.route(series))).unwrap_or(route);
        RequestSpan::begin(
            head,
            monitor,
            &SpanFacts { id: &id, method, path, route, protocol, user_agent, remote_addr },
        )
    };
    let span = (settings.span && !untracked).then(begin).flatten();
    if let Some(span) = &span {
        trace = span.join(trace, around.as_ref());
    }
    // Built last: only a value that nothing borrows is written into the scope without a copy.
    let facts = RequestFacts {
        id,
        trace,
        client_trace_id,
        method,
        route,
        path,
        user_agent,
        client_request_id: client_id,
        remote_addr,
        untracked,
        series,
    };
    (span, scope_of(outer, monitor, facts))
}

/// Returns the scope of a request. With a disabled monitor, it is the scope of the layer around, because a new one
/// would hide it.
#[inline]
fn scope_of(outer: Option<&Scope>, monitor: &Monitor, facts: RequestFacts<'_>) -> Scope {
    match outer.filter(|outer| outer.is_request()) {
        Some(outer) => outer.clone(),
        None => facts.into_scope(monitor),
    }
}

/// nginx's status for a client that left before the head. Such a response is never sent.
const CLIENT_CLOSED_REQUEST: u16 = 499;
