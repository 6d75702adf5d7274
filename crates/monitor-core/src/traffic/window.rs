//! Windows: counts of the last seconds and minutes, sampled from the series once a second.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    sync::Arc,
    time::Duration,
};

use super::{
    histogram::BUCKETS,
    series::{RouteCounts, StatusCounts},
};
use crate::model::{method::KnownMethod, names, outcome::Outcome};

/// The time span of a window.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Lookback {
    /// The latest seconds, including the current one: from 1 to 60.
    Seconds(u8),
    /// The latest minutes, including the current one: from 1 to 60.
    Minutes(u8),
}

/// Counts of the requests that ended within a window.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct WindowSnapshot {
    /// Counts of all routes together.
    pub total: WindowCounts,
    /// Counts of each method and route with at least one request that ended.
    pub routes: Vec<RouteWindow>,
}

/// Counts of one method and route within a window.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RouteWindow {
    /// The method.
    pub method: KnownMethod,
    /// The route's template.
    pub route: Arc<str>,
    /// The counts.
    pub counts: WindowCounts,
}

/// Counts of one class of hosts within a window. Failed are requests without a response, and those with a 5xx status.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientWindow {
    /// Name of the host class.
    pub host_class: &'static str,
    /// The counts. Outgoing requests have no durations.
    pub counts: WindowCounts,
}

/// Counts of the jobs of one name within a window. Failed are jobs that returned an error or panicked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JobWindow {
    /// Name of the job.
    pub job: String,
    /// The counts.
    pub counts: WindowCounts,
}

/// Counts of ended requests or jobs.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct WindowCounts {
    /// Number of requests or jobs, without refused and cancelled ones.
    pub count: u64,
    /// Number of failed ones among them.
    pub failed: u64,
    /// Number of requests or jobs by duration, including cancelled ones, by [`names::DURATION_BOUNDS`] and one bucket
    /// above them all.
    pub durations: [u64; BUCKETS],
}

/// Recent samples of all series. The size is bounded by the number of series.
#[derive(Debug)]
pub(super) struct Windows<K> {
    /// Totals of each series at its previous sample.
    seen: HashMap<K, WindowCounts>,
    seconds: Ring<K>,
    minutes: Ring<K>,
}

/// Slots of the last 60 ticks, a tick being a second or a minute.
#[derive(Debug)]
struct Ring<K>(VecDeque<Slot<K>>);

#[derive(Debug)]
struct Slot<K> {
    tick: u64,
    ended: HashMap<K, WindowCounts>,
}

// === impl WindowSnapshot ===

impl WindowSnapshot {
    pub(super) fn of(recent: Vec<((KnownMethod, Arc<str>), WindowCounts)>) -> Self {
        let mut total = WindowCounts::default();
        recent.iter().for_each(|(_, counts)| total.add(counts));
        let routes = recent.into_iter().map(|((method, route), counts)| RouteWindow { method, route, counts });
        Self { total, routes: routes.collect() }
    }
}

// === impl WindowCounts ===

impl WindowCounts {
    /// Returns the ratio of failed to ended requests, without refused and cancelled ones. It is the only definition of
    /// an error ratio in this crate. Returns `None` if no request ended.
    #[must_use]
    pub fn error_ratio(&self) -> Option<f64> {
        (self.count > 0).then(|| self.failed as f64 / self.count as f64)
    }

