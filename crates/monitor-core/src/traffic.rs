//! Traffic counters: every request is counted once, in one place.
//!
//! The request path pays for atomic additions only. All readers, including the metrics published by monitor-metrics,
//! read these counters.

mod connections;
pub(crate) mod histogram;
mod in_flight;
mod jobs;
mod misdeclared;
pub(crate) mod outgoing;
pub(crate) mod recorder;
mod sampled;
mod series;
mod table;
mod window;

use std::sync::Arc;

pub use self::{
    connections::ConnectionCounts,
    histogram::{BUCKETS, BucketCount},
    in_flight::InFlight,
    jobs::{JobCounts, JobOutcome},
    series::{RouteCounts, StatusCounts},
    window::{ClientWindow, JobWindow, Lookback, RouteWindow, WindowCounts, WindowSnapshot},
};
pub(crate) use self::{
    jobs::{JobEnd, Jobs},
    misdeclared::Misdeclared,
};
use self::{recorder::TrafficRecorder, sampled::Sampled};
use crate::model::method::KnownMethod;

/// The counters of every method and route.
///
/// # Example
///
/// ```
/// use monitor_kit::{Monitor, Outcome};
///
/// let monitor = Monitor::builder("shop").routes([("GET", "/items/{id}")]).build()?;
/// let traffic = monitor.traffic().expect("the monitor is not disabled");
/// for counts in traffic.read() {
///     println!("{} {}: {} panicked", counts.method.as_str(), counts.route, counts.outcome(Outcome::Panic));
/// }
/// # assert_eq!(traffic.read().len(), 1);
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
#[derive(Debug)]
pub struct Traffic {
    recorder: TrafficRecorder,
    windows: Sampled<(KnownMethod, Arc<str>)>,
}

impl Traffic {
    pub(crate) fn new(recorder: TrafficRecorder) -> Self {
        Self { recorder, windows: Sampled::new() }
    }

    /// Returns the side of the counters that layers write to.
    pub(crate) fn recorder(&self) -> &TrafficRecorder {
        &self.recorder
    }

    /// Returns the number of times `poll_ready` failed.
    #[must_use]
    pub fn ready_errors(&self) -> u64 {
        self.recorder.ready_errors()
    }

    /// Returns the current counters of every series, the overflow series last and only if it was used.
    #[must_use]
    pub fn read(&self) -> Vec<RouteCounts> {
        self.recorder.read()
    }

    /// Returns the current counters of at most `most` series and the overflow series, from `position` on, and the
    /// position of the rest; `None` at the end. The first position is 0.
    ///
    /// For readers that must not hold up their thread: 1,000 series take about a millisecond. A series that is created
    /// between two calls may be missing.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::Monitor;
    ///
    /// let monitor = Monitor::builder("shop").routes([("GET", "/items"), ("POST", "/items")]).build()?;
    /// let traffic = monitor.traffic().expect("the monitor is not disabled");
    /// let (mut all, mut position) = (Vec::new(), Some(0));
    /// while let Some(next) = position {
    ///     let (some, rest) = traffic.read_some(next, 1);
    ///     all.extend(some);
    ///     position = rest;
    /// }
    /// assert_eq!(all.len(), 2);
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    #[must_use]
    pub fn read_some(&self, position: usize, most: usize) -> (Vec<RouteCounts>, Option<usize>) {
        self.recorder.read_some(position, most)
    }

    /// Returns the `limit` routes with the most requests in flight, and the number of requests in flight on all others.
    pub(crate) fn busiest(&self, limit: usize) -> (Vec<InFlight>, u64) {
        self.recorder.busiest(limit)
    }

    /// Returns the counts of the requests that ended within `window`, up to now.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::{Monitor, traffic::Lookback};
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// let traffic = monitor.traffic().expect("the monitor is not disabled");
    /// let recent = traffic.recent(Lookback::Seconds(10));
    /// let is_failing = recent.total.error_ratio().is_some_and(|ratio| ratio > 0.05);
    /// # assert!(!is_failing);
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    #[must_use]
    pub fn recent(&self, window: Lookback) -> WindowSnapshot {
        WindowSnapshot::of(self.windows.recent(window, || self.totals()))
    }

    /// Samples the windows. Must be called once a second.
    pub(crate) fn tick(&self) {
        self.windows.tick(|| self.totals());
    }

    fn totals(&self) -> impl Iterator<Item = ((KnownMethod, Arc<str>), WindowCounts)> {
        let total = |counts: RouteCounts| ((counts.method, Arc::clone(&counts.route)), WindowCounts::of(&counts));
        self.read().into_iter().map(total)
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::{recorder::Measured, *};
    use crate::{
        base::drops::DropCounter,
        model::{
            method::KnownMethod,
            outcome::{FinalStatus, Outcome},
        },
    };

    #[test]
    fn recent_counts_include_ends_before_and_after_a_tick() {
        let recorder = TrafficRecorder::new(4, Measured::default(), Arc::new(DropCounter::new("traffic")));
        let traffic = Traffic::new(recorder);
        let series = traffic.recorder.series(KnownMethod::Get, "/a");
        traffic.recorder.start(series);
        traffic.recorder.end(series, FinalStatus::new(Outcome::Completed, 500), Duration::from_millis(1));
        traffic.tick();
        let total = traffic.recent(Lookback::Seconds(60)).total;
        assert_eq!((total.count, total.failed), (1, 1));
        traffic.recorder.start(series);
        traffic.recorder.end(series, FinalStatus::new(Outcome::Completed, 200), Duration::from_millis(1));
        assert_eq!(traffic.recent(Lookback::Seconds(60)).total.error_ratio(), Some(0.5));
    }
}
