//! The bridge: publishes the monitor's counters, gauges and histograms to a recorder of the `metrics` facade.
//!
//! | metric | method | effect |
//! | --- | --- | --- |
//! | counters | `absolute` | counts from before the recorder was installed are included |
//! | gauges | `set` | the last value wins |
//! | histograms | each bucket's mean, as often as it grew | count and [`names::BOUNDS`] buckets exact, sum rounded |
//!
//! Handles are registered anew each time, because a recorder may drop a series that seems idle. Values published while
//! no recorder is installed are published again later.
//!
//! # Several monitors
//!
//! The global recorder belongs to one monitor, the first that publishes to it or [claims](Bridge::claim) it. Two
//! monitors would overwrite each other's counters and gauges in the same series. Later monitors publish to recorders of
//! their own.
//!
//! # Other recorders
//!
//! | recorder | what arrives |
//! | --- | --- |
//! | Prometheus, with other bounds than [`names::BOUNDS`] | all but buckets whose bound is not one of ours |
//! | Prometheus without bounds: a summary | all; quantiles are those of the buckets' means since the last publication |
//! | Prometheus with an idle time-out | all, if rendered by [`Bridge::scrape`]; else idle histograms restart at 0 |
//! | `DogStatsD`, histograms or distributions | counters, gauges; a histogram's count, sum and quantiles as above |

mod flask;
mod page;
mod process;
mod sink;

use std::{
    cell::Cell,
    fmt, ptr,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
    time::{Duration, Instant},
};

use metrics::{IntoF64, Key, KeyName, Label, Recorder};

use self::{
    process::Start,
    sink::{METADATA, Published, Sink},
};
use super::shared::Shared;
use crate::{
    base::{clock, drops::DropCount},
    health::HealthReading,
    model::{names, outcome::Outcome},
    traffic::{
        JobCounts, JobOutcome, RouteCounts, histogram,
        outgoing::{ClientCounts, ClientOutcome},
    },
};

type SharedRecorder = Arc<dyn Recorder + Send + Sync>;

/// Publishes a monitor's metrics to one recorder.
///
/// See the [traffic docs](crate::traffic). Each monitor has a bridge to the global recorder;
/// [`Monitor::bridge_to`](crate::Monitor::bridge_to) adds one to another recorder.
pub struct Bridge {
    shared: Arc<Shared>,
    /// `None` for the global recorder, looked up on each publication.
    recorder: Option<SharedRecorder>,
    start: Start,
    pace: Mutex<Pace>,
    published: Mutex<Published>,
}

/// The interval of publications by the housekeeping thread, and a function to call after each.
struct Pace {
    interval: Duration,
    last: Instant,
    upkeep: Arc<dyn Fn() + Send + Sync>,
}

// === impl Bridge ===

impl Bridge {
    pub(crate) fn new(shared: Arc<Shared>, recorder: Option<SharedRecorder>) -> Self {
        let pace = Pace { interval: Duration::ZERO, last: clock::now(), upkeep: Arc::new(|| ()) };
        Self { shared, recorder, start: Start::measure(), pace: Mutex::new(pace), published: Mutex::default() }
    }

    /// Sets the interval at which the monitor publishes by itself, and a function to call after each publication.
    /// Defaults to once a second and no function.
    ///
    /// If the recorder stores samples until it is read, `upkeep` must drain it.
    pub fn every(&self, interval: Duration, upkeep: impl Fn() + Send + Sync + 'static) {
        *self.pace() = Pace { interval, last: clock::now(), upkeep: Arc::new(upkeep) };
    }