    /// Returns the duration, in seconds, that the given `share` of requests (from 0 to 1) did not exceed. It is
    /// interpolated within its bucket, as by Prometheus' `histogram_quantile`; above the highest bound it is that
    /// bound. Returns `None` if no request ended.
    ///
    /// # Example: the slow routes of the last five minutes
    ///
    /// ```
    /// use monitor_kit::{Monitor, traffic::Lookback};
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// let traffic = monitor.traffic().expect("the monitor is not disabled");
    /// for recent in traffic.recent(Lookback::Minutes(5)).routes {
    ///     if let Some(seconds) = recent.counts.quantile(0.95).filter(|seconds| *seconds > 1.0) {
    ///         println!("{} {}: 95 % within {seconds:.1} s", recent.method.as_str(), recent.route);
    ///     }
    /// }
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let all: u64 = self.durations.iter().sum();
        if all == 0 {
            return None;
        }
        let rank = share.clamp(0.0, 1.0) * all as f64;
        let (mut below, mut low) = (0.0, 0.0);
        for (count, high) in self.durations.iter().zip(names::DURATION_BOUNDS) {
            let count = *count as f64;
            if count > 0.0 && below + count >= rank {
                return Some(low + (high - low) * ((rank - below) / count).clamp(0.0, 1.0));
            }
            (below, low) = (below + count, high);
        }
        Some(low)
    }

    /// Returns the totals of a route since the start.
    pub(crate) fn of(counts: &RouteCounts) -> Self {
        let ended = counts.ended();
        let left_out = counts.outcome(Outcome::Refused) + counts.outcome(Outcome::Cancelled);
        let mut durations = [0; BUCKETS];
        for bucket in counts.statuses.iter().flat_map(|StatusCounts { buckets, .. }| buckets.iter().enumerate()) {
            durations[bucket.0] += bucket.1.count;
        }
        let failed = counts.failures().iter().map(|(_, count)| count).sum();
        Self { count: ended - left_out, failed, durations }
    }

    /// Returns the counts since `before`, earlier totals of the same requests.
    pub(crate) fn since(&self, before: &Self) -> Self {
        let mut durations = self.durations;
        durations.iter_mut().zip(before.durations).for_each(|(now, before)| *now = now.saturating_sub(before));
        Self {
            count: self.count.saturating_sub(before.count),
            failed: self.failed.saturating_sub(before.failed),
            durations,
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.failed += other.failed;
        self.durations.iter_mut().zip(other.durations).for_each(|(sum, more)| *sum += more);
    }
}

// === impl Windows ===

impl<K: Clone + Eq + Hash> Windows<K> {
    /// Adds what ended since the previous sample to the second and the minute of `elapsed`, the time since the start.
    /// `totals` are the totals of each series, which only increase.
    pub(super) fn sample(&mut self, elapsed: Duration, totals: impl IntoIterator<Item = (K, WindowCounts)>) {
        let seconds = elapsed.as_secs();
        self.seconds.begin(seconds);
        self.minutes.begin(seconds / 60);
        for (key, now) in totals {
            let before = self.seen.entry(key.clone()).or_default();
            let grown = now.since(before);
            if grown != WindowCounts::default() {
                *before = now;
                self.seconds.add(&key, &grown);
                self.minutes.add(&key, &grown);
            }
        }
    }

    /// Returns the counts of each series of which something ended within `window`.
    pub(super) fn recent(&self, window: Lookback) -> Vec<(K, WindowCounts)> {
        match window {
            Lookback::Seconds(ticks) => self.seconds.recent(ticks),
            Lookback::Minutes(ticks) => self.minutes.recent(ticks),
        }
    }
}

impl<K> Default for Windows<K> {
    fn default() -> Self {
        Self { seen: HashMap::new(), seconds: Ring(VecDeque::new()), minutes: Ring(VecDeque::new()) }
    }
}

// === impl Ring ===

impl<K: Clone + Eq + Hash> Ring<K> {
    /// Starts the slot of `tick`. A tick that is not later than the last slot continues that slot; skipped ticks have
    /// no slot.
    fn begin(&mut self, tick: u64) {
        if self.0.back().is_some_and(|slot| slot.tick >= tick) {
            return;
        }
        self.0.push_back(Slot { tick, ended: HashMap::new() });
        while self.0.front().is_some_and(|slot| tick - slot.tick >= TICKS) {
            self.0.pop_front();
        }
    }

    fn add(&mut self, key: &K, grown: &WindowCounts) {
        if let Some(slot) = self.0.back_mut() {
            slot.ended.entry(key.clone()).or_default().add(grown);
        }
    }

    fn recent(&self, ticks: u8) -> Vec<(K, WindowCounts)> {
        let mut all: HashMap<&K, WindowCounts> = HashMap::new();
        let last = self.0.back().map_or(0, |slot| slot.tick);
        for slot in self.0.iter().filter(|slot| last - slot.tick < u64::from(ticks)) {
            for (key, ended) in &slot.ended {
                all.entry(key).or_default().add(ended);
            }
        }
        all.into_iter().map(|(key, ended)| (key.clone(), ended)).collect()
    }
}

