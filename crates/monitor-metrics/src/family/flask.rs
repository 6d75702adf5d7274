//! Metrics under the names of Prometheus' Flask exporter, for existing dashboards.
//!
//! | metric | labels |
//! | --- | --- |
//! | `flask_http_request_total` | `method`, `status` |
//! | `flask_http_request_exceptions_total`: panics and errors instead of a response | `method`, `status` |
//! | `flask_http_request_duration_seconds` | `method`, `path` (the route's template), `status` |
//! | `flask_exporter_info` | `version` (the release) |

use std::{collections::BTreeMap, sync::Arc};

use metrics::{Label, Unit};
use monitor_core::{Outcome, names, traffic::RouteCounts};

use super::{
    Emit, Family, Histogram,
    Series::{OfMonitor, OfRoute},
    Value,
};
use crate::{
    scale,
    snapshot::{Route, Snapshot},
};

pub(crate) static FAMILIES: &[Family] = &[
    Family::counter("flask_http_request_total", "Requests that ended.", OfMonitor(requests)),
    Family::counter(
        "flask_http_request_exceptions_total",
        "Requests that ended with an exception.",
        OfMonitor(exceptions),
    ),
    Family::histogram(names::FLASK_DURATION, Unit::Seconds, "Seconds a request took.", OfRoute(durations)),
    Family::gauge("flask_exporter_info", "The release that runs; always 1.", OfMonitor(info)),
];

fn requests(snapshot: &Snapshot, emit: &mut Emit<'_>) {
    let mut totals = BTreeMap::new();
    for Route { counts, .. } in &snapshot.routes {
        for status in &counts.statuses {
            *totals.entry((counts.method.as_str(), status.status)).or_default() += status.count();
        }
    }
    each_status(totals, emit);
}

fn exceptions(snapshot: &Snapshot, emit: &mut Emit<'_>) {
    let mut exceptions = BTreeMap::new();
    for Route { counts, .. } in &snapshot.routes {
        let raised = counts.outcome(Outcome::Panic) + counts.outcome(Outcome::ServiceError);
        if raised > 0 || counts.declared {
            *exceptions.entry((counts.method.as_str(), 500)).or_default() += raised;
        }
    }
    each_status(exceptions, emit);
}

fn each_status(counts: BTreeMap<(&'static str, u16), u64>, emit: &mut Emit<'_>) {
    for ((method, status), count) in counts {
        emit(labels(method, status), Value::Counter(count));
    }
}

fn durations(Route { counts, .. }: &Route, emit: &mut Emit<'_>) {
    for status in &counts.statuses {
        let (scale, buckets, settled) = (&scale::DURATION, &status.buckets, counts.settled);
        emit(path_labels(counts, status.status), Value::Histogram(Histogram { scale, buckets, settled }));
    }
}

fn info(snapshot: &Snapshot, emit: &mut Emit<'_>) {
    emit(vec![Label::new("version", snapshot.release.clone())], Value::Gauge(1.0));
}

fn path_labels(counts: &RouteCounts, status: u16) -> Vec<Label> {
    let mut labels = labels(counts.method.as_str(), status);
    labels.push(Label::new("path", Arc::clone(&counts.route)));
    labels
}

fn labels(method: &'static str, status: u16) -> Vec<Label> {
    vec![Label::new("method", method), Label::new("status", status.to_string())]
}
