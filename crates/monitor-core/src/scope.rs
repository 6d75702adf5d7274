//! Scopes: the context of the unit of work in hand, such as a request or a job.
//!
//! [`MonitorLayer`] enters a scope around every poll of a request, as a tracing span is entered. All code below may
//! read the scope and write to it: a handler sets a tag, a database helper adds a breadcrumb. An error captured in the
//! scope carries all of this data.
//!
//! A spawned task or thread does not inherit the scope; [`in_current_scope`](ScopeFutureExt::in_current_scope) and
//! [`wrap`] carry it there.
//!
//! Outside a scope, every function of this module does nothing.
//!
//! [`MonitorLayer`]: https://docs.rs/monitor-tower
//!
//! # Example
//!
//! ```
//! use monitor_kit::{Monitor, capture_message, Level, scope::{self, Scope}};
//!
//! let monitor = Monitor::builder("mailer").build()?;
//! Scope::new(&monitor).in_scope(|| {
//!     scope::set_user("42");
//!     scope::set_tag("feature", "newsletter");
//!     scope::add_breadcrumb("template", "rendered");
//!     capture_message("no subscribers left", Level::Warn);
//! });
//! # Ok::<(), monitor_kit::BuildError>(())
//! ```

mod captured;
mod data;
mod nested;
mod plain_cache;
mod record;
pub(crate) mod redacted_request;
pub(crate) mod request_facts;
pub(crate) mod slot;
mod task;
mod texts;

use std::{
    fmt,
    iter::successors,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, atomic::AtomicBool},
};

use self::{
    data::Notes,
    request_facts::{RequestEnd, RequestFacts},
    slot::ScopeSlot,
    texts::Texts,
};
pub use self::{
    data::{add_breadcrumb, set_context, set_fingerprint, set_tag, set_user},
    nested::with_scope,
    slot::current,
    task::{InScope, ScopeFutureExt, wrap},
};
pub use crate::event::{Breadcrumb, ScopeRecord};
use crate::{
    model::{
        method::KnownMethod,
        names,
        request_id::RequestId,
        trace_context::{TraceContext, TraceId},
    },
    monitor::Monitor,
    traffic::recorder::Series,
};

/// The context of the unit of work in hand. Clones are handles to the same scope.
///
/// See the [module docs](self).
#[derive(Clone)]
pub struct Scope(Arc<Inner>);

/// The kind of work that a scope is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Work {
    Request,
    Job,
}

struct Inner {
    monitor: Monitor,
    parent: Option<Scope>,
    id: RequestId,
    trace: TraceContext,
    client_trace_id: Option<TraceId>,
    method: KnownMethod,
    /// `None` if `series` knows it.
    route: Option<Box<str>>,
    untracked: bool,
    /// Whether the route is [`names::UNMATCHED`]. Stored, because each log line reads it several times.
    is_unmatched: bool,
    series: Option<Series>,
    work: Work,
    depth: u8,
    remote_addr: Option<IpAddr>,
    texts: Texts,
    captured: AtomicBool,
    end: Mutex<Option<RequestEnd>>,
    /// Allocated on the first write; most requests write nothing.
    notes: OnceLock<Box<Mutex<Notes>>>,
}

// === impl Scope ===

impl Scope {
    /// Creates a scope for work that is no request, with an ID of its own.
    #[must_use]
    pub fn new(monitor: &Monitor) -> Self {
        Self::for_job(monitor, "")
    }

    /// Creates the scope of a job. The job's name takes the place of a request's route.
    pub(crate) fn for_job(monitor: &Monitor, name: &str) -> Self {
        // Work that a request causes belongs to the request's trace.
        let (id, around) = (RequestId::new(), current());
        let begin = || monitor.sample(TraceContext::of_request(&id));
        let trace = around.map_or_else(begin, |around| around.trace().child());
        Self::create(monitor, Work::Job, RequestFacts { trace, ..RequestFacts::new(id, KnownMethod::Other, name) })
    }

