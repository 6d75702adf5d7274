//! The ground floor of monitor-kit: the [`Monitor`] handle, [scopes](scope), [traces](TraceContext), capture, issues,
//! [reporters](Reporter), [traffic], [outgoing requests](Outgoing) and the switch that [takes routes out of
//! service](Monitor::disable_route). It knows no HTTP type, no tower and no async runtime.
//!
//! Most programs use it through `monitor-tower`, whose layer opens a scope for every request and captures what goes
//! wrong in it. What a program adds by itself is a line here and there:
//!
//! ```
//! use monitor_kit::{CaptureExt, scope};
//!
//! fn price(text: &str) -> Option<u32> {
//!     scope::set_tag("feature", "pricing");
//!     text.parse().capture().ok()
//! }
//! # assert_eq!(price("7"), Some(7));
//! ```
//!
//! # The way of an error
//!
//! On the thread it happens on, an error is counted at its source, a pair of place and route. Ten of each source and
//! minute are captured whole and handed to the intake, a thread of its own, which resolves, redacts, groups them into
//! [issues](Issue) and tells every reporter. A queue that is full drops and counts; nothing here ever blocks a request.
//!
//! # Features
//!
//! - `tokio`: `spawn_supervised`, which ties a task's panic to the request that spawned it.
//! - `test-util`: `MemoryReporter`, which keeps what was reported for a test to look at, and `clock::WrongClock`.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod base;
mod builder;
mod capture;
mod event;
mod health;
#[cfg(all(test, shuttle))]
mod interleavings;
mod issue;
mod model;
mod monitor;
pub mod panic;
mod persist;
pub mod redact;
pub mod scope;
mod signal;
mod switch;
mod symbols;
pub mod text;
pub mod traffic;

#[cfg(feature = "anyhow")]
pub use self::capture::capture_anyhow;
#[cfg(feature = "tokio")]
pub use self::capture::spawn::{spawn_blocking_supervised, spawn_supervised};
#[cfg(feature = "test-util")]
pub use self::signal::memory_reporter::MemoryReporter;
pub use self::{
    base::{
        clock,
        drops::{Dropped, Drops, Reason},
        error::{BoxError, BuildError},
        escape,
    },
    builder::MonitorBuilder,
    capture::{
        CaptureExt, capture_error, capture_message,
        job::{Job, JobOutput},
        observed::ObservedError,
    },
    event::{
        ErrorEvent, EventKind, Excerpt, Frame,
        any_error::AnyError,
        error_types::Cause,
        grouping::{self, Grouping},
    },
    health::{HealthChange, HealthReading, HealthStatus, ProbeReading},
    issue::{
        ErasedUser, HourCount, Issue, IssueChange, IssueError, IssuePage, IssueQuery, IssueSort, IssueState,
        IssueStatus, MutedUntil, Regression, Triage,
    },
    model::{
        code_location::CodeLocation,
        fingerprint::Fingerprint,
        grpc_code::GrpcCode,
        identity::Identity,
        level::Level,
        method::Method,
        names,
        outcome::{Ending, ErrorType, Outcome},
        request_id::RequestId,
        trace_context::{SpanId, TraceContext, TraceId},
    },
    monitor::{Monitor, bridge::Bridge},
    persist::{Access, Change, Persist},
    redact::{Addresses, Redaction},
    scope::{Scope, ScopeFutureExt},
    signal::{Signal, log_reporter::LogReporter, reporter::Reporter},
    switch::{DisableRoute, DisabledRoute, EnabledRoute, SwitchError},
    traffic::{
        JobCounts, JobOutcome, Traffic,
        outgoing::{ClientOutcome, HostCounts, Outgoing},
    },
};
