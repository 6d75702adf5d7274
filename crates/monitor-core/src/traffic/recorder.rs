//! The side of the traffic counters that layers write to.

use std::{sync::Arc, time::Duration};

use super::{
    in_flight::{self, InFlight},
    series::{Origin, RouteCounts, RouteSeries},
    table::{Place, Table},
};
use crate::{
    base::{
        drops::{DropCounter, DropReason},
        sync::atomic::{AtomicU64, Ordering},
    },
    model::{method::KnownMethod, names, outcome::FinalStatus},
};

/// Counts requests. A layer calls it once at the start of each request and once at its end.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use monitor_core::{FinalStatus, KnownMethod, Monitor, Outcome, instrument};
///
/// let monitor = Monitor::builder("shop").build()?;
/// let recorder = instrument::recorder(&monitor).expect("the monitor is not disabled");
/// let series = recorder.series(KnownMethod::Get, "/items/{id}");
/// recorder.start(series);
/// recorder.end(series, FinalStatus::new(Outcome::Completed, 200), Duration::from_millis(3));
/// let traffic = monitor.traffic().expect("the monitor is not disabled");
/// assert_eq!(traffic.read()[0].outcome(Outcome::Completed), 1);
/// # Ok::<(), monitor_core::BuildError>(())
/// ```
#[derive(Debug)]
pub struct TrafficRecorder {
    table: Table,
    overflow: RouteSeries,
    measured: Measured,
    ready_errors: AtomicU64,
    drops: Arc<DropCounter>,
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

impl TrafficRecorder {
    pub(crate) fn new(limit: usize, measured: Measured, drops: Arc<DropCounter>) -> Self {
        Self {
            table: Table::new(limit),
            overflow: RouteSeries::new(KnownMethod::Other, Arc::from(names::OVERFLOW), Origin::Requested),
            measured,
            ready_errors: AtomicU64::new(0),
            drops,
        }
    }

    /// Returns the series of `method` and `route`, and creates it if it does not exist.
    ///
    /// `route` is a template such as `/todos/{id}`, never a path. Past the limit of series, all new ones share the
    /// route [`names::OVERFLOW`], and each such call is counted as dropped with reason `series_limit`.
    #[must_use]
    pub fn series(&self, method: KnownMethod, route: &str) -> Series {
        self.find_or_insert(method, route, Origin::Requested)
    }

    /// Returns `true` if this method and route were declared when the monitor was built.
    #[must_use]
    pub fn declares(&self, method: KnownMethod, route: &str) -> bool {
        self.table.find(method, route).is_some_and(|series| series.declared)
    }

