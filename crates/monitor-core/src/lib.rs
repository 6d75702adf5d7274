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

mod any_error;
mod builder;
mod capture;
pub mod clock;
mod code_location;
mod drops;
mod error;
mod error_types;
pub mod escape;
mod event;
mod fingerprint;
pub mod grouping;
mod grpc_code;
mod health;
mod hex;
mod housekeeping;
mod identity;
mod intake;
#[cfg(all(test, shuttle))]
mod interleavings;
mod issue;
mod job;
mod json;
mod keeper;
mod level;
mod log_reporter;
mod mark;
#[cfg(feature = "test-util")]
mod memory_reporter;
mod method;
mod monitor;
pub mod names;
mod observed;
mod outcome;
mod outgoing;
pub mod panic;
mod panic_hook;
mod panic_payload;
mod persist;
mod queue;
pub mod redact;
mod reporter;
mod request_id;
mod resolver;
mod rules;
pub mod scope;
mod shared;
mod signal;
mod source;
mod source_path;
#[cfg(feature = "tokio")]
mod spawn;
mod switch;
mod symbols;
mod sync;
pub mod text;
mod trace_context;
pub mod traffic;
mod unwind;

#[cfg(feature = "anyhow")]
pub use self::capture::capture_anyhow;
#[cfg(feature = "test-util")]
pub use self::memory_reporter::MemoryReporter;
#[cfg(feature = "tokio")]
pub use self::spawn::{spawn_blocking_supervised, spawn_supervised};
pub use self::{
    any_error::AnyError,
    builder::MonitorBuilder,
    capture::{CaptureExt, capture_error, capture_message},
    code_location::CodeLocation,
    drops::{Dropped, Drops, Reason},
    error::{BoxError, BuildError},
    error_types::Cause,
    event::{ErrorEvent, EventKind, Excerpt, Frame},
    fingerprint::Fingerprint,
    grouping::Grouping,
    grpc_code::GrpcCode,
    health::{HealthChange, HealthReading, HealthStatus, ProbeReading},
    identity::Identity,
    issue::{
        ErasedUser, HourCount, Issue, IssueChange, IssueError, IssuePage, IssueQuery, IssueSort, IssueState,
        IssueStatus, MutedUntil, Regression, Triage,
    },
    job::{Job, JobOutput},
    level::Level,
    log_reporter::LogReporter,
    method::Method,
    monitor::Monitor,
    observed::ObservedError,
    outcome::{Ending, ErrorType, Outcome},
    outgoing::{ClientOutcome, HostCounts, Outgoing},
    persist::{Access, Change, Persist},
    redact::{Addresses, Redaction},
    reporter::Reporter,
    request_id::RequestId,
    scope::{Scope, ScopeFutureExt},
    signal::Signal,
    switch::{DisableRoute, DisabledRoute, EnabledRoute, SwitchError},
    trace_context::{SpanId, TraceContext, TraceId},
    traffic::{Bridge, JobCounts, JobOutcome, Traffic},
};
