//! The facts of a request, which a layer passes to its scope at the beginning and at the end.

use std::{
    fmt,
    net::IpAddr,
    time::{Duration, Instant},
};

use crate::{
    model::{
        method::Method,
        outcome::FinalStatus,
        request_id::RequestId,
        trace_context::{TraceContext, TraceId},
    },
    traffic::Series,
};

/// Target of the `tracing` span and the log line of a request. A layer for log lines recognises the line by it, and may
/// read [`Scope::finished`](super::Scope::finished) instead of the event's fields.
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
    pub method: Method,
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
    /// use monitor_kit::{Method, Monitor, RequestId, Scope, scope::RequestFacts};
    ///
    /// let facts = RequestFacts::new(RequestId::new(), Method::Get, "/items/{id}");
    /// let scope = Scope::for_request(&Monitor::disabled(), RequestFacts { path: "/items/7", ..facts });
    /// assert_eq!((scope.route(), scope.path()), ("/items/{id}", "/items/7"));
    /// ```
    #[must_use]
    pub fn new(id: RequestId, method: Method, route: &'a str) -> Self {
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
