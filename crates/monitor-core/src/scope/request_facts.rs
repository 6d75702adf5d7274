//! What is said of a request to its scope: at its begin and at its end.

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

/// What a request brings into its scope.
#[derive(Clone)]
#[expect(clippy::exhaustive_structs, reason = "whoever opens a scope says all of it")]
pub struct RequestFacts<'a> {
    /// The request's own identifier.
    pub id: RequestId,
    /// Its place in a trace.
    pub trace: TraceContext,
    /// The method.
    pub method: Method,
    /// The route's template. Where `series` is given, its route stands instead.
    pub route: &'a str,
    /// The path as the client sent it, without its query.
    pub path: &'a str,
    /// The `User-Agent` header as it came. It is kept where it is ASCII.
    pub user_agent: &'a [u8],
    /// The identifier the client sent, validated.
    pub client_request_id: &'a str,
    /// The trace the client named and that was not continued.
    pub client_trace_id: Option<TraceId>,
    /// The client's address, truncated unless it was asked for in full.
    pub remote_addr: Option<IpAddr>,
    /// Whether the request stays out of everything that is counted and reported.
    pub untracked: bool,
    /// The series in which whoever opens the scope counts the request, where it does.
    pub series: Option<Series>,
}

/// What the client sent is left out: it is not masked.
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

/// How a request ended, and when.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "whoever ends a request says all of it")]
pub struct RequestEnd {
    /// How.
    pub ending: FinalStatus,
    /// When.
    pub at: Instant,
    /// How long after it began.
    pub duration: Duration,
}
