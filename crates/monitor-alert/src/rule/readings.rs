//! What conditions read: counts of requests and of issues' events.

use std::{
    cell::{OnceCell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use monitor_core::{
    Fingerprint, HealthReading, History, HistoryCounts, Monitor, Outcome, ProcessEnded,
    traffic::{Lookback, RouteCounts, WindowCounts},
};

use super::memo::HistoryMemo;
use crate::fact::IssueFact;

/// The readings of one second.
pub(crate) trait Readings {
    /// Returns the counts of the requests within a window.
    fn window(&self, window: Lookback) -> Rc<Window>;

    /// Returns the totals of the requests since the start of this process.
    fn totals(&self) -> Totals;

    /// Returns the counts of the requests within the latest `span`, of all processes that used the store.
    fn history(&self, span: Duration) -> WindowCounts;

    /// Returns the counts of each release within the latest `span`, the release that was first seen first.
    fn releases(&self, span: Duration) -> Vec<(String, WindowCounts)>;

    /// Returns the release of this process.
    fn release(&self) -> String;

    /// Returns the health, if something provides it.
    fn health(&self) -> Option<HealthReading>;

    /// Returns the end of the process before, once it is known.
    fn last_end(&self) -> Option<Ended>;

    /// Returns the number of events of each issue within the latest `span`.
    fn events(&self, span: Duration) -> Vec<(Fingerprint, u64)>;

    /// Returns an issue, for the texts of its alert.
    fn issue(&self, fingerprint: Fingerprint) -> Option<IssueFact>;
}

/// The end of the process before, and the time since it was learnt.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) ended: ProcessEnded,
    pub(crate) since: Duration,
}

/// Totals of requests since the start of the process.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Totals {
    /// Requests that ended, without refused and cancelled ones.
    pub(crate) requests: u64,
    pub(crate) failed: u64,
    pub(crate) refused: u64,
}

/// Counts of the requests within a window.
#[derive(Clone, Debug, Default)]
pub(crate) struct Window {
    pub(crate) total: WindowCounts,
    /// By method and route, such as `GET /items/{id}`.
    pub(crate) routes: BTreeMap<String, WindowCounts>,
}

/// The readings of a monitor. Each window is read once, however many rules have it.
pub(crate) struct MonitorReadings<'a> {
    monitor: &'a Monitor,
    last_end: Option<Ended>,
    memo: &'a HistoryMemo,
    windows: RefCell<Vec<(Lookback, Rc<Window>)>>,
    history: OnceCell<Option<History<'a>>>,
}

impl<'a> MonitorReadings<'a> {
    pub(crate) fn new(monitor: &'a Monitor, last_end: Option<Ended>, memo: &'a HistoryMemo) -> Self {
        Self { monitor, last_end, memo, windows: RefCell::default(), history: OnceCell::new() }
    }

    fn read<R>(&self, read: impl FnOnce(&History<'a>) -> R) -> Option<R> {
        self.history.get_or_init(|| self.monitor.history()).as_ref().map(read)
    }

    fn read_window(&self, window: Lookback) -> Window {
        let Some(traffic) = self.monitor.traffic() else { return Window::default() };
        let recent = traffic.recent(window);
        let routes = recent.routes.into_iter().map(|route| {
            let name = format!("{} {}", route.method.as_str(), route.route);
            (name, route.counts)
        });
        Window { total: recent.total, routes: routes.collect() }
    }
}

impl Totals {
    fn add(mut self, counts: &RouteCounts) -> Self {
        let left_out = counts.outcome(Outcome::Refused) + counts.outcome(Outcome::Cancelled);
        self.requests += counts.ended().saturating_sub(left_out);
        self.failed += counts.failures().iter().map(|(_, count)| count).sum::<u64>();
        self.refused += counts.outcome(Outcome::Refused);
        self
    }
}

impl Readings for MonitorReadings<'_> {
    fn totals(&self) -> Totals {
        let routes = self.monitor.traffic().map(|traffic| traffic.read()).unwrap_or_default();
        routes.iter().fold(Totals::default(), Totals::add)
    }

    fn window(&self, window: Lookback) -> Rc<Window> {
        if let Some((_, known)) = self.windows.borrow().iter().find(|(known, _)| *known == window) {
            return Rc::clone(known);
        }
        let read = Rc::new(self.read_window(window));
        self.windows.borrow_mut().push((window, Rc::clone(&read)));
        read
    }

