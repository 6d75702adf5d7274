//! The bridge: publishes what is counted here to a recorder of the `metrics` facade.
//!
//! | what | how | so that |
//! | --- | --- | --- |
//! | counters | `absolute` | nothing counted before there was a recorder is lost |
//! | gauges | `set` | the last value stands |
//! | histograms | the mean of each bucket, as often as the bucket grew | buckets and count are exact where the recorder's bounds are [`names::BOUNDS`], the sum up to rounding |
//!
//! Handles are taken anew each time, for a recorder may drop a series it thinks idle. What a recorder did not take,
//! because there is none yet, is published again later.
//!
//! # Several monitors
//!
//! The global recorder takes the numbers of one monitor, the first that publishes to it or [claims](Bridge::claim) it: two
//! would overwrite each other's counters and gauges in the same series. A later monitor publishes to recorders of its own.
//!
//! # Other recorders
//!
//! | recorder | what is kept |
//! | --- | --- |
//! | Prometheus, without the bounds of [`names::BOUNDS`] | counters, gauges, each histogram's count and sum; of its buckets those whose bound is one of ours |
//! | Prometheus without any bounds: a summary | the same; its quantiles are those of the buckets' means, over the time since they were published |
//! | Prometheus with an idle time-out | all, where it is rendered through [`Bridge::scrape`]; else a histogram that was idle begins anew at 0 |
//! | `DogStatsD`, with its histograms or distributions | counters and gauges; each histogram's count and sum, and its quantiles as above |

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

/// Publishes a monitor's numbers to one recorder.
///
/// See the [traffic docs](crate::traffic). A monitor has one to the global recorder from the start;
/// [`Monitor::bridge_to`](crate::Monitor::bridge_to) makes another to a recorder of your own.
pub struct Bridge {
    shared: Arc<Shared>,
    /// `None` for the global recorder, whichever it is at the time.
    recorder: Option<SharedRecorder>,
    start: Start,
    pace: Mutex<Pace>,
    published: Mutex<Published>,
}

/// When to publish unasked, and what to do afterwards.
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

    /// Publishes unasked every `interval` only, and calls `upkeep` after it. Defaults to once a second and nothing.
    ///
    /// A recorder that keeps samples until somebody asks for them is to be drained in `upkeep`.
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

    /// Claims the recorder for this monitor, and returns whether the monitor's numbers are published there.
    ///
    /// Returns `true` for a recorder that was given to this bridge. The global recorder belongs to the first monitor that
    /// claims it or publishes to it, until the process ends: the recorder keeps that monitor's counts even when the monitor
    /// is dropped.
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

    /// Publishes every number as it is now, and returns whether there was a recorder to take it.
    pub fn publish(&self) -> bool {
        self.publish_once(&mut self.published.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Publishes every number as it is now, and returns the page `render` makes of it in Prometheus' text format, and
    /// whether there was a recorder to take the numbers.
    ///
    /// A recorder with an idle time-out drops a histogram that did not grow for a while and would begin it anew at 0.
    /// One that was on the page before and is not on this one is published whole again, and `render` called once more.
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

    /// Returns when the process started, in seconds since the Unix epoch.
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

/// A number that tells whether it was asked for. The facade does not say whether a recorder is there, but a handle that
/// leads nowhere never asks for its value.
struct Asked<'a>(f64, &'a Cell<bool>);

impl IntoF64 for Asked<'_> {
    fn into_f64(self) -> f64 {
        self.1.set(true);
        self.0
    }
}

/// The monitor whose numbers are in the global recorder. A weak pointer keeps its address from being used again.
static OWNER: OnceLock<Weak<Shared>> = OnceLock::new();

/// How often a page is rendered again. A recorder whose time-out is shorter than rendering takes would drop something
/// each time.
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
