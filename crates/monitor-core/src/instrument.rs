//! Functions for layers and log formats: the lifecycle of a request, its redacted texts, and panics.
//!
//! Programs use these through `monitor-tower`, `monitor-log` and the other crates of this project. **Anything here may
//! change in any release**, so the facade `monitor-kit` leaves this module out.
//!
//! # The lifecycle of a request
//!
//! A layer creates a [`Series`] and a scope at the start of a request, runs every poll in a [`ScopeSlot`], and records
//! the end once:
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! use monitor_core::{FinalStatus, KnownMethod, Monitor, Outcome, RequestId};
//! use monitor_core::instrument::{self, RequestEnd, RequestFacts, ScopeSlot};
//!
//! let monitor = Monitor::builder("shop").build()?;
//! let recorder = instrument::recorder(&monitor).expect("the monitor is not disabled");
//!
//! let series = recorder.series(KnownMethod::Get, "/items/{id}");
//! let facts = RequestFacts::new(RequestId::new(), KnownMethod::Get, "/items/{id}");
//! let scope = RequestFacts { path: "/items/7", series: Some(series), ..facts }.into_scope(&monitor);
//! recorder.start(series);
//!
//! let status = ScopeSlot::new(scope.clone()).in_scope(|| 200);
//!
//! let ending = FinalStatus::new(Outcome::Completed, status);
//! let duration = Duration::from_millis(3);
//! recorder.end(series, ending, duration);
//! RequestEnd { ending, at: Instant::now(), duration }.record(&scope);
//! # Ok::<(), monitor_core::BuildError>(())
//! ```

pub use crate::{
    capture::failed_response::{capture_grpc_status, capture_status},
    model::source_path,
    scope::{
        redacted_request::{RedactedRequest, RedactedText},
        request_facts::{REQUEST_TARGET, RequestEnd, RequestFacts},
        slot::{ScopeSlot, with_current},
    },
    traffic::recorder::{Series, TrafficRecorder},
};
use crate::{
    model::trace_headers::TraceHeaders,
    monitor::Monitor,
    traffic::{Traffic, outgoing::ClientOutcome},
};

/// Returns the traffic counters of `monitor`, to write to; `None` if it is disabled.
#[must_use]
pub fn recorder(monitor: &Monitor) -> Option<&TrafficRecorder> {
    monitor.traffic().map(Traffic::recorder)
}

/// Returns the formats of traces besides `traceparent`.
#[must_use]
#[inline]
pub fn trace_headers(monitor: &Monitor) -> &[Box<dyn TraceHeaders>] {
    monitor.inner().map_or(&[], |inner| inner.shared.trace_headers.0.as_slice())
}

/// Counts an outgoing request by the class of its host and by its outcome. There are at most 32 host classes; further
/// classes share [`names::OVERFLOW`](crate::names::OVERFLOW), and each of their requests is counted as dropped with
/// reason `series_limit`.
pub fn count_outgoing(monitor: &Monitor, host_class: &'static str, outcome: ClientOutcome) {
    if let Some(outgoing) = monitor.outgoing() {
        outgoing.count(host_class, outcome);
    }
}

/// Catching panics, and the panic hook's note about a caught one.
pub mod panic {
    pub use crate::panic::{
        CaughtPanic, PanicMode, catch, catch_and_drop, catch_printed, drop_payload, once, run, with_result,
    };
}

/// Formatting of the program's values, bounded and without panics.
pub mod text {
    pub use crate::text::{FORMATTING_FAILED, format, write};
}
