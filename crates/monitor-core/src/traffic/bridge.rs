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

use std::{
    cell::Cell,
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use metrics::{IntoF64, Key, KeyName, Label, Level, Metadata, Recorder};

use super::{
    BUCKETS, BucketCount, RouteCounts, flask,
    histogram::{self, Scale},
    process,
};
use crate::{JobCounts, JobOutcome, Outcome, clock, monitor::Shared, names};

type SharedRecorder = Arc<dyn Recorder + Send + Sync>;

/// Publishes a monitor's numbers to one recorder.
///
/// See the [traffic docs](crate::traffic). A monitor has one to the global recorder from the start;
/// [`Monitor::bridge_to`](crate::Monitor::bridge_to) makes another to a recorder of your own.
pub struct Bridge {
    shared: Arc<Shared>,
    /// `None` for the global recorder, whichever it is at the time.
    recorder: Option<SharedRecorder>,
    started_at: f64,
    pace: Mutex<Pace>,
    published: Mutex<Published>,
}

/// When to publish unasked, and what to do afterwards.
struct Pace {
    interval: Duration,
    last: Instant,
    upkeep: Arc<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
pub(super) struct Published {
    described: bool,
    histograms: HashMap<Key, [BucketCount; BUCKETS]>,
}

// === impl Bridge ===

impl Bridge {
    pub(crate) fn new(shared: Arc<Shared>, recorder: Option<SharedRecorder>) -> Self {
        let started_at = clock::millis(process::started_at()) as f64 / 1000.0;
        let pace = Pace { interval: Duration::ZERO, last: clock::now(), upkeep: Arc::new(|| ()) };
        Self { shared, recorder, started_at, pace: Mutex::new(pace), published: Mutex::default() }
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

    /// Publishes every number as it is now, and returns whether there was a recorder to take it.
    pub fn publish(&self) -> bool {
        let mut published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        match &self.recorder {
            Some(recorder) => self.publish_to(recorder, &mut published),
            None => metrics::with_recorder(|recorder| self.publish_to(recorder, &mut published)),
        }
    }

    fn publish_to(&self, recorder: &dyn Recorder, published: &mut Published) -> bool {
        if !self.is_taken_by(recorder) {
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
        let routes = self.shared.traffic.read();
        if self.shared.flask_names {
            flask::publish(recorder, &routes, self.shared.identity.release(), published);
        }
        for route in &routes {
            publish_counts(recorder, route);
            publish_histograms(recorder, route, published);
        }
        for job in self.shared.jobs.read() {
            publish_job(recorder, &job, published);
        }
        self.publish_monitor(recorder);
        true
    }

    fn is_taken_by(&self, recorder: &dyn Recorder) -> bool {
        let asked = Cell::new(false);
        let key = Key::from_static_name(names::START_TIME);
        recorder.register_gauge(&key, &METADATA).set(Asked(self.started_at, &asked));
        asked.get()
    }

    fn publish_monitor(&self, recorder: &dyn Recorder) {
        counter(recorder, names::READY_ERRORS, Vec::new(), self.shared.traffic.ready_errors());
        for (kind, count) in self.shared.issues.opened() {
            counter(recorder, names::ISSUES, vec![Label::new("kind", kind.as_str())], count);
        }
        for drops in &self.shared.drops {
            for (reason, count) in drops.read() {
                let reporter = Label::new("reporter", drops.owner().to_owned());
                counter(recorder, names::DROPPED, vec![reporter, Label::new("reason", reason.as_str())], count);
            }
        }
        let identity = &self.shared.identity;
        let build = vec![
            Label::new("version", identity.release().to_owned()),
            Label::new("revision", identity.revision().to_owned()),
        ];
        gauge(recorder, names::BUILD_INFO, build, 1.0);
    }
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bridge").field("global", &self.recorder.is_none()).finish_non_exhaustive()
    }
}

fn publish_counts(recorder: &dyn Recorder, route: &RouteCounts) {
    let labels = || labels(route);
    counter(recorder, names::STARTED, labels(), route.started);
    gauge(recorder, names::ACTIVE, labels(), route.active() as f64);
    for outcome in Outcome::ALL {
        let count = route.outcome(outcome);
        if count > 0 || outcome == Outcome::Completed {
            counter(recorder, names::OUTCOMES, with(labels(), names::OUTCOME, outcome.as_str()), count);
        }
    }
    for status in &route.statuses {
        counter(recorder, names::REQUESTS, with(labels(), names::STATUS, status.status.to_string()), status.count());
    }
    for (kind, count) in route.failures() {
        counter(recorder, names::ERRORS, with(labels(), names::ERROR_TYPE, kind.label()), count);
    }
    let panics = route.outcome(Outcome::Panic) + route.outcome(Outcome::PanicInBody);
    if panics > 0 || route.declared {
        counter(recorder, names::PANICS, labels(), panics);
    }
}

fn publish_histograms(recorder: &dyn Recorder, route: &RouteCounts, published: &mut Published) {
    for status in &route.statuses {
        let durations = Some(&status.buckets).filter(|_| route.settled);
        for (name, scale, buckets) in [
            (names::DURATION, &histogram::DURATION, durations),
            (names::TIME_TO_FIRST_BYTE, &histogram::DURATION, status.first_bytes.as_ref()),
            (names::RESPONSE_BODY_SIZE, &histogram::SIZE, status.sizes.as_ref()),
        ] {
            if let Some(buckets) = buckets {
                let labels = with(labels(route), names::STATUS, status.status.to_string());
                publish_histogram(recorder, Key::from_parts(name, labels), scale, buckets, published);
            }
        }
    }
    if let Some(connections) = &route.connections {
        gauge(recorder, names::UPGRADED, labels(route), connections.active() as f64);
        let key = Key::from_parts(names::UPGRADED_DURATION, labels(route));
        publish_histogram(recorder, key, &histogram::CONNECTION, &connections.lifetimes, published);
    }
}

fn publish_job(recorder: &dyn Recorder, job: &JobCounts, published: &mut Published) {
    let labels = || vec![Label::new("job", job.job.clone())];
    counter(recorder, names::JOBS_STARTED, labels(), job.started);
    gauge(recorder, names::JOBS_ACTIVE, labels(), job.active() as f64);
    for outcome in JobOutcome::ALL {
        counter(recorder, names::JOBS, with(labels(), names::OUTCOME, outcome.as_str()), job.outcome(outcome));
    }
    if let Some(at) = job.last_success {
        gauge(recorder, names::JOB_LAST_SUCCESS, labels(), clock::millis(at) as f64 / 1000.0);
    }
    if job.settled {
        let key = Key::from_parts(names::JOB_DURATION, labels());
        publish_histogram(recorder, key, &histogram::DURATION, &job.durations, published);
    }
}

/// Records what each bucket grew by since the last time, as the mean of what it grew by.
pub(super) fn publish_histogram(
    recorder: &dyn Recorder,
    key: Key,
    scale: &Scale,
    buckets: &[BucketCount; BUCKETS],
    published: &mut Published,
) {
    let before = published.histograms.get(&key).copied().unwrap_or_default();
    if before == *buckets {
        return;
    }
    let histogram = recorder.register_histogram(&key, &METADATA);
    for (count, mean) in scale.growth(&before, buckets) {
        histogram.record_many(mean, usize::try_from(count).unwrap_or(usize::MAX));
    }
    published.histograms.insert(key, *buckets);
}

fn labels(route: &RouteCounts) -> Vec<Label> {
    vec![Label::new(names::METHOD, route.method.as_str()), Label::new(names::ROUTE, Arc::clone(&route.route))]
}

fn with(mut labels: Vec<Label>, name: &'static str, value: impl Into<metrics::SharedString>) -> Vec<Label> {
    labels.push(Label::new(name, value));
    labels
}

pub(super) fn counter(recorder: &dyn Recorder, name: &'static str, labels: Vec<Label>, value: u64) {
    recorder.register_counter(&Key::from_parts(name, labels), &METADATA).absolute(value);
}

pub(super) fn gauge(recorder: &dyn Recorder, name: &'static str, labels: Vec<Label>, value: f64) {
    recorder.register_gauge(&Key::from_parts(name, labels), &METADATA).set(value);
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

static METADATA: Metadata<'static> = Metadata::new("monitor_core", Level::INFO, Some("monitor_core"));
