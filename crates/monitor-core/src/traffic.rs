//! Traffic counters: every request is counted once, in one place.
//!
//! The request path pays for atomic additions only. All readers, including the metrics published by monitor-metrics,
//! read these counters.

mod connections;
pub(crate) mod histogram;
mod jobs;
mod misdeclared;
pub(crate) mod outgoing;
mod series;
mod table;
mod window;

use std::{
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

pub use self::{
    connections::ConnectionCounts,
    histogram::{BUCKETS, BucketCount},
    jobs::{JobCounts, JobOutcome},
    series::{RouteCounts, StatusCounts},
    window::{Lookback, WindowCounts, WindowSnapshot},
};
pub(crate) use self::{
    jobs::{JobEnd, Jobs},
    misdeclared::Misdeclared,
};
use self::{
    series::RouteSeries,
    table::{Place, Table},
    window::Windows,
};
use crate::{
    base::{
        clock,
        drops::{DropCounter, DropReason},
        sync::{
            Mutex, MutexGuard,
            atomic::{AtomicU64, Ordering},
        },
    },
    model::{method::Method, names, outcome::FinalStatus},
};

/// The counters of every method and route.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use monitor_kit::{FinalStatus, Method, Monitor, Outcome};
///
/// let monitor = Monitor::builder("shop").build()?;
/// let traffic = monitor.traffic().expect("the monitor is not disabled");
/// let series = traffic.series(Method::Get, "/items/{id}");
/// traffic.start(series);
/// traffic.end(series, FinalStatus::new(Outcome::Completed, 200), Duration::from_millis(3));
/// assert_eq!(traffic.read()[0].outcome(Outcome::Completed), 1);
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
#[derive(Debug)]
pub struct Traffic {
    table: Table,
    overflow: RouteSeries,
    pub(crate) measured: Measured,
    ready_errors: AtomicU64,
    drops: Arc<DropCounter>,
    begun: Instant,
    /// Sampled once a second by the housekeeping thread, and by every call of [`Traffic::recent`].
    windows: Mutex<Windows>,
}

/// Optional measurements of a response, beside its duration.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Measured {
    pub(crate) first_byte: bool,
    pub(crate) body_size: bool,
}

/// Handle of the series of one method and route. Cheap to copy and to hold for the duration of a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Series(Option<Place>);

impl Traffic {
    pub(crate) fn new(limit: usize, measured: Measured, drops: Arc<DropCounter>) -> Self {
        Self {
            table: Table::new(limit),
            overflow: RouteSeries::new(Method::Other, Arc::from(names::OVERFLOW), false),
            measured,
            ready_errors: AtomicU64::new(0),
            drops,
            begun: clock::now(),
            windows: Mutex::default(),
        }
    }

    /// Returns the series of `method` and `route`, and creates it if it does not exist.
    ///
    /// `route` is a template such as `/todos/{id}`, never a path. Past the limit of series, all new ones share the
    /// route [`names::OVERFLOW`], and each such call is counted as dropped with reason `series_limit`.
    #[must_use]
    pub fn series(&self, method: Method, route: &str) -> Series {
        self.find_or_insert(method, route, false)
    }

    /// Returns `true` if this method and route were declared when the monitor was built.
    #[must_use]
    pub fn declares(&self, method: Method, route: &str) -> bool {
        self.table.find(method, route).is_some_and(|series| series.declared)
    }

    pub(crate) fn declare(&self, method: Method, route: &str) {
        self.find_or_insert(method, route, true);
    }

    /// Counts the start of a request.
    pub fn start(&self, series: Series) {
        self.at(series).start();
    }

    /// Counts the end of a request. Must be called exactly once for every [`start`](Self::start).
    pub fn end(&self, series: Series, ending: FinalStatus, duration: Duration) {
        self.at(series).end(ending, duration);
    }

    /// Records the time to the first byte of a response, and the size of its body in bytes. Each is recorded only if it
    /// was enabled in the builder. Must be called before [`end`](Self::end), if there was a response.
    pub fn measure(&self, series: Series, status: u16, first_byte: Duration, body_size: u64) {
        if self.measured.first_byte {
            self.at(series).first_byte(status, first_byte);
        }
        if self.measured.body_size {
            self.at(series).body_size(status, body_size);
        }
    }

    /// Counts the opening of an upgraded connection.
    pub fn open(&self, series: Series) {
        self.at(series).connections().open();
    }

    /// Counts the end of an upgraded connection. Must be called exactly once for every [`open`](Self::open).
    pub fn close(&self, series: Series, lifetime: Duration) {
        self.at(series).connections().close(lifetime);
    }

    /// Counts an error or a panic of `poll_ready`, which does not belong to any request.
    pub fn ready_error(&self) {
        self.ready_errors.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the number of times `poll_ready` failed.
    #[must_use]
    pub fn ready_errors(&self) -> u64 {
        self.ready_errors.load(Ordering::Relaxed)
    }

    /// Returns the current counters of every series, the overflow series last and only if it was used.
    #[must_use]
    pub fn read(&self) -> Vec<RouteCounts> {
        let mut routes: Vec<_> = self.table.iter().map(RouteSeries::read).collect();
        let overflow = self.overflow.read();
        if overflow.started > 0 {
            routes.push(overflow);
        }
        routes
    }

    /// Returns the counts of the requests that ended within `window`, up to now.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use monitor_kit::{FinalStatus, Method, Monitor, Outcome, traffic::Lookback};
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// let traffic = monitor.traffic().expect("the monitor is not disabled");
    /// for status in [200, 200, 200, 500] {
    ///     let series = traffic.series(Method::Get, "/items/{id}");
    ///     traffic.start(series);
    ///     traffic.end(series, FinalStatus::new(Outcome::Completed, status), Duration::from_millis(3));
    /// }
    /// let recent = traffic.recent(Lookback::Seconds(10));
    /// assert_eq!(recent.total.error_ratio(), Some(0.25));
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    #[must_use]
    pub fn recent(&self, window: Lookback) -> WindowSnapshot {
        self.sample().recent(window)
    }

    /// Adds the requests that ended since the previous call to the windows, and returns the windows.
    fn sample(&self) -> MutexGuard<'_, Windows> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        windows.sample(clock::now().saturating_duration_since(self.begun), &self.read());
        windows
    }