    /// Creates a scope inside the current one, if there is one.
    #[inline]
    fn create(monitor: &Monitor, work: Work, facts: RequestFacts<'_>) -> Self {
        // Bounded depth: a chain of jobs that start jobs would otherwise keep every ancestor alive.
        let parent = current().filter(|parent| parent.0.depth < MAX_DEPTH);
        let mut inner = Arc::new(Inner {
            monitor: monitor.clone(),
            depth: parent.as_ref().map_or(0, |parent| parent.0.depth + 1),
            parent,
            id: facts.id,
            trace: facts.trace,
            client_trace_id: facts.client_trace_id,
            method: facts.method,
            texts: Texts::NONE,
            remote_addr: facts.remote_addr,
            route: facts.series.is_none().then(|| facts.route.into()),
            untracked: facts.untracked,
            is_unmatched: facts.route == names::UNMATCHED,
            series: facts.series,
            work,
            captured: AtomicBool::new(false),
            end: Mutex::new(None),
            notes: OnceLock::new(),
        });
        if let Some(inner) = Arc::get_mut(&mut inner) {
            let texts = [facts.path.as_bytes(), ascii(facts.user_agent), facts.client_request_id.as_bytes()];
            inner.texts.fill(texts);
        }
        Self(inner)
    }

    /// Runs `f` inside this scope.
    pub fn in_scope<R>(&self, f: impl FnOnce() -> R) -> R {
        ScopeSlot::new(self.clone()).in_scope(f)
    }

    /// Returns the monitor this scope reports to.
    #[must_use]
    pub fn monitor(&self) -> &Monitor {
        &self.0.monitor
    }

    /// Returns the request's ID.
    #[must_use]
    pub fn id(&self) -> &RequestId {
        &self.0.id
    }

    /// Returns the place in the trace. Requests to other services on behalf of this work are its children.
    #[must_use]
    pub fn trace(&self) -> &TraceContext {
        &self.0.trace
    }

    /// Returns the trace ID the client sent, if it was valid but its trace was not continued.
    #[must_use]
    pub fn client_trace_id(&self) -> Option<TraceId> {
        self.0.client_trace_id
    }

    /// Returns the request's method.
    #[must_use]
    pub fn method(&self) -> KnownMethod {
        self.0.method
    }

    /// Returns the route's template, [`names::UNMATCHED`] if none matched, the name of a job, or an empty text for any
    /// other work.
    #[must_use]
    pub fn route(&self) -> &str {
        let counted = || Some(self.monitor().traffic()?.recorder().route(self.0.series?));
        self.0.route.as_deref().or_else(counted).unwrap_or_default()
    }

    /// Returns the path as the client sent it, unredacted.
    #[must_use]
    pub fn path(&self) -> &str {
        text(self.0.texts.at(0))
    }

    /// Returns the `User-Agent` header, unredacted, or an empty text if it is not ASCII.
    #[must_use]
    pub fn user_agent(&self) -> &str {
        text(self.0.texts.at(1))
    }

    /// Returns the ID the client sent, validated, or an empty text.
    #[must_use]
    pub fn client_request_id(&self) -> &str {
        text(self.0.texts.at(2))
    }

    /// Returns the client's address, truncated unless full addresses are enabled.
    #[must_use]
    pub fn remote_addr(&self) -> Option<IpAddr> {
        self.0.remote_addr
    }

    /// Returns the user set by [`set_user`].
    #[must_use]
    pub fn user(&self) -> Option<String> {
        self.noted()?.user.clone()
    }

    /// Passes the fingerprint set for this scope's events to `f`; an empty slice if none is set.
    pub(crate) fn with_fingerprint<R>(&self, f: impl FnOnce(&[String]) -> R) -> R {
        match self.noted() {
            Some(notes) => f(&notes.fingerprint),
            None => f(&[]),
        }
    }

    /// Returns whether this is the scope of a request, as opposed to a job or other work.
    #[must_use]
    pub fn is_request(&self) -> bool {
        self.0.work == Work::Request
    }

    pub(crate) fn is_untracked(&self) -> bool {
        self.0.untracked
    }

    /// Returns this scope and its ancestors, innermost first.
    fn and_around(&self) -> impl Iterator<Item = &Self> {
        successors(Some(self), |scope| scope.0.parent.as_ref())
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.notes.get_or_init(Box::default).lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the data written to this scope, or `None` if none was.
    fn noted(&self) -> Option<MutexGuard<'_, Notes>> {
        self.0.notes.get().map(|notes| notes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("id", &self.id()).field("route", &self.route()).finish_non_exhaustive()
    }
}

/// Converts stored bytes back to text. They were text before, or are ASCII, so the conversion does not fail.
fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap_or_default()
}

fn ascii(bytes: &[u8]) -> &[u8] {
    if bytes.is_ascii() { bytes } else { b"" }
}

const MAX_DEPTH: u8 = 16;

#[cfg(test)]
mod tests;
