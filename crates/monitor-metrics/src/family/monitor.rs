//! Metrics of the monitor itself: issues, drops, the build and the process.

use metrics::Label;
use monitor_core::{EventKind, names};

use super::{Emit, Family, Series::OfMonitor, Value};
use crate::snapshot::Snapshot;

pub(super) static FAMILIES: &[Family] = &[
    Family::counter(names::READY_ERRORS, "Errors and panics of poll_ready.", OfMonitor(ready_errors)),
    Family::counter(names::ISSUES, "Issues opened.", OfMonitor(issues)),
    Family::counter(names::REGRESSIONS, "Resolved issues that occurred again.", OfMonitor(regressions)),
    Family::counter(names::DROPPED, "Events, signals and series that were dropped.", OfMonitor(dropped)),
    Family::gauge(names::BUILD_INFO, "The release that runs; always 1.", OfMonitor(build)),
    Family::gauge(
        names::START_TIME,
        "Start time of the process, in seconds since the Unix epoch.",
        OfMonitor(start_time),
    ),
];

fn ready_errors(snapshot: &Snapshot, emit: &mut Emit<'_>) {
    emit(Vec::new(), Value::Counter(snapshot.ready_errors));
}

fn issues(snapshot: &Snapshot, emit: &mut Emit<'_>) {
    each_kind(&snapshot.opened_issues, emit);
}

fn regressions(snapshot: &Snapshot, emit: &mut Emit<'_>) {
    each_kind(&snapshot.regressed_issues, emit);
}

fn each_kind(counts: &[(EventKind, u64)], emit: &mut Emit<'_>) {
    for (kind, count) in counts {
        emit(vec![Label::new("kind", kind.as_str())], Value::Counter(*count));
    }
}

fn dropped(snapshot: &Snapshot, emit: &mut Emit<'_>) {
    for dropped in &snapshot.dropped {
        let reporter = Label::new("reporter", dropped.reporter.clone());
        emit(vec![reporter, Label::new("reason", dropped.reason.as_str())], Value::Counter(dropped.count));
    }
}

fn build(snapshot: &Snapshot, emit: &mut Emit<'_>) {
    let version = Label::new("version", snapshot.release.clone());
    emit(vec![version, Label::new("revision", snapshot.revision.clone())], Value::Gauge(1.0));
}

fn start_time(snapshot: &Snapshot, emit: &mut Emit<'_>) {
    emit(Vec::new(), Value::Gauge(snapshot.started_at));
}