const TICKS: u64 = 60;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        base::drops::DropCounter,
        model::{grpc_code::GrpcCode, outcome::FinalStatus},
        traffic::recorder::{Measured, TrafficRecorder},
    };

    #[derive(Clone, Debug)]
    struct Step {
        jump: i64,
        ends: Vec<(u8, Outcome, u16, u64)>,
    }

    fn step() -> impl Strategy<Value = Step> {
        let jump = prop_oneof![Just(0i64), 1i64..3, -5i64..0, 60i64..4000];
        let outcome = proptest::sample::select(Outcome::ALL.to_vec());
        let end = (0u8..3, outcome, proptest::sample::select(vec![200u16, 404, 500, 503, 13]), 0u64..20_000);
        (jump, proptest::collection::vec(end, 0..6)).prop_map(|(jump, ends)| Step { jump, ends })
    }

    /// A status of 13 stands for a gRPC call with that status code.
    fn ending(outcome: Outcome, status: u16) -> FinalStatus {
        if status == 13 {
            FinalStatus::new(outcome, 200).grpc(GrpcCode::Internal)
        } else {
            FinalStatus::new(outcome, status)
        }
    }

    fn failed(outcome: Outcome, status: u16) -> bool {
        match outcome {
            Outcome::Completed => status >= 500 || status == 13,
            Outcome::ServiceError | Outcome::Panic | Outcome::PanicInBody | Outcome::BodyError => true,
            _ => false,
        }
    }

    proptest! {
        /// The model stores every end with the latest second so far, and counts the ends within the window.
        #[test]
        fn windows_equal_a_naive_model(steps in proptest::collection::vec(step(), 1..40), ticks in 1u8..=60) {
            let recorder = TrafficRecorder::new(8, Measured::default(), Arc::new(DropCounter::new("traffic")));
            let mut windows = Windows::default();
            let mut model: Vec<(u64, Outcome, u16)> = Vec::new();
            let (mut clock, mut latest) = (100i64, 0u64);
            for Step { jump, ends } in steps {
                clock = (clock + jump).max(0);
                latest = latest.max(clock.unsigned_abs());
                for (route, outcome, status, millis) in ends {
                    let series = recorder.series(KnownMethod::Get, ["/a", "/b", "/c"][usize::from(route)]);
                    recorder.start(series);
                    recorder.end(series, ending(outcome, status), Duration::from_millis(millis));
                    model.push((latest, outcome, status));
                }
                let total = |counts: RouteCounts| {
                    ((counts.method, Arc::clone(&counts.route)), WindowCounts::of(&counts))
                };
                let totals = recorder.read().into_iter().map(total);
                windows.sample(Duration::from_secs(clock.unsigned_abs()), totals);
            }
            for (window, width) in [(Lookback::Seconds(ticks), 1), (Lookback::Minutes(ticks), 60)] {
                let within = |second: u64| latest / width - second / width < u64::from(ticks);
                let counted = |outcome| !matches!(outcome, Outcome::Refused | Outcome::Cancelled);
                let ended = model.iter().filter(|(second, outcome, _)| within(*second) && counted(*outcome));
                let failures = ended.clone().filter(|(_, outcome, status)| failed(*outcome, *status)).count() as u64;
                let recent = WindowSnapshot::of(windows.recent(window));
                prop_assert_eq!((recent.total.count, recent.total.failed), (ended.count() as u64, failures));
                let by_route: u64 = recent.routes.iter().map(|recent| recent.counts.count).sum();
                prop_assert_eq!(by_route, recent.total.count);
                let timed = model.iter().filter(|(second, outcome, _)| within(*second) && *outcome != Outcome::Refused);
                prop_assert_eq!(recent.total.durations.iter().sum::<u64>(), timed.count() as u64);
            }
        }
    }

    #[test]
    fn the_ratio_is_of_those_that_ended_and_none_of_nothing() {
        let ended = WindowCounts { count: 40, failed: 2, ..WindowCounts::default() };
        assert_eq!(ended.error_ratio(), Some(0.05));
        assert_eq!(WindowCounts::default().error_ratio(), None);
    }

    #[test]
    fn a_quantile_is_interpolated_within_its_bucket() {
        let mut ended = WindowCounts::default();
        assert_eq!(ended.quantile(0.5), None);
        ended.durations[5] = 10; // From 75 to 100 ms.
        assert_eq!(ended.quantile(0.5), Some(0.0875));
        assert_eq!(ended.quantile(1.0), Some(0.1));
        ended.durations[BUCKETS - 1] = 90;
        assert_eq!(ended.quantile(0.99), Some(10.0));
    }

    #[test]
    fn a_quantile_counts_what_lies_in_the_buckets_below() {
        let mut ended = WindowCounts::default();
        ended.durations[2] = 4; // From 10 to 25 ms.
        ended.durations[5] = 4; // From 75 to 100 ms.
        ended.durations[7] = 8; // From 250 to 500 ms.
        let close = |share, seconds: f64| {
            let quantile = ended.quantile(share).expect("something ended");
            assert!((quantile - seconds).abs() < 1e-12, "{share}: {quantile} instead of {seconds}");
        };
        close(0.0, 0.01);
        close(0.25, 0.025);
        close(0.375, 0.0875);
        close(0.75, 0.375);
        close(1.0, 0.5);
    }
}
