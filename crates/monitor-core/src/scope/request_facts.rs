//! The facts of a request, which a layer passes to its scope at the beginning and at the end.

use std::{
    fmt,
    net::IpAddr,
    sync::PoisonError,
    time::{Duration, Instant},
};

use super::{Scope, Work};
use crate::{
    model::{
        method::KnownMethod,
        outcome::FinalStatus,
        request_id::RequestId,
        trace_context::{TraceContext, TraceId},
    },
    monitor::Monitor,
    traffic::recorder::Series,
};

/// Target of the `tracing` span and the log line of a request. A layer for log lines recognises the line by it, and may
/// read [`RequestEnd::of`] instead of the event's fields.
pub const REQUEST_TARGET: &str = "monitor::request";

/// The facts known at the beginning of a request.
#[derive(Clone)]
#[expect(clippy::exhaustive_structs, reason = "a layer builds it, with all fields")]
pub struct RequestFacts<'a> {
    /// The request's own ID.
    pub id: RequestId,
    /// The request's place in a trace.
    pub trace: TraceContext,
    /// The request's method.
    pub method: KnownMethod,
    /// The route's template. Ignored if `series` is given, which has the route.
    pub route: &'a str,
    /// The path as the client sent it, without its query.
    pub path: &'a str,
    /// The `User-Agent` header as received. Stored only if it is ASCII.
    pub user_agent: &'a [u8],
    /// The ID the client sent, validated.
    pub client_request_id: &'a str,
    /// The trace ID the client sent, if its trace was not continued.
    pub client_trace_id: Option<TraceId>,
    /// The client's address, truncated unless full addresses are enabled.
    pub remote_addr: Option<IpAddr>,
    /// Whether the request is excluded from metrics, issues and reports.
    pub untracked: bool,
    /// The series in which the layer counts the request, if it does.
    pub series: Option<Series>,
}

impl<'a> RequestFacts<'a> {
    /// Returns the facts of a request that begins a trace of its own. The client sent nothing else, and no layer counts
    /// the request.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_core::{KnownMethod, Monitor, RequestId, instrument::RequestFacts};
    ///
    /// let facts = RequestFacts::new(RequestId::new(), KnownMethod::Get, "/items/{id}");
    /// let scope = RequestFacts { path: "/items/7", ..facts }.into_scope(&Monitor::disabled());
    /// assert_eq!((scope.route(), scope.path()), ("/items/{id}", "/items/7"));
    /// ```
    #[must_use]
    pub fn new(id: RequestId, method: KnownMethod, route: &'a str) -> Self {
        Self {
            trace: TraceContext::of_request(&id),
            id,
            method,
            route,
            path: "",
            user_agent: b"",
            client_request_id: "",
            client_trace_id: None,
            remote_addr: None,
            untracked: false,
            series: None,
        }
    }

    /// Creates the scope of the request, inside the current scope if there is one.
    #[must_use]
    #[inline]
    pub fn into_scope(self, monitor: &Monitor) -> Scope {
        Scope::create(monitor, Work::Request, self)
    }
}

/// Texts of the client are left out, because they are not masked here.
impl fmt::Debug for RequestFacts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, method, route, .. } = self;
        f.debug_struct("RequestFacts")
            .field("id", id)
            .field("method", method)
            .field("route", route)
            .finish_non_exhaustive()
    }
}

/// The end of a request.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a layer builds it, with all fields")]
pub struct RequestEnd {
    /// The outcome and status.
    pub ending: FinalStatus,
    /// Time of the end.
    pub at: Instant,
    /// Time since the beginning.
    pub duration: Duration,
}

impl RequestEnd {
    /// Returns the end of a scope's request; `None` before it, and for work that is no request.
    #[must_use]
    pub fn of(scope: &Scope) -> Option<Self> {
        *scope.0.end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records the end of a scope's request.
    pub fn record(self, scope: &Scope) {
        *scope.0.end.lock().unwrap_or_else(PoisonError::into_inner) = Some(self);
    }
}

impl Series {
    /// Returns the series in which a layer of `monitor`, here or further out, counts the request of `scope`. `None` for
    /// a request that it does not count, and for work that is no request.
    #[must_use]
    pub fn of(scope: &Scope, monitor: &Monitor) -> Option<Self> {
        scope.and_around().filter(|scope| scope.monitor().is(monitor)).find_map(|scope| scope.0.series)
    }
}