    /// Samples the windows. Must be called once a second, so that each end is counted in the second in which it
    /// happened.
    pub(crate) fn tick(&self) {
        drop(self.sample());
    }

    /// Returns the route of `series`.
    #[must_use]
    pub fn route(&self, series: Series) -> &str {
        &self.at(series).route
    }

    /// Declares a gRPC method: each of its failure codes has a counter from the start.
    pub(crate) fn declare_grpc(&self, method: &str) {
        let series = self.find_or_insert(Method::Post, method, true);
        self.at(series).grpc();
    }

    fn at(&self, series: Series) -> &RouteSeries {
        series.0.and_then(|place| self.table.at(place)).unwrap_or(&self.overflow)
    }

    fn find_or_insert(&self, method: Method, route: &str, declared: bool) -> Series {
        let place = self.table.find_or_insert(method, route, declared);
        if place.is_none() {
            self.drops.count(DropReason::SeriesLimit);
        }
        Series(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::outcome::Outcome;

    fn traffic(limit: usize) -> Traffic {
        Traffic::new(limit, Measured::default(), Arc::new(DropCounter::new("traffic")))
    }

    #[test]
    fn the_same_method_and_route_share_a_series() {
        let traffic = traffic(4);
        let first = traffic.series(Method::Get, "/a");
        assert_eq!(traffic.series(Method::Get, "/a"), first);
        assert_ne!(traffic.series(Method::Post, "/a"), first);
        assert_ne!(traffic.series(Method::Get, "/b"), first);
    }

    #[test]
    fn past_the_limit_everything_new_overflows_and_is_counted() {
        let traffic = traffic(2);
        let kept = traffic.series(Method::Get, "/0");
        for number in 1..10 {
            let series = traffic.series(Method::Get, &format!("/{number}"));
            traffic.start(series);
        }
        assert_eq!(traffic.series(Method::Get, "/0"), kept);
        let read = traffic.read();
        assert_eq!(read.len(), 3);
        assert_eq!((&*read[2].route, read[2].started), (names::OVERFLOW, 8));
        assert_eq!(traffic.drops.read().collect::<Vec<_>>(), [(DropReason::SeriesLimit, 8)]);
    }

    #[test]
    fn what_ended_lately_is_seen_by_whoever_asks_and_kept_by_the_tick() {
        let traffic = traffic(4);
        let series = traffic.series(Method::Get, "/a");
        traffic.start(series);
        traffic.end(series, FinalStatus::new(Outcome::Completed, 500), Duration::from_millis(1));
        traffic.tick();
        let kept = traffic.windows.lock().expect("nobody panicked").recent(Lookback::Seconds(60));
        assert_eq!((kept.total.count, kept.total.failed), (1, 1));
        traffic.start(series);
        traffic.end(series, FinalStatus::new(Outcome::Completed, 200), Duration::from_millis(1));
        assert_eq!(traffic.recent(Lookback::Seconds(60)).total.error_ratio(), Some(0.5));
    }

    #[test]
    fn a_route_is_declared_only_when_somebody_said_so() {
        let traffic = traffic(4);
        traffic.declare(Method::Get, "/a");
        let _ = traffic.series(Method::Get, "/b");
        let declared = [(Method::Get, "/a"), (Method::Post, "/a"), (Method::Get, "/b"), (Method::Get, "/c")]
            .map(|(method, route)| traffic.declares(method, route));
        assert_eq!(declared, [true, false, false, false]);
        assert_eq!(traffic.read().len(), 2, "asking makes no series");
    }

    #[test]
    fn a_grpc_call_fails_by_its_own_status() {
        use crate::model::grpc_code::GrpcCode::{Internal, NotFound, Ok};
        let traffic = traffic(4);
        let series = traffic.series(Method::Post, "/shop.Stock/Read");
        for code in [Internal, Internal, NotFound, Ok] {
            traffic.start(series);
            traffic.end(series, FinalStatus::new(Outcome::Completed, 200).grpc(code), Duration::from_millis(1));
        }
        let read = &traffic.read()[0];
        assert_eq!(read.failures(), [(crate::model::outcome::ErrorType::Grpc(Internal), 2)]);
        assert_eq!((read.statuses[0].failed, read.statuses[0].count()), (0, 4));
    }

    #[test]
    fn a_declared_route_has_its_failures_from_the_start() {
        let traffic = traffic(4);
        traffic.declare(Method::Get, "/error");
        let failures = traffic.read()[0].failures();
        assert_eq!(
            failures,
            [(crate::model::outcome::ErrorType::Status(500), 0), (crate::model::outcome::ErrorType::Panic, 0)]
        );
    }

    #[test]
    fn started_is_the_outcomes_and_those_in_flight() {
        let traffic = traffic(4);
        let series = traffic.series(Method::Get, "/a");
        for &outcome in Outcome::ALL {
            traffic.start(series);
            traffic.end(series, FinalStatus::new(outcome, 200), Duration::from_millis(1));
        }
        traffic.start(series);
        let read = &traffic.read()[0];
        assert_eq!(read.active(), 1);
        assert!(read.settled);
        assert_eq!(read.statuses[0].count(), Outcome::ALL.len() as u64 - 1, "refused requests have no duration");
    }
}
