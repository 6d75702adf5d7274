//! Counters and gauges of requests, by method and route.

use std::sync::Arc;

use metrics::{Label, SharedString};
use monitor_core::{Outcome, names, traffic::RouteCounts};

use super::{Emit, Family, Series::OfRoute, Value, flag};
use crate::snapshot::Route;

pub(super) static FAMILIES: &[Family] = &[
    Family::counter(names::STARTED, "Requests that entered the service.", OfRoute(started)),
    Family::counter(names::OUTCOMES, "How requests ended.", OfRoute(outcomes)),
    Family::counter(names::REQUESTS, "Requests that ended.", OfRoute(requests)),
    Family::counter(names::ERRORS, "Requests that failed.", OfRoute(errors)),
    Family::counter(names::PANICS, "Panics in a service or in a response body.", OfRoute(panics)),
    Family::counter(names::REFUSED, "Requests refused because the route is disabled.", OfRoute(refused)),
    Family::gauge(names::ROUTE_DISABLED, "1 if the route is disabled.", OfRoute(disabled)),
    Family::gauge(names::ACTIVE, "Requests in flight.", OfRoute(active)),
    Family::gauge(names::UPGRADED, "Upgraded connections that are open.", OfRoute(upgraded)),
];

fn started(route: &Route, emit: &mut Emit<'_>) {
    emit(labels(&route.counts), Value::Counter(route.counts.started));
}

fn outcomes(Route { counts, .. }: &Route, emit: &mut Emit<'_>) {
    for &outcome in Outcome::ALL {
        let count = counts.outcome(outcome);
        if count > 0 || outcome == Outcome::Completed {
            emit(with(labels(counts), names::OUTCOME, outcome.as_str()), Value::Counter(count));
        }
    }
}

fn requests(Route { counts, .. }: &Route, emit: &mut Emit<'_>) {
    for status in &counts.statuses {
        emit(with(labels(counts), names::STATUS, status.status.to_string()), Value::Counter(status.count()));
    }
}

fn errors(Route { counts, .. }: &Route, emit: &mut Emit<'_>) {
    for (kind, count) in counts.failures() {
        emit(with(labels(counts), names::ERROR_TYPE, kind.label()), Value::Counter(count));
    }
}

fn panics(Route { counts, .. }: &Route, emit: &mut Emit<'_>) {
    let panics = counts.outcome(Outcome::Panic) + counts.outcome(Outcome::PanicInBody);
    // A series of a declared route exists at 0, so that an alert on an increase sees the first one.
    if panics > 0 || counts.declared {
        emit(labels(counts), Value::Counter(panics));
    }
}

fn refused(Route { counts, .. }: &Route, emit: &mut Emit<'_>) {
    let refused = counts.outcome(Outcome::Refused);
    if refused > 0 || counts.declared {
        emit(labels(counts), Value::Counter(refused));
    }
}

fn disabled(route: &Route, emit: &mut Emit<'_>) {
    emit(labels(&route.counts), Value::Gauge(flag(route.is_disabled)));
}

fn active(Route { counts, .. }: &Route, emit: &mut Emit<'_>) {
    emit(labels(counts), Value::Gauge(counts.active() as f64));
}

fn upgraded(Route { counts, .. }: &Route, emit: &mut Emit<'_>) {
    if let Some(connections) = &counts.connections {
        emit(labels(counts), Value::Gauge(connections.active() as f64));
    }
}

pub(super) fn labels(counts: &RouteCounts) -> Vec<Label> {
    let (method, route) = (counts.method.as_str(), Arc::clone(&counts.route));
    vec![Label::new(names::METHOD, method), Label::new(names::ROUTE, route)]
}

pub(super) fn with(mut labels: Vec<Label>, name: &'static str, value: impl Into<SharedString>) -> Vec<Label> {
    labels.push(Label::new(name, value));
    labels
}