    fn history(&self, span: Duration) -> WindowCounts {
        let read = || self.read(|history| history.total(span).ended).unwrap_or_default();
        self.memo.totals.get(span, read)
    }

    fn releases(&self, span: Duration) -> Vec<(String, WindowCounts)> {
        let named = |(release, counts): (Arc<str>, HistoryCounts)| (release.to_string(), counts.ended);
        let read = || self.read(|history| history.releases(span).into_iter().map(named).collect());
        self.memo.releases.get(span, || read().unwrap_or_default())
    }

    fn release(&self) -> String {
        self.monitor.identity().map(|identity| identity.release().to_owned()).unwrap_or_default()
    }

    fn health(&self) -> Option<HealthReading> {
        self.monitor.health()
    }

    fn last_end(&self) -> Option<Ended> {
        self.last_end.clone()
    }

    fn events(&self, span: Duration) -> Vec<(Fingerprint, u64)> {
        let read = || self.read(|history| history.issue_events(span)).unwrap_or_default();
        self.memo.events.get(span, read)
    }

    fn issue(&self, fingerprint: Fingerprint) -> Option<IssueFact> {
        self.monitor.issue(fingerprint).map(|issue| IssueFact::of(&issue))
    }
}

/// Readings of tests: the same counts in every window, except in those of `recent`.
#[cfg(test)]
#[derive(Clone, Debug, Default)]
pub(crate) struct FixedReadings {
    pub(crate) totals: Totals,
    pub(crate) window: Window,
    pub(crate) recent: Vec<(Lookback, u64)>,
    pub(crate) history: Vec<(Duration, WindowCounts)>,
    pub(crate) releases: Vec<(String, WindowCounts)>,
    pub(crate) release: String,
    pub(crate) health: Option<HealthReading>,
    pub(crate) last_end: Option<Ended>,
    pub(crate) events: Vec<(Fingerprint, u64)>,
    pub(crate) events_by_span: Vec<(Duration, Vec<(Fingerprint, u64)>)>,
}

#[cfg(test)]
impl FixedReadings {
    pub(crate) fn total(count: u64, failed: u64) -> Self {
        Self { window: Window { total: counts(count, failed), routes: BTreeMap::new() }, ..Self::default() }
    }

    pub(crate) fn recent(mut self, window: Lookback, count: u64) -> Self {
        self.recent.push((window, count));
        self
    }

    pub(crate) fn history(mut self, span: Duration, count: u64, failed: u64) -> Self {
        self.history.push((span, counts(count, failed)));
        self
    }

    pub(crate) fn route(mut self, route: &str, count: u64, failed: u64) -> Self {
        self.window.routes.insert(route.to_owned(), counts(count, failed));
        self
    }
}

#[cfg(test)]
impl Readings for FixedReadings {
    fn totals(&self) -> Totals {
        self.totals
    }

    fn window(&self, window: Lookback) -> Rc<Window> {
        let recent = self.recent.iter().find(|(known, _)| *known == window);
        let counted = |(_, count): &(Lookback, u64)| Self::total(*count, 0).window;
        Rc::new(recent.map_or_else(|| self.window.clone(), counted))
    }

    fn history(&self, span: Duration) -> WindowCounts {
        self.history.iter().find(|(known, _)| *known == span).map(|(_, counts)| *counts).unwrap_or_default()
    }

    fn releases(&self, _: Duration) -> Vec<(String, WindowCounts)> {
        self.releases.clone()
    }

    fn release(&self) -> String {
        self.release.clone()
    }

    fn health(&self) -> Option<HealthReading> {
        self.health.clone()
    }

    fn last_end(&self) -> Option<Ended> {
        self.last_end.clone()
    }

    fn events(&self, span: Duration) -> Vec<(Fingerprint, u64)> {
        let by_span = self.events_by_span.iter().find(|(known, _)| *known == span);
        by_span.map_or(&self.events, |(_, events)| events).clone()
    }

    fn issue(&self, _: Fingerprint) -> Option<IssueFact> {
        None
    }
}

/// Returns counts for tests.
#[cfg(test)]
pub(crate) fn counts(count: u64, failed: u64) -> WindowCounts {
    let mut counts = WindowCounts::default();
    (counts.count, counts.failed) = (count, failed);
    counts
}
