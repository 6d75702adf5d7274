//! What conditions read: counts of requests and of issues' events.

use std::{
    cell::{OnceCell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    time::Duration,
};

use monitor_core::{
    Fingerprint, History, Monitor,
    traffic::{Lookback, WindowCounts},
};

use crate::fact::IssueFact;

/// The readings of one second.
pub(crate) trait Readings {
    /// Returns the counts of the requests within a window.
    fn window(&self, window: Lookback) -> Rc<Window>;

    /// Returns the number of events of each issue within the latest `span`.
    fn events(&self, span: Duration) -> Vec<(Fingerprint, u64)>;

    /// Returns an issue, for the texts of its alert.
    fn issue(&self, fingerprint: Fingerprint) -> Option<IssueFact>;
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
    windows: RefCell<Vec<(Lookback, Rc<Window>)>>,
    history: OnceCell<Option<History<'a>>>,
}

impl<'a> MonitorReadings<'a> {
    pub(crate) fn new(monitor: &'a Monitor) -> Self {
        Self { monitor, windows: RefCell::default(), history: OnceCell::new() }
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

impl Readings for MonitorReadings<'_> {
    fn window(&self, window: Lookback) -> Rc<Window> {
        if let Some((_, known)) = self.windows.borrow().iter().find(|(known, _)| *known == window) {
            return Rc::clone(known);
        }
        let read = Rc::new(self.read_window(window));
        self.windows.borrow_mut().push((window, Rc::clone(&read)));
        read
    }

    fn events(&self, span: Duration) -> Vec<(Fingerprint, u64)> {
        let history = self.history.get_or_init(|| self.monitor.history());
        history.as_ref().map(|history| history.issue_events(span)).unwrap_or_default()
    }

    fn issue(&self, fingerprint: Fingerprint) -> Option<IssueFact> {
        self.monitor.issue(fingerprint).map(|issue| IssueFact::of(&issue))
    }
}

/// Readings of tests: the same counts in every window.
#[cfg(test)]
#[derive(Clone, Debug, Default)]
pub(crate) struct FixedReadings {
    pub(crate) window: Window,
    pub(crate) events: Vec<(Fingerprint, u64)>,
}

#[cfg(test)]
impl FixedReadings {
    pub(crate) fn total(count: u64, failed: u64) -> Self {
        Self { window: Window { total: counts(count, failed), routes: BTreeMap::new() }, events: Vec::new() }
    }

    pub(crate) fn route(mut self, route: &str, count: u64, failed: u64) -> Self {
        self.window.routes.insert(route.to_owned(), counts(count, failed));
        self
    }
}

#[cfg(test)]
impl Readings for FixedReadings {
    fn window(&self, _: Lookback) -> Rc<Window> {
        Rc::new(self.window.clone())
    }

    fn events(&self, _: Duration) -> Vec<(Fingerprint, u64)> {
        self.events.clone()
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
