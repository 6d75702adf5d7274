//! Counters of one method and route.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use super::{
    connections::{ConnectionCounts, Connections},
    histogram::{self, ATTEMPTS, BUCKETS, BucketCount, Histogram, Whole},
};
use crate::{
    base::sync::{
        atomic::{AtomicU64, Ordering},
        thread,
    },
    model::{
        grpc_code::GrpcCode,
        method::KnownMethod,
        outcome::{ErrorType, FinalStatus, Outcome},
    },
};

/// The reason for which a series exists.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Origin {
    Declared,
    Requested,
}

/// The counters of one method and route. They only increase.
#[derive(Debug)]
pub(super) struct RouteSeries {
    pub(super) method: KnownMethod,
    pub(super) route: Arc<str>,
    /// Declared in the builder: the failure counters exist from the start, at 0.
    pub(super) declared: bool,
    started: AtomicU64,
    outcomes: [AtomicU64; Outcome::ALL.len()],
    classes: [OnceLock<Box<StatusClass>>; 9],
    /// Calls that failed by their gRPC status, by status code.
    grpc: OnceLock<Box<[AtomicU64; GrpcCode::ALL.len()]>>,
    connections: OnceLock<Box<Connections>>,
}

/// The statuses with the same first digit. Boxed one by one, because most of them never occur.
type StatusClass = [OnceLock<Box<StatusSeries>>; 100];

#[derive(Debug)]
struct StatusSeries {
    failed: AtomicU64,
    durations: Histogram,
    first_bytes: OnceLock<Box<Whole>>,
    sizes: OnceLock<Box<Whole>>,
}

/// The counters of one method and route at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RouteCounts {
    /// The method.
    pub method: KnownMethod,
    /// The route's template.
    pub route: Arc<str>,
    /// `true` if the route was declared when the monitor was built.
    pub declared: bool,
    /// Number of requests that started.
    pub started: u64,
    /// Number of requests that ended, in the order of [`Outcome::ALL`].
    pub(crate) outcomes: [u64; Outcome::ALL.len()],
    /// Durations by status, ascending. Refused requests are not included.
    pub statuses: Vec<StatusCounts>,
    /// Number of calls that failed by their gRPC status, by status code. A declared gRPC method has all failure codes
    /// from the start.
    pub grpc_failures: Vec<(GrpcCode, u64)>,
    /// Upgraded connections; `None` if there were none, or if no consistent reading was possible.
    pub connections: Option<ConnectionCounts>,
    /// `true` if `started`, `outcomes` and `statuses` were read between the ends of two requests. Only then are sums
    /// and counts consistent.
    pub settled: bool,
}

/// All requests that ended with one status.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StatusCounts {
    /// The status code.
    pub status: u16,
    /// Number of requests that failed by this status alone: completed, with 500 or above.
    pub failed: u64,
    /// Durations by [`names::DURATION_BOUNDS`](crate::names::DURATION_BOUNDS), and one bucket above them all.
    pub buckets: [BucketCount; BUCKETS],
    /// Times to the first byte, by the same bounds; `None` unless enabled in the builder, or if no consistent reading
    /// was possible.
    pub first_bytes: Option<[BucketCount; BUCKETS]>,
    /// Sizes of response bodies by [`names::SIZE_BOUNDS`](crate::names::SIZE_BOUNDS), and one bucket above them all;
    /// `None` as above.
    pub sizes: Option<[BucketCount; BUCKETS]>,
}

// === impl RouteSeries ===

impl RouteSeries {
    pub(super) fn new(method: KnownMethod, route: Arc<str>, origin: Origin) -> Self {
        let declared = origin == Origin::Declared;
        let series = Self {
            method,
            route,
            declared,
            started: AtomicU64::new(0),
            outcomes: Default::default(),
            classes: Default::default(),
            grpc: OnceLock::new(),
            connections: OnceLock::new(),
        };
        if declared {
            series.status(500);
        }
        series
    }

