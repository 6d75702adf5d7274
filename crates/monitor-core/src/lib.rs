//! The core of monitor-kit: the [`Monitor`] handle, [scopes](scope), [traces](TraceContext), capture, issues,
//! [reporters](Reporter), [traffic], [outgoing requests](Outgoing) and the switch that [disables
//! routes](Monitor::disable_route). It knows no HTTP type, no tower and no async runtime.
//!
//! Most programs use it through `monitor-tower`. Its layer opens a scope for every request and captures its failures.
//! A program adds a line of its own here and there:
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
//! # The path of an error
//!
//! On the thread where it happens, an error is counted at its site, a pair of location and route. The first ten errors
//! of each site and minute are captured and sent to the intake, a thread that redacts them. Another thread, the
//! resolver, resolves their backtraces, groups the errors into [issues](Issue), and notifies all reporters. A full
//! queue drops and counts; nothing here ever blocks a request.
//!
//! # Features
//!
//! - `tokio`: `spawn_supervised`, which links the panic of a task to the request that spawned it.
//! - `test-util`: `MemoryReporter`, which records all signals for tests, and `clock::WrongClock`.

#![cfg_attr(docsrs, feature(doc_cfg))]

// The floors, from the ground up: a module uses only those above it in this list. `cargo xtask lint` checks this.

// Time, threads, text, JSON, and catching panics of foreign code. No types of the domain.
mod base;

// The types of the domain: request ID, trace, method, outcome, fingerprint, names of metrics, location in the source.
mod model;

// Backtraces: captured as addresses, resolved to functions and lines.
mod symbols;

// A caught panic, and the hook's note about it.
mod panic;

// Formatting of the program's values, bounded and without panics.
mod text;

// Counters of requests, outgoing requests and jobs.
pub mod traffic;

// One failure as data: its cause, frames, scope and grouping.
mod event;

// The traits of a storage and of the state in it, and the heartbeats that it records.
mod persist;

// Issues: events of one fingerprint, throttled at their site, counted, sampled, and stored.
mod issue;

// History: minutes and hours of traffic and of issues.
mod history;

// The switch that disables routes.
mod switch;

// Health readings, as data.
mod health;

// Counts of alerts' notifications, as data.
mod alerts;

// Signals, reporters, and the queue of each reporter.
mod signal;

// The handle and its threads: intake, resolver, saver, and housekeeping with periodic tasks.
mod monitor;

// Extensions: siblings that act on signals and windows, each on its own thread.
mod extension;

// Scopes: the current unit of work, and the data recorded for it.
pub mod scope;

// Capture: from an error, a panic or a failed job to an event for the intake.
mod capture;

// The builder: settings, their checks, and the start of a monitor.
mod builder;

// The functions of layers and log formats, which may change in any release.
pub mod instrument;

#[cfg(all(test, shuttle))]
mod interleavings;

#[cfg(feature = "anyhow")]
pub use self::capture::error::capture_anyhow;
#[cfg(feature = "tokio")]
pub use self::capture::spawn::{spawn_blocking_supervised, spawn_supervised};
#[cfg(feature = "test-util")]
pub use self::signal::memory_reporter::MemoryReporter;
pub use monitor_redact::{IpMasking, Redaction};

pub use self::{
    alerts::AlertCounts,
    base::{
        clock,
        drops::{DropCount, DropCounter, DropReason},
        error::{BoxError, BuildError},
        escape,
    },
    builder::{MonitorBuilder, errors::ErrorSettings, limits::Limits},
    capture::{
        error::{CaptureExt, capture_error},
        job::{Job, JobOutput},
        message::capture_message,
    },
    event::{
        ErrorEvent, EventKind, Excerpt, Failure, Frame,
        any_error::AnyError,
        grouping::{self, Grouping},
        type_names::Cause,
    },
    extension::Extension,
    health::{HealthChange, HealthReading, HealthStatus, ProbeReading},
    history::{History, HistoryCounts, HistoryReplay, HistorySlot, ReplayedSlot, RouteHistory},
    issue::{
        ErasedUser, HourCount, Issue, IssueChange, IssueDecision, IssueError, IssueMilestone, IssuePage, IssueQuery,
        IssueSort, IssueStatus, MutedUntil, Regression, Triage,
    },
    model::{
        code_location::CodeLocation,
        fingerprint::Fingerprint,
        grpc_code::GrpcCode,
        identity::Identity,
        level::Level,
        method::KnownMethod,
        names,
        outcome::{ErrorType, FinalStatus, Outcome},
        request_id::RequestId,
        trace_context::{SpanId, TraceContext, TraceId},
        trace_headers::TraceHeaders,
    },
    monitor::{Monitor, PanicHook, weak::WeakMonitor},
    persist::{
        Persist, StoreState, StoreWrite,
        durable::{Durable, KeyPrefix, MergeReport},
        eraser::Eraser,
        heartbeat::{LastEnd, ProcessEnded, ProcessHeartbeat},
    },
    scope::{Scope, ScopeFutureExt},
    signal::{Signal, log_reporter::LogReporter, reporter::Reporter},
    switch::{DisableRoute, DisabledRoute, EnabledRoute, SwitchError},
    traffic::{
        JobCounts, JobOutcome, Traffic,
        outgoing::{ClientCounts, ClientOutcome, Outgoing},
    },
};
