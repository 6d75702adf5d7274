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

// The floors, from the ground up: a module uses only those above it in this list. `cargo xtask lint` checks it.

// Time, threads, text, JSON and panics of code that is not ours: no word of the domain.
mod base;

// The nouns: request ID, trace, method, outcome, fingerprint, names of metrics, a place in the source.
mod model;

// Backtraces as addresses, and their functions and lines.
mod symbols;

// Masking of what must not leave the process.
pub mod redact;

// A caught panic and its note: where it happened.
pub mod panic;

// Formatting of the program's own values, bounded and without panics.
pub mod text;

// Counters of requests, outgoing requests and jobs. They count, and do nothing else.
pub mod traffic;

// One failure as data: its cause, frames, scope, and what it is grouped by.
mod event;

// What a storage has to do.
mod persist;

// Events of one fingerprint: throttled at their source, counted, sampled, decided on, stored.
mod issue;

// Which routes are disabled.
mod switch;

// How well a service is, as data.
mod health;

// What reporters receive, and the queue of each.
mod signal;

// The handle and its threads: intake, resolver, saver, housekeeping with the bridge to a recorder.
mod monitor;

// The unit of work in hand, and what is noted of it.
pub mod scope;

// From an error, a panic or a job that fails to an event on its way to the intake.
mod capture;

// Settings, checked; and how a monitor starts.
mod builder;

#[cfg(all(test, shuttle))]
mod interleavings;

#[cfg(feature = "anyhow")]
pub use self::capture::capture_anyhow;
#[cfg(feature = "tokio")]
pub use self::capture::spawn::{spawn_blocking_supervised, spawn_supervised};
#[cfg(feature = "test-util")]
pub use self::signal::memory_reporter::MemoryReporter;
pub use self::{
    base::{
        clock,
        drops::{DropCount, DropCounter, DropReason},
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
        grouping::{self, Grouping},
        type_names::Cause,
    },
    health::{HealthChange, HealthReading, HealthStatus, ProbeReading},
    issue::{
        ErasedUser, HourCount, Issue, IssueChange, IssueDecision, IssueError, IssuePage, IssueQuery, IssueSort,
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
        outcome::{ErrorType, FinalStatus, Outcome},
        request_id::RequestId,
        source_path,
        trace_context::{SpanId, TraceContext, TraceId},
    },
    monitor::{Monitor, PanicHook, bridge::Bridge},
    persist::{Persist, StoreState, StoreWrite},
    redact::{IpMasking, Redaction},
    scope::{Scope, ScopeFutureExt},
    signal::{Signal, log_reporter::LogReporter, reporter::Reporter},
    switch::{DisableRoute, DisabledRoute, EnabledRoute, SwitchError},
    traffic::{
        JobCounts, JobOutcome, Traffic,
        outgoing::{ClientCounts, ClientOutcome, Outgoing},
    },
};