    pub(super) fn start(&self) {
        self.started.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts the outcome first and the duration last. A reader in between sees more outcomes than durations, and reads
    /// again.
    pub(super) fn end(&self, ending: FinalStatus, duration: Duration) {
        self.outcomes[ending.outcome.index()].fetch_add(1, Ordering::Relaxed);
        // A refused request reached no service, so it has neither a status nor a duration.
        if ending.outcome == Outcome::Refused {
            return;
        }
        let series = self.status(ending.status);
        match ending.error_type() {
            Some(ErrorType::Status(_)) => _ = series.failed.fetch_add(1, Ordering::Relaxed),
            Some(ErrorType::Grpc(code)) => self.grpc_failed(code),
            _ => {}
        }
        series.durations.record_duration(duration);
    }

    fn grpc_failed(&self, code: GrpcCode) {
        self.grpc()[usize::from(code.number())].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn grpc(&self) -> &[AtomicU64; GrpcCode::ALL.len()] {
        self.grpc.get_or_init(Box::default)
    }

    pub(super) fn first_byte(&self, status: u16, after: Duration) {
        self.status(status).first_bytes.get_or_init(|| boxed(&histogram::DURATION)).record_duration(after);
    }

    pub(super) fn body_size(&self, status: u16, bytes: u64) {
        self.status(status).sizes.get_or_init(|| boxed(&histogram::SIZE)).record(bytes);
    }

    pub(super) fn connections(&self) -> &Connections {
        self.connections.get_or_init(Box::default)
    }

    /// Returns the number of requests in flight.
    pub(super) fn active(&self) -> u64 {
        // Ends first: one that comes in between leaves its request in flight, and hides no other.
        let ended: u64 = self.outcomes.iter().map(|count| count.load(Ordering::Relaxed)).sum();
        self.started.load(Ordering::Relaxed).saturating_sub(ended)
    }

    pub(super) fn read(&self) -> RouteCounts {
        let mut counts = self.read_once();
        for _ in 0..ATTEMPTS {
            if counts.settled {
                break;
            }
            thread::yield_now();
            counts = self.read_once();
        }
        counts
    }

    fn read_once(&self) -> RouteCounts {
        // Durations are read before outcomes, the reverse of `end`, so that an end in progress leaves more outcomes
        // than durations.
        let (statuses, grpc_failures) = (self.read_statuses(), self.read_grpc());
        let outcomes = self.outcomes.each_ref().map(|count| count.load(Ordering::Relaxed));
        let timed: u64 = statuses.iter().map(StatusCounts::count).sum();
        RouteCounts {
            method: self.method,
            route: Arc::clone(&self.route),
            declared: self.declared,
            started: self.started.load(Ordering::Relaxed),
            settled: timed == outcomes.iter().sum::<u64>() - outcomes[Outcome::Refused.index()],
            outcomes,
            statuses,
            grpc_failures,
            connections: self.connections.get().and_then(|connections| connections.read()),
        }
    }

    fn read_statuses(&self) -> Vec<StatusCounts> {
        // Most routes have one status. A vector grows to four at once, and 10,000 routes would take 30 MB.
        let mut statuses = Vec::with_capacity(1);
        for (class, first) in self.classes.iter().zip((100u16..).step_by(100)) {
            for (series, status) in class.get().into_iter().flat_map(|class| class.iter()).zip(first..) {
                if let Some(series) = series.get() {
                    statuses.push(series.read(status));
                }
            }
        }
        statuses
    }

    fn read_grpc(&self) -> Vec<(GrpcCode, u64)> {
        let counts = self.grpc.get().into_iter().flat_map(|counts| counts.iter());
        let counts = counts.map(|count| count.load(Ordering::Relaxed));
        let is_shown = |code: GrpcCode, count| count > 0 || (self.declared && code.is_failure());
        GrpcCode::ALL.iter().copied().zip(counts).filter(|(code, count)| is_shown(*code, *count)).collect()
    }

    fn status(&self, status: u16) -> &StatusSeries {
        let status = usize::from(status.clamp(100, 999));
        let class = self.classes[status / 100 - 1].get_or_init(|| Box::new([const { OnceLock::new() }; 100]));
        class[status % 100].get_or_init(Box::default)
    }
}

// === impl StatusSeries ===

impl StatusSeries {
    fn read(&self, status: u16) -> StatusCounts {
        StatusCounts {
            status,
            buckets: self.durations.read(),
            failed: self.failed.load(Ordering::Relaxed),
            first_bytes: self.first_bytes.get().and_then(|first_bytes| first_bytes.read()),
            sizes: self.sizes.get().and_then(|sizes| sizes.read()),
        }
    }
}

impl Default for StatusSeries {
    fn default() -> Self {
        Self {
            failed: AtomicU64::new(0),
            durations: Histogram::new(&histogram::DURATION),
            first_bytes: OnceLock::new(),
            sizes: OnceLock::new(),
        }
    }
}

fn boxed(scale: &'static histogram::Scale) -> Box<Whole> {
    Box::new(Whole::new(scale))
}

// === impl RouteCounts ===

impl RouteCounts {
    /// Returns the number of requests with this outcome.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::{Monitor, Outcome};
    ///
    /// let monitor = Monitor::builder("shop").routes([("GET", "/orders")]).build()?;
    /// let traffic = monitor.traffic().expect("the monitor is not disabled");
    /// for counts in traffic.read() {
    ///     println!("{}: {} of {} panicked", counts.route, counts.outcome(Outcome::Panic), counts.ended());
    /// }
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    #[must_use]
    pub fn outcome(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome.index()]
    }

    /// Returns the number of requests that ended, with any outcome.
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.outcomes.iter().sum()
    }

    /// Returns the number of requests in flight.
    #[must_use]
    pub fn active(&self) -> u64 {
        self.started.saturating_sub(self.outcomes.iter().sum())
    }

    /// Returns the number of failed requests by error type. A declared route has `500` and `panic` from the start.
    #[must_use]
    pub fn failures(&self) -> Vec<(ErrorType, u64)> {
        let by_status =
            self.statuses.iter().filter(|status| status.failed > 0 || (self.declared && status.status == 500));
        let mut failures: Vec<_> = by_status.map(|status| (ErrorType::Status(status.status), status.failed)).collect();
        failures.extend(self.grpc_failures.iter().map(|(code, count)| (ErrorType::Grpc(*code), *count)));
        let other = [
            (ErrorType::Panic, Outcome::Panic),
            (ErrorType::PanicInBody, Outcome::PanicInBody),
            (ErrorType::ServiceError, Outcome::ServiceError),
            (ErrorType::BodyError, Outcome::BodyError),
        ];
        for (kind, outcome) in other {
            let count = self.outcome(outcome);
            if count > 0 || (self.declared && kind == ErrorType::Panic) {
                failures.push((kind, count));
            }
        }
        failures
    }
}

// === impl StatusCounts ===

impl StatusCounts {
    /// Returns the number of requests that ended with this status.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.count).sum()
    }
}
