//! All values of a monitor, read at one time.

use std::time::Instant;

use monitor_core::{
    AlertCounts, ClientCounts, DropCount, EventKind, HealthReading, JobCounts, Monitor, clock, traffic::RouteCounts,
};

use crate::start::Start;

/// All values of a monitor. Each route is read once, so that all its metrics on one page or in
/// one publication agree.
pub(crate) struct Snapshot {
    pub(crate) routes: Vec<Route>,
    pub(crate) clients: Vec<ClientCounts>,
    pub(crate) jobs: Vec<JobCounts>,
    pub(crate) health: Option<HealthReading>,
    pub(crate) alerts: Vec<AlertCounts>,
    pub(crate) ready_errors: u64,
    pub(crate) opened_issues: Vec<(EventKind, u64)>,
    pub(crate) regressed_issues: Vec<(EventKind, u64)>,
    pub(crate) dropped: Vec<DropCount>,
    pub(crate) release: String,
    pub(crate) revision: String,
    /// Start of the process, in seconds since the Unix epoch.
    pub(crate) started_at: f64,
}

/// The counters of one method and route, and its switch.
pub(crate) struct Route {
    pub(crate) counts: RouteCounts,
    pub(crate) is_disabled: bool,
}

/// A snapshot whose routes are being read, a few at a time.
pub(crate) struct Reading {
    monitor: Monitor,
    snapshot: Snapshot,
    /// Position of the next routes; `None` at the end.
    position: Option<usize>,
}

// === impl Snapshot ===

impl Snapshot {
    /// Reads all values, or returns `None` if the monitor is disabled.
    pub(crate) fn of(monitor: &Monitor, start: &Start) -> Option<Self> {
        Reading::begin(monitor, start).map(Reading::finish)
    }
}

// === impl Reading ===

impl Reading {
    /// Reads all values except those of routes, or returns `None` if the monitor is disabled.
    pub(crate) fn begin(monitor: &Monitor, start: &Start) -> Option<Self> {
        let (identity, traffic) = (monitor.identity()?, monitor.traffic()?);
        let snapshot = Snapshot {
            routes: Vec::new(),
            clients: monitor.outgoing().map(|outgoing| outgoing.read()).unwrap_or_default(),
            jobs: monitor.jobs(),
            health: monitor.health(),
            alerts: monitor.alert_counts(),
            ready_errors: traffic.ready_errors(),
            opened_issues: monitor.opened_issues(),
            regressed_issues: monitor.regressed_issues(),
            dropped: monitor.dropped(),
            release: identity.release().to_owned(),
            revision: identity.revision().to_owned(),
            started_at: start.millis() as f64 / 1000.0,
        };
        Some(Self { monitor: monitor.clone(), snapshot, position: Some(0) })
    }

    /// Reads at most `most` routes. Returns `true` when all are read.
    pub(crate) fn step(&mut self, most: usize) -> bool {
        let Some((position, traffic)) = self.position.zip(self.monitor.traffic()) else { return true };
        let (counts, next) = traffic.read_some(position, most);
        let now = clock::now();
        self.snapshot.routes.extend(counts.into_iter().map(|counts| Route::of(&self.monitor, counts, now)));
        self.position = next;
        next.is_none()
    }

    /// Reads all other routes.
    pub(crate) fn finish(mut self) -> Snapshot {
        while !self.step(usize::MAX) {}
        self.snapshot
    }
}

// === impl Route ===

impl Route {
    fn of(monitor: &Monitor, counts: RouteCounts, now: Instant) -> Self {
        let is_disabled = monitor.find_disabled(counts.method, &counts.route, &counts.route, now).is_some();
        Self { counts, is_disabled }
    }
}
