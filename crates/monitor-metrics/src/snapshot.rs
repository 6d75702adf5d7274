//! All values of a monitor, read at one time.

use monitor_core::{
    AlertCounts, ClientCounts, DropCount, EventKind, HealthReading, JobCounts, Monitor, clock,
    traffic::{RouteCounts, Traffic},
};

use crate::start::Start;

/// All values of a monitor. The routes are read once, so that all metrics of one page or publication agree.
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

impl Snapshot {
    /// Reads all values, or returns `None` if the monitor is disabled.
    pub(crate) fn of(monitor: &Monitor, start: &Start) -> Option<Self> {
        let (identity, traffic) = (monitor.identity()?, monitor.traffic()?);
        Some(Self {
            routes: routes(monitor, traffic),
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
        })
    }
}

fn routes(monitor: &Monitor, traffic: &Traffic) -> Vec<Route> {
    let now = clock::now();
    let with_switch = |counts: RouteCounts| Route {
        is_disabled: monitor.find_disabled(counts.method, &counts.route, &counts.route, now).is_some(),
        counts,
    };
    traffic.read().into_iter().map(with_switch).collect()
}