    pub(crate) fn declare(&self, method: KnownMethod, route: &str) {
        self.find_or_insert(method, route, Origin::Declared);
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

    pub(super) fn ready_errors(&self) -> u64 {
        self.ready_errors.load(Ordering::Relaxed)
    }

    pub(crate) fn read(&self) -> Vec<RouteCounts> {
        self.read_some(0, usize::MAX).0
    }

    pub(super) fn read_some(&self, position: usize, most: usize) -> (Vec<RouteCounts>, Option<usize>) {
        let (mut routes, mut next) = (Vec::new(), position);
        for (at, series) in self.table.iter_from(position).take(most) {
            routes.push(series.read());
            next = at + 1;
        }
        if routes.len() == most {
            return (routes, Some(next));
        }
        let overflow = self.overflow.read();
        if overflow.started > 0 {
            routes.push(overflow);
        }
        (routes, None)
    }

    pub(super) fn busiest(&self, limit: usize) -> (Vec<InFlight>, u64) {
        in_flight::busiest(self.table.iter().chain([&self.overflow]), limit)
    }

    /// Returns the route of `series`.
    #[must_use]
    pub fn route(&self, series: Series) -> &str {
        &self.at(series).route
    }

    /// Declares a gRPC method: each of its failure codes has a counter from the start.
    pub(crate) fn declare_grpc(&self, method: &str) {
        let series = self.find_or_insert(KnownMethod::Post, method, Origin::Declared);
        self.at(series).grpc();
    }

    fn at(&self, series: Series) -> &RouteSeries {
        series.0.and_then(|place| self.table.at(place)).unwrap_or(&self.overflow)
    }

    fn find_or_insert(&self, method: KnownMethod, route: &str, origin: Origin) -> Series {
        let place = self.table.find_or_insert(method, route, origin);
        if place.is_none() {
            self.drops.count(DropReason::SeriesLimit);
        }
        Series(place)
    }

    /// Returns the number of series, without the overflow series.
    pub(super) fn len(&self) -> usize {
        self.table.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::outcome::Outcome;

    fn recorder(limit: usize) -> TrafficRecorder {
        TrafficRecorder::new(limit, Measured::default(), Arc::new(DropCounter::new("traffic")))
    }

    #[test]
    fn the_same_method_and_route_share_a_series() {
        let recorder = recorder(4);
        let first = recorder.series(KnownMethod::Get, "/a");
        assert_eq!(recorder.series(KnownMethod::Get, "/a"), first);
        assert_ne!(recorder.series(KnownMethod::Post, "/a"), first);
        assert_ne!(recorder.series(KnownMethod::Get, "/b"), first);
    }

    #[test]
    fn past_the_limit_everything_new_overflows_and_is_counted() {
        let recorder = recorder(2);
        let kept = recorder.series(KnownMethod::Get, "/0");
        for number in 1..10 {
            let series = recorder.series(KnownMethod::Get, &format!("/{number}"));
            recorder.start(series);
        }
        assert_eq!(recorder.series(KnownMethod::Get, "/0"), kept);
        let read = recorder.read();
        assert_eq!(read.len(), 3);
        assert_eq!((&*read[2].route, read[2].started), (names::OVERFLOW, 8));
        assert_eq!(recorder.drops.read().collect::<Vec<_>>(), [(DropReason::SeriesLimit, 8)]);
    }

    #[test]
    fn a_requested_route_is_not_declared() {
        let recorder = recorder(4);
        recorder.declare(KnownMethod::Get, "/a");
        let _ = recorder.series(KnownMethod::Get, "/b");
        let declared =
            [(KnownMethod::Get, "/a"), (KnownMethod::Post, "/a"), (KnownMethod::Get, "/b"), (KnownMethod::Get, "/c")]
                .map(|(method, route)| recorder.declares(method, route));
        assert_eq!(declared, [true, false, false, false]);
        assert_eq!(recorder.read().len(), 2, "asking makes no series");
    }

    #[test]
    fn a_grpc_call_fails_by_its_own_status() {
        use crate::model::grpc_code::GrpcCode::{Internal, NotFound, Ok};
        let recorder = recorder(4);
        let series = recorder.series(KnownMethod::Post, "/shop.Stock/Read");
        for code in [Internal, Internal, NotFound, Ok] {
            recorder.start(series);
            recorder.end(series, FinalStatus::new(Outcome::Completed, 200).grpc(code), Duration::from_millis(1));
        }
        let read = &recorder.read()[0];
        assert_eq!(read.failures(), [(crate::model::outcome::ErrorType::Grpc(Internal), 2)]);
        assert_eq!((read.statuses[0].failed, read.statuses[0].count()), (0, 4));
    }

    #[test]
    fn a_declared_route_has_its_failures_from_the_start() {
        let recorder = recorder(4);
        recorder.declare(KnownMethod::Get, "/error");
        let failures = recorder.read()[0].failures();
        assert_eq!(
            failures,
            [(crate::model::outcome::ErrorType::Status(500), 0), (crate::model::outcome::ErrorType::Panic, 0)]
        );
    }

    #[test]
    fn started_is_the_outcomes_and_those_in_flight() {
        let recorder = recorder(4);
        let series = recorder.series(KnownMethod::Get, "/a");
        for &outcome in Outcome::ALL {
            recorder.start(series);
            recorder.end(series, FinalStatus::new(outcome, 200), Duration::from_millis(1));
        }
        recorder.start(series);
        let read = &recorder.read()[0];
        assert_eq!(read.active(), 1);
        assert!(read.settled);
        assert_eq!(read.statuses[0].count(), Outcome::ALL.len() as u64 - 1, "refused requests have no duration");
    }
}
