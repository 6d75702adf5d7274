//! Counters of outgoing requests, by class of host.

use std::sync::{Arc, OnceLock};

use super::{
    sampled::Sampled,
    window::{ClientWindow, Lookback, WindowCounts},
};
use crate::{
    base::{
        drops::{DropCounter, DropReason},
        sync::atomic::{AtomicU64, Ordering},
    },
    model::names,
};

/// The counters of every host class.
///
/// # Example
///
/// ```
/// use monitor_kit::{ClientOutcome, Monitor};
///
/// let monitor = Monitor::builder("shop").build()?;
/// let outgoing = monitor.outgoing().expect("the monitor is not disabled");
/// for counts in outgoing.read() {
///     println!("{}: {} without a response", counts.host_class, counts.count(ClientOutcome::Error));
/// }
/// # assert!(outgoing.read().is_empty());
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
#[derive(Debug)]
pub struct Outgoing {
    /// Filled from the front; a class is never removed.
    classes: [OnceLock<Class>; CLASSES],
    overflow: Class,
    windows: Sampled<&'static str>,
    drops: Arc<DropCounter>,
}

#[derive(Debug)]
struct Class {
    name: &'static str,
    counts: [AtomicU64; ClientOutcome::ALL.len()],
}

/// The counters of one host class at one moment.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ClientCounts {
    /// Name of the host class.
    pub host_class: &'static str,
    counts: [u64; ClientOutcome::ALL.len()],
}

/// The outcome of an outgoing request.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each class of status says itself")]
pub enum ClientOutcome {
    Status1xx,
    Status2xx,
    Status3xx,
    Status4xx,
    Status5xx,
    /// The request failed without a response.
    Error,
    /// The future was dropped before the response arrived.
    Cancelled,
}

// === impl Outgoing ===

impl Outgoing {
    pub(crate) fn new(drops: Arc<DropCounter>) -> Self {
        Self { classes: Default::default(), overflow: Class::new(names::OVERFLOW), windows: Sampled::new(), drops }
    }

    /// Counts an outgoing request by the class of its host and by its outcome. There are at most 32 host classes;
    /// further classes share [`names::OVERFLOW`], and each of their requests is counted as dropped with reason
    /// `series_limit`.
    pub(crate) fn count(&self, host_class: &'static str, outcome: ClientOutcome) {
        self.class(host_class).counts[outcome as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the current counters, those of the overflow class last. Classes without a request are left out.
    #[must_use]
    pub fn read(&self) -> Vec<ClientCounts> {
        let classes = self.classes.iter().filter_map(OnceLock::get).chain([&self.overflow]);
        classes.map(Class::read).filter(|counts| counts.counts.iter().any(|count| *count > 0)).collect()
    }

    /// Returns the counts of each class of hosts to which a request ended within `window`, up to now.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::{Monitor, traffic::Lookback};
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// let outgoing = monitor.outgoing().expect("the monitor is not disabled");
    /// for recent in outgoing.recent(Lookback::Minutes(5)) {
    ///     println!("{}: {} of {} failed", recent.host_class, recent.counts.failed, recent.counts.count);
    /// }
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    #[must_use]
    pub fn recent(&self, window: Lookback) -> Vec<ClientWindow> {
        let recent = self.windows.recent(window, || self.totals()).into_iter();
        recent.map(|(host_class, counts)| ClientWindow { host_class, counts }).collect()
    }

    /// Samples the windows. Must be called once a second.
    pub(crate) fn tick(&self) {
        self.windows.tick(|| self.totals());
    }

    fn totals(&self) -> impl Iterator<Item = (&'static str, WindowCounts)> {
        self.read().into_iter().map(|counts| (counts.host_class, counts.total()))
    }

    fn class(&self, name: &'static str) -> &Class {
        // `get_or_init` claims the first free slot for `name`, if no slot before it has that name.
        let mut taken = self.classes.iter().map(|class| class.get_or_init(|| Class::new(name)));
        taken.find(|class| class.name == name).unwrap_or_else(|| {
            self.drops.count(DropReason::SeriesLimit);
            &self.overflow
        })
    }
}

impl Class {
    fn new(name: &'static str) -> Self {
        Self { name, counts: Default::default() }
    }

    fn read(&self) -> ClientCounts {
        let counts = self.counts.each_ref().map(|count| count.load(Ordering::Relaxed));
        ClientCounts { host_class: self.name, counts }
    }
}

// === impl ClientCounts ===

impl ClientCounts {
    /// Returns the number of requests with this outcome.
    #[must_use]
    pub fn count(&self, outcome: ClientOutcome) -> u64 {
        self.counts[outcome as usize]
    }

    fn total(&self) -> WindowCounts {
        let ended: u64 = self.counts.iter().sum();
        let failed = self.count(ClientOutcome::Status5xx) + self.count(ClientOutcome::Error);
        WindowCounts { count: ended - self.count(ClientOutcome::Cancelled), failed, ..WindowCounts::default() }
    }
}

// === impl ClientOutcome ===

impl ClientOutcome {
    /// All outcomes, in counting order.
    pub const ALL: &'static [Self] = &[
        Self::Status1xx,
        Self::Status2xx,
        Self::Status3xx,
        Self::Status4xx,
        Self::Status5xx,
        Self::Error,
        Self::Cancelled,
    ];

    /// Returns the outcome for a response's status code. A code outside of 100 to 599 is an [`Error`](Self::Error).
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::ClientOutcome;
    ///
    /// assert_eq!(ClientOutcome::of_status(404), ClientOutcome::Status4xx);
    /// assert_eq!(ClientOutcome::of_status(999), ClientOutcome::Error);
    /// ```
    #[must_use]
    pub const fn of_status(status: u16) -> Self {
        match status / 100 {
            1 => Self::Status1xx,
            2 => Self::Status2xx,
            3 => Self::Status3xx,
            4 => Self::Status4xx,
            5 => Self::Status5xx,
            _ => Self::Error,
        }
    }

    /// Returns the label of this outcome.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Status1xx => "1xx",
            Self::Status2xx => "2xx",
            Self::Status3xx => "3xx",
            Self::Status4xx => "4xx",
            Self::Status5xx => "5xx",
            Self::Error => "error",
            Self::Cancelled => "cancelled",
        }
    }
}

