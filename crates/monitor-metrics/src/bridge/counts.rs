//! All counts of a monitor, and the metrics they are published as.

use std::sync::Arc;

use metrics::{Label, SharedString};
use monitor_core::{
    ClientCounts, ClientOutcome, DropCount, HealthReading, Identity, JobCounts, JobOutcome, Monitor, Outcome, clock,
    names,
    traffic::{RouteCounts, Traffic},
};

use super::{scale, sink::Sink};

/// The counts of a monitor. Those of the routes are read once, so that all metrics of one publication agree.
pub(super) struct Counts<'a> {
    monitor: &'a Monitor,
    pub(super) identity: &'a Identity,
    pub(super) routes: Vec<RouteCounts>,
}

impl<'a> Counts<'a> {
    /// Reads the counts, or returns `None` if the monitor is disabled.
    pub(super) fn of(monitor: &'a Monitor) -> Option<Self> {
        let (identity, traffic) = (monitor.identity()?, monitor.traffic()?);
        Some(Self { monitor, identity, routes: traffic.read() })
    }

    pub(super) fn publish(&self, sink: &mut Sink<'_>) {
        let now = clock::now();
        for route in &self.routes {
            let is_disabled = self.monitor.find_disabled(route.method, &route.route, &route.route, now).is_some();
            sink.gauge(names::ROUTE_DISABLED, labels(route), f64::from(u8::from(is_disabled)));
            publish_counts(sink, route);
            publish_histograms(sink, route);
        }
        for host in self.monitor.outgoing().into_iter().flat_map(|outgoing| outgoing.read()) {
            publish_client(sink, &host);
        }
        for job in self.monitor.jobs() {
            publish_job(sink, &job);
        }
        if let Some(health) = self.monitor.health() {
            publish_health(sink, &health);
        }
        self.publish_monitor(sink);
    }

    fn publish_monitor(&self, sink: &mut Sink<'_>) {
        let ready_errors = self.monitor.traffic().map_or(0, Traffic::ready_errors);
        sink.counter(names::READY_ERRORS, Vec::new(), ready_errors);
        for (kind, count) in self.monitor.opened_issues() {
            sink.counter(names::ISSUES, vec![Label::new("kind", kind.as_str())], count);
        }
        for (kind, count) in self.monitor.regressed_issues() {
            sink.counter(names::REGRESSIONS, vec![Label::new("kind", kind.as_str())], count);
        }
        for DropCount { reporter, reason, count, .. } in self.monitor.dropped() {
            let labels = vec![Label::new("reporter", reporter), Label::new("reason", reason.as_str())];
            sink.counter(names::DROPPED, labels, count);
        }
        let build = vec![
            Label::new("version", self.identity.release().to_owned()),
            Label::new("revision", self.identity.revision().to_owned()),
        ];
        sink.gauge(names::BUILD_INFO, build, 1.0);
    }
}

fn publish_counts(sink: &mut Sink<'_>, route: &RouteCounts) {
    let labels = || labels(route);
    sink.counter(names::STARTED, labels(), route.started);
    sink.gauge(names::ACTIVE, labels(), route.active() as f64);
    for &outcome in Outcome::ALL {
        let count = route.outcome(outcome);
        if count > 0 || outcome == Outcome::Completed {
            sink.counter(names::OUTCOMES, with(labels(), names::OUTCOME, outcome.as_str()), count);
        }
    }
    for status in &route.statuses {
        sink.counter(names::REQUESTS, with(labels(), names::STATUS, status.status.to_string()), status.count());
    }
    for (kind, count) in route.failures() {
        sink.counter(names::ERRORS, with(labels(), names::ERROR_TYPE, kind.label()), count);
    }
    let refused = route.outcome(Outcome::Refused);
    // A series of a declared route exists at 0, so that an alert on an increase sees the first one.
    if refused > 0 || route.declared {
        sink.counter(names::REFUSED, labels(), refused);
    }
    let panics = route.outcome(Outcome::Panic) + route.outcome(Outcome::PanicInBody);
    if panics > 0 || route.declared {
        sink.counter(names::PANICS, labels(), panics);
    }
}

fn publish_histograms(sink: &mut Sink<'_>, route: &RouteCounts) {
    for status in &route.statuses {
        // Read during the end of a request, sum and count may not match: they are left to the next publication.
        let durations = Some(&status.buckets).filter(|_| route.settled);
        for (name, scale, buckets) in [
            (names::DURATION, &scale::DURATION, durations),
            (names::TIME_TO_FIRST_BYTE, &scale::DURATION, status.first_bytes.as_ref()),
            (names::RESPONSE_BODY_SIZE, &scale::SIZE, status.sizes.as_ref()),
        ] {
            if let Some(buckets) = buckets {
                let labels = with(labels(route), names::STATUS, status.status.to_string());
                sink.histogram(name, labels, scale, buckets);
            }
        }
    }
    if let Some(connections) = &route.connections {
        sink.gauge(names::UPGRADED, labels(route), connections.active() as f64);
        sink.histogram(names::UPGRADED_DURATION, labels(route), &scale::CONNECTION, &connections.lifetimes);
    }
}

fn publish_client(sink: &mut Sink<'_>, host: &ClientCounts) {
    for &answer in ClientOutcome::ALL {
        let class = vec![Label::new(names::HOST_CLASS, host.host_class)];
        let labels = with(class, names::STATUS_CLASS, answer.as_str());
        sink.counter(names::CLIENT_REQUESTS, labels, host.count(answer));
    }
}

fn publish_job(sink: &mut Sink<'_>, job: &JobCounts) {
    let labels = || vec![Label::new("job", job.job.clone())];
    sink.counter(names::JOBS_STARTED, labels(), job.started);
    sink.gauge(names::JOBS_ACTIVE, labels(), job.active() as f64);
    for &outcome in JobOutcome::ALL {
        sink.counter(names::JOBS, with(labels(), names::OUTCOME, outcome.as_str()), job.outcome(outcome));
    }
    if let Some(at) = job.last_success {
        sink.gauge(names::JOB_LAST_SUCCESS, labels(), clock::millis(at) as f64 / 1000.0);
    }
    if job.settled {
        sink.histogram(names::JOB_DURATION, labels(), &scale::DURATION, &job.durations);
    }
}

fn publish_health(sink: &Sink<'_>, health: &HealthReading) {
    sink.gauge(names::HEALTH_READY, Vec::new(), f64::from(u8::from(health.is_ready)));
    sink.gauge(names::HEALTH_DRAINING, Vec::new(), f64::from(u8::from(health.is_draining)));
    for probe in &health.probes {
        let labels = || vec![Label::new(names::PROBE, probe.probe.clone())];
        sink.gauge(names::PROBE_STATUS, labels(), probe.status.as_gauge());
        sink.gauge(names::PROBE_DURATION, labels(), probe.last_run.as_secs_f64());
    }
}

fn labels(route: &RouteCounts) -> Vec<Label> {
    vec![Label::new(names::METHOD, route.method.as_str()), Label::new(names::ROUTE, Arc::clone(&route.route))]
}

fn with(mut labels: Vec<Label>, name: &'static str, value: impl Into<SharedString>) -> Vec<Label> {
    labels.push(Label::new(name, value));
    labels
}