    pub(crate) fn publish_when_due(&self, now: Instant) {
        let upkeep = {
            let mut pace = self.pace();
            if now.saturating_duration_since(pace.last) < pace.interval {
                return;
            }
            pace.last = now;
            Arc::clone(&pace.upkeep)
        };
        self.publish();
        upkeep();
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Claims the recorder for this monitor, and returns whether the monitor's metrics are published there.
    ///
    /// Always returns `true` for a bridge with a recorder of its own. The global recorder belongs to the first monitor
    /// that claims it or publishes to it, until the process ends: the recorder holds that monitor's counts even after
    /// the monitor is dropped.
    pub fn claim(&self) -> bool {
        self.recorder.is_some() || self.is(OWNER.get_or_init(|| Arc::downgrade(&self.shared)))
    }

    /// Returns whether the global recorder belongs to another monitor.
    pub(crate) fn is_shut_out(&self) -> bool {
        self.recorder.is_none() && OWNER.get().is_some_and(|owner| !self.is(owner))
    }

    fn is(&self, owner: &Weak<Shared>) -> bool {
        ptr::eq(owner.as_ptr(), Arc::as_ptr(&self.shared))
    }

    /// Publishes all metrics, and returns `false` if there is no recorder or the recorder belongs to another monitor.
    pub fn publish(&self) -> bool {
        self.publish_once(&mut self.published.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Publishes all metrics. Returns the page in Prometheus' text format that `render` makes of them, and `false` if
    /// there is no recorder or the recorder belongs to another monitor.
    ///
    /// A recorder with an idle time-out drops histograms that did not grow for a while, and would restart them at 0. A
    /// histogram that was on the last page and is missing on this one is therefore published whole again, and `render`
    /// is called once more.
    pub fn scrape(&self, render: impl Fn() -> String) -> (String, bool) {
        let mut published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        let is_taken = self.publish_once(&mut published);
        let mut page = render();
        for _ in 0..ATTEMPTS {
            if !published.forget_missing(&page) {
                break;
            }
            self.publish_once(&mut published);
            page = render();
        }
        (page, is_taken)
    }

    fn publish_once(&self, published: &mut Published) -> bool {
        match &self.recorder {
            Some(recorder) => self.publish_to(recorder, published),
            None => metrics::with_recorder(|recorder| self.publish_to(recorder, published)),
        }
    }

    fn publish_to(&self, recorder: &dyn Recorder, published: &mut Published) -> bool {
        if !self.is_taken_by(recorder) || !self.claim() {
            // The next recorder needs the descriptions.
            published.described = false;
            return false;
        }
        if !published.described {
            describe(recorder);
            if self.shared.flask_names {
                flask::describe(recorder);
            }
            published.described = true;
        }
        let sink = &mut Sink { recorder, published };
        let routes = self.shared.traffic.read();
        if self.shared.flask_names {
            flask::publish(sink, &routes, self.shared.identity.release());
        }
        let now = clock::now();
        for route in &routes {
            let is_disabled = self.shared.switch.find(route.method, &route.route, now).is_some();
            sink.gauge(names::ROUTE_DISABLED, labels(route), f64::from(u8::from(is_disabled)));
            publish_counts(sink, route);
            publish_histograms(sink, route);
        }
        for host in self.shared.outgoing.read() {
            publish_host(sink, &host);
        }
        for job in self.shared.jobs.read() {
            publish_job(sink, &job);
        }
        if let Some(health) = self.shared.health.read() {
            publish_health(sink, &health);
        }
        self.publish_monitor(sink);
        true
    }

    /// Returns the start time of the process, in seconds since the Unix epoch.
    fn started_at(&self) -> f64 {
        self.start.millis() as f64 / 1000.0
    }

    fn is_taken_by(&self, recorder: &dyn Recorder) -> bool {
        let asked = Cell::new(false);
        let key = Key::from_static_name(names::START_TIME);
        recorder.register_gauge(&key, &METADATA).set(Asked(self.started_at(), &asked));
        asked.get()
    }

    fn publish_monitor(&self, sink: &mut Sink<'_>) {
        sink.counter(names::READY_ERRORS, Vec::new(), self.shared.traffic.ready_errors());
        for (kind, count) in self.shared.issues.opened() {
            sink.counter(names::ISSUES, vec![Label::new("kind", kind.as_str())], count);
        }
        for (kind, count) in self.shared.issues.regressed() {
            sink.counter(names::REGRESSIONS, vec![Label::new("kind", kind.as_str())], count);
        }
        for DropCount { reporter, reason, count } in self.shared.dropped() {
            let labels = vec![Label::new("reporter", reporter), Label::new("reason", reason.as_str())];
            sink.counter(names::DROPPED, labels, count);
        }
        let identity = &self.shared.identity;
        let build = vec![
            Label::new("version", identity.release().to_owned()),
            Label::new("revision", identity.revision().to_owned()),
        ];
        sink.gauge(names::BUILD_INFO, build, 1.0);
    }
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bridge").field("global", &self.recorder.is_none()).finish_non_exhaustive()
    }
}

fn publish_counts(sink: &mut Sink<'_>, route: &RouteCounts) {
    let labels = || labels(route);
    sink.counter(names::STARTED, labels(), route.started);
    sink.gauge(names::ACTIVE, labels(), route.active() as f64);
    for outcome in Outcome::ALL {
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
            (names::DURATION, &histogram::DURATION, durations),
            (names::TIME_TO_FIRST_BYTE, &histogram::DURATION, status.first_bytes.as_ref()),
            (names::RESPONSE_BODY_SIZE, &histogram::SIZE, status.sizes.as_ref()),
        ] {
            if let Some(buckets) = buckets {
                let labels = with(labels(route), names::STATUS, status.status.to_string());
                sink.histogram(name, labels, scale, buckets);
            }
        }
    }
    if let Some(connections) = &route.connections {
        sink.gauge(names::UPGRADED, labels(route), connections.active() as f64);
        sink.histogram(names::UPGRADED_DURATION, labels(route), &histogram::CONNECTION, &connections.lifetimes);
    }
}

fn publish_host(sink: &mut Sink<'_>, host: &ClientCounts) {
    for answer in ClientOutcome::ALL {
        let class = vec![Label::new(names::HOST_CLASS, host.host_class)];
        let labels = with(class, names::STATUS_CLASS, answer.as_str());
        sink.counter(names::CLIENT_REQUESTS, labels, host.count(answer));
    }
}

fn publish_job(sink: &mut Sink<'_>, job: &JobCounts) {
    let labels = || vec![Label::new("job", job.job.clone())];
    sink.counter(names::JOBS_STARTED, labels(), job.started);
    sink.gauge(names::JOBS_ACTIVE, labels(), job.active() as f64);
    for outcome in JobOutcome::ALL {
        sink.counter(names::JOBS, with(labels(), names::OUTCOME, outcome.as_str()), job.outcome(outcome));
    }
    if let Some(at) = job.last_success {
        sink.gauge(names::JOB_LAST_SUCCESS, labels(), clock::millis(at) as f64 / 1000.0);
    }
    if job.settled {
        sink.histogram(names::JOB_DURATION, labels(), &histogram::DURATION, &job.durations);
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

fn with(mut labels: Vec<Label>, name: &'static str, value: impl Into<metrics::SharedString>) -> Vec<Label> {
    labels.push(Label::new(name, value));
    labels
}

fn describe(recorder: &dyn Recorder) {
    for (name, text) in names::COUNTERS {
        recorder.describe_counter(KeyName::from_const_str(name), None, text.into());
    }
    for (name, text) in names::GAUGES {
        recorder.describe_gauge(KeyName::from_const_str(name), None, text.into());
    }
    for (name, unit, text) in names::HISTOGRAMS {
        recorder.describe_histogram(KeyName::from_const_str(name), Some(unit), text.into());
    }
}

/// A value that records whether it was read. The facade does not tell whether a recorder is installed, but a no-op
/// handle never reads the value.
struct Asked<'a>(f64, &'a Cell<bool>);

impl IntoF64 for Asked<'_> {
    fn into_f64(self) -> f64 {
        self.1.set(true);
        self.0
    }
}

/// The monitor whose metrics are in the global recorder. The weak pointer keeps its allocation, so the address is not
/// reused.
static OWNER: OnceLock<Weak<Shared>> = OnceLock::new();

/// Maximum number of times that a page is rendered again. If the recorder's time-out is shorter than the rendering,
/// some histogram would be missing each time.
const ATTEMPTS: usize = 3;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;
    use crate::monitor::Monitor;

    #[test]
    fn unasked_it_publishes_when_its_time_has_come_and_looks_after_the_recorder() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        let monitor = Monitor::builder("shop").log(None).recorder(recorder).build().expect("the settings are good");
        let bridge = monitor.bridge().expect("it is enabled");
        let kept = Arc::new(AtomicU32::new(0));
        let upkeep = Arc::clone(&kept);
        bridge.every(Duration::from_secs(3600), move || {
            upkeep.fetch_add(1, Ordering::Relaxed);
        });
        let first = clock::now() + Duration::from_secs(3600);
        let times = [first, first + Duration::from_secs(3600) - NANO, first + Duration::from_secs(3600)];
        let kept = times.map(|now| {
            bridge.publish_when_due(now);
            kept.load(Ordering::Relaxed)
        });
        assert_eq!(kept, [1, 1, 2]);
        assert!(handle.render().contains(names::START_TIME), "it was published");
    }

    const NANO: Duration = Duration::from_nanos(1);
}