const CLASSES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_has_counters_of_its_own_until_there_are_too_many() {
        let outgoing = Outgoing::new(Arc::new(DropCounter::new("traffic")));
        let names: Vec<&'static str> = (0..CLASSES + 2).map(|number| &*format!("class {number}").leak()).collect();
        for name in names.iter().chain(&names[..2]) {
            outgoing.count(name, ClientOutcome::of_status(200));
        }
        let read = outgoing.read();
        assert_eq!(read.len(), CLASSES + 1);
        assert_eq!((read[0].host_class, read[0].count(ClientOutcome::Status2xx)), ("class 0", 2));
        assert_eq!((read[2].host_class, read[2].count(ClientOutcome::Status2xx)), ("class 2", 1));
        assert_eq!((read[CLASSES].host_class, read[CLASSES].count(ClientOutcome::Status2xx)), (names::OVERFLOW, 2));
        assert_eq!(outgoing.drops.read().collect::<Vec<_>>(), [(DropReason::SeriesLimit, 2)]);
    }

    #[test]
    fn classes_without_requests_are_left_out() {
        let outgoing = Outgoing::new(Arc::new(DropCounter::new("traffic")));
        assert!(outgoing.read().is_empty());
        outgoing.count("stock", ClientOutcome::Error);
        assert_eq!(outgoing.read().iter().map(|counts| counts.host_class).collect::<Vec<_>>(), ["stock"]);
    }

    #[test]
    fn recent_requests_without_a_response_or_with_a_server_error_are_failed_and_cancelled_ones_left_out() {
        let outgoing = Outgoing::new(Arc::new(DropCounter::new("outgoing")));
        for outcome in
            [ClientOutcome::Status2xx, ClientOutcome::Status5xx, ClientOutcome::Error, ClientOutcome::Cancelled]
        {
            outgoing.count("stock", outcome);
        }
        let recent = outgoing.recent(Lookback::Seconds(60));
        assert_eq!(recent.len(), 1);
        assert_eq!((recent[0].host_class, recent[0].counts.count, recent[0].counts.failed), ("stock", 3, 2));
    }

    #[test]
    fn statuses_are_counted_by_their_first_digit() {
        let labels = [100, 204, 301, 404, 599, 600, 0].map(|status| ClientOutcome::of_status(status).as_str());
        assert_eq!(labels, ["1xx", "2xx", "3xx", "4xx", "5xx", "error", "error"]);
    }
}
