//! History: requests of each release and route, and events of each issue, in the minutes of the last two days and the
//! hours of the last month.

mod book;
mod counts;
mod names;
mod replay;
mod rows;
mod slot;
mod stored;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
    time::{Duration, SystemTime},
};

pub(crate) use self::book::Totals;
use self::{
    book::Book,
    rows::RowKey,
    slot::{Slot, Sums, Times},
};
pub use self::{
    counts::HistoryCounts,
    replay::{HistoryReplay, ReplayedSlot},
};
use crate::{
    base::clock::Moment,
    model::{fingerprint::Fingerprint, method::KnownMethod},
    persist::{
        StoreWrite,
        durable::{KeyPrefix, MergeReport},
    },
};

/// The history of a service: requests by release, method and route, and events by issue.
///
/// It has a slot for each minute of the last 48 hours, and for each hour of 30 days. A store persists it; a rolling
/// release and a restart add their parts to the same minutes. A process that is killed loses the minute it was in.
/// Slots age by the monotonic clock, so that a wrong wall clock neither empties the history nor stops it. A value of
/// this type has read the counters once; take a new one for newer counts.
///
/// In memory it has at most 32 MiB; past that, the oldest minutes become hours early, and the oldest hours are dropped,
/// which is counted. A service of 1,000 routes, of which 50 are active in each minute and 200 in each hour, has all of
/// it: 64 MiB on disk, loaded in 0.4 s. Requests pay nothing: the counters are read once a minute.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use monitor_kit::Monitor;
///
/// let monitor = Monitor::builder("shop").release("1.4.2").build()?;
/// let history = monitor.history().expect("the monitor is not disabled");
/// for (release, counts) in history.releases(Duration::from_secs(24 * 60 * 60)) {
///     let slow = counts.ended.quantile(0.95).unwrap_or_default();
///     println!("{release}: {} requests, 95 % within {slow:.3} s", counts.ended.count);
/// }
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
pub struct History<'a> {
    slots: &'a HistorySlots,
    totals: Totals,
}

/// Counts of one release, method and route.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RouteHistory {
    /// The release of the processes that served the requests.
    pub release: Arc<str>,
    /// The method.
    pub method: KnownMethod,
    /// The route's template.
    pub route: Arc<str>,
    /// The counts.
    pub counts: HistoryCounts,
}

/// One minute or one hour.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HistorySlot {
    /// The wall-clock time of its beginning. It was wrong if the clock was.
    pub begin: SystemTime,
    /// Counts of each release, method and route with at least one request that ended or was in flight.
    pub routes: Vec<RouteHistory>,
    /// Number of events of each issue. Of more than 256 issues in a minute, those with the most events.
    pub events: Vec<(Fingerprint, u64)>,
}

/// The slots of a monitor's history.
pub(crate) struct HistorySlots {
    book: Mutex<Book>,
    /// Whether a replay has a copy of them.
    is_replaying: AtomicBool,
}

// === impl History ===

impl<'a> History<'a> {
    pub(crate) fn new(slots: &'a HistorySlots, totals: Totals) -> Self {
        Self { slots, totals }
    }

    /// Returns the counts of all requests within the latest `span`: whole minutes, and the current one so far. Beyond
    /// 48 hours the oldest hour is a whole one.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use monitor_kit::Monitor;
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// let history = monitor.history().expect("the monitor is not disabled");
    /// let hour = history.total(Duration::from_secs(60 * 60));
    /// assert_eq!(hour.ended.error_ratio(), None);
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    #[must_use]
    pub fn total(&self, span: Duration) -> HistoryCounts {
        let mut total = HistoryCounts::default();
        drop(self.each(span, |_, slot| {
            let mut sum = HistoryCounts::default();
            slot.totals.iter().for_each(|(_, counts)| sum.add_beside(counts));
            total.add_later(&sum);
        }));
        total
    }

    /// Returns the counts of each release within the latest `span`, as [`total`](Self::total) does. The release that
    /// was first seen in it comes first.
    // No example: `History` shows a call.
    #[must_use]
    pub fn releases(&self, span: Duration) -> Vec<(Arc<str>, HistoryCounts)> {
        let mut releases: Vec<(u32, HistoryCounts)> = Vec::new();
        let own = self.slots.lock().own_release();
        let book = self.each(span, |_, slot| {
            // In a minute of two releases, that of this process is the later one.
            let (last, first): (Vec<_>, Vec<_>) = slot.totals.iter().copied().partition(|(release, _)| *release == own);
            for (release, counts) in first.into_iter().chain(last) {
                match releases.iter_mut().find(|(known, _)| *known == release) {
                    Some((_, sum)) => sum.add_later(&counts),
                    None => releases.push((release, counts)),
                }
            }
        });
        releases.into_iter().map(|(release, counts)| (book.names.name(release), counts)).collect()
    }

    /// Returns the counts of each release, method and route within the latest `span`, as [`total`](Self::total) does.
    ///
    /// # Example: the routes that failed today
    ///
    /// ```
    /// use std::time::Duration;
    /// use monitor_kit::Monitor;
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// let history = monitor.history().expect("the monitor is not disabled");
    /// for route in history.routes(Duration::from_secs(24 * 60 * 60)) {
    ///     if route.counts.ended.failed > 0 {
    ///         println!("{} {}: {} failed", route.method.as_str(), route.route, route.counts.ended.failed);
    ///     }
    /// }
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    #[must_use]
    pub fn routes(&self, span: Duration) -> Vec<RouteHistory> {
        let mut sums = Sums::default();
        let book = self.each(span, |_, slot| sums.add(slot, Times::Different));
        routes(&book, &sums)
    }

    /// Returns the number of events of each issue within the latest `span`, as [`total`](Self::total) does.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use monitor_kit::{Level, Monitor};
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// monitor.capture_message("the printer is out of paper", Level::Error);
    /// monitor.flush(Duration::from_secs(5));
    /// let history = monitor.history().expect("the monitor is not disabled");
    /// let events = history.issue_events(Duration::from_secs(60 * 60));
    /// assert_eq!(events, [(monitor.issues()[0].fingerprint, 1)]);
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    #[must_use]
    pub fn issue_events(&self, span: Duration) -> Vec<(Fingerprint, u64)> {
        let mut events: BTreeMap<Fingerprint, u64> = BTreeMap::new();
        drop(self.each(span, |_, slot| {
            slot.events.iter().for_each(|(issue, count)| *events.entry(*issue).or_default() += count);
        }));
        events.into_iter().collect()
    }

    /// Returns the minutes of the latest `span`, at most 48 hours, the oldest first. Minutes without a request or an
    /// event are left out.
    // No example: `hours` shows one.
    #[must_use]
    pub fn minutes(&self, span: Duration) -> Vec<HistorySlot> {
        self.slots_by(span, |minute| minute)
    }

    /// Returns the hours of the latest `span`, the oldest first. Hours without a request or an event are left out.
    ///
    /// # Example: errors of the last day
    ///
    /// ```
    /// use std::time::Duration;
    /// use monitor_kit::{Monitor, clock};
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// let history = monitor.history().expect("the monitor is not disabled");
    /// for hour in history.hours(Duration::from_secs(24 * 60 * 60)) {
    ///     let failed: u64 = hour.routes.iter().map(|route| route.counts.ended.failed).sum();
    ///     println!("{}: {failed}", clock::rfc3339(hour.begin));
    /// }
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    #[must_use]
    pub fn hours(&self, span: Duration) -> Vec<HistorySlot> {
        self.slots_by(span, |minute| minute.div_euclid(60))
    }

    fn slots_by(&self, span: Duration, group: impl Fn(i64) -> i64) -> Vec<HistorySlot> {
        let mut slots: BTreeMap<i64, (SystemTime, Sums)> = BTreeMap::new();
        let book = self.each(span, |minute, slot| {
            let (_, sums) = slots.entry(group(minute)).or_insert_with(|| (slot.begin, Sums::default()));
            sums.add(slot, Times::Different);
        });
        let filled = slots.into_values().filter(|(_, sums)| !sums.is_empty());
        let slot = |(begin, sums): (SystemTime, Sums)| {
            let events = sums.events().map(|(issue, count)| (*issue, *count)).collect();
            HistorySlot { begin, routes: routes(&book, &sums), events }
        };
        filled.map(slot).collect()
    }

    /// Calls `f` with each slot of the latest `span`, the open minute last, and with the minute of its beginning.
    fn each(&self, span: Duration, mut f: impl FnMut(i64, &Slot)) -> MutexGuard<'_, Book> {
        let mut book = self.slots.lock();
        let (minute, open) = book.open_slot(&self.totals);
        let minutes = i64::try_from(span.as_secs().div_ceil(60)).unwrap_or(i64::MAX / 2).max(1);
        book.within(minutes).for_each(|(minute, slot)| f(minute, slot));
        f(minute, &open);
        book
    }
}

impl fmt::Debug for History<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("History").field(self.slots).finish()
    }
}

fn routes(book: &Book, sums: &Sums) -> Vec<RouteHistory> {
    let route = |(key, counts): (&RowKey, &HistoryCounts)| RouteHistory {
        release: book.names.name(key.release),
        method: KnownMethod::from_name(&book.names.name(key.method)),
        route: book.names.name(key.route),
        counts: *counts,
    };
    sums.rows().map(route).collect()
}

// === impl HistorySlots ===

impl HistorySlots {
    pub(crate) fn new(release: &str) -> Self {
        let book = Mutex::new(Book::new(release, MAX_BYTES, Moment::now()));
        Self { book, is_replaying: AtomicBool::new(false) }
    }

    /// Closes the open minute if it is over. Returns the number of dropped hours if it was closed.
    pub(crate) fn tick(&self, read: impl FnOnce() -> Totals, now: Moment) -> Option<u64> {
        let mut book = self.lock();
        book.is_due(now).then(|| book.close(&read(), now))
    }

    /// Closes the open minute early, so that it is saved. It goes on with what follows.
    pub(crate) fn close(&self, read: impl FnOnce() -> Totals) -> u64 {
        let mut book = self.lock();
        book.close(&read(), Moment::now())
    }

    /// Ends the restoration of stored issues that began with [`merge`](Self::merge).
    pub(crate) fn end_restoration(&self, read: impl FnOnce() -> Vec<(Fingerprint, u64)>) {
        self.lock().end_restoration(read);
    }

    pub(crate) fn prefixes() -> Vec<KeyPrefix> {
        stored::prefixes()
    }

    /// Merges the stored slots. Returns the number of dropped hours as well. Stored issues are restored after it, and
    /// then [`end_restoration`](Self::end_restoration) must be called.
    pub(crate) fn merge(&self, stored: Vec<(String, Vec<u8>)>) -> (MergeReport, u64) {
        let mut book = self.lock();
        let report = book.merge(stored);
        book.fold_old();
        (report, book.shrink())
    }

    pub(crate) fn take_changes(&self) -> Vec<StoreWrite> {
        self.lock().take_changes()
    }

    pub(crate) fn everything(&self) -> Vec<StoreWrite> {
        self.lock().everything()
    }

    pub(crate) fn discard_changes(&self) {
        self.lock().changed.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for HistorySlots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HistorySlots").finish_non_exhaustive()
    }
}

/// Size of all slots in memory, in bytes.
const MAX_BYTES: usize = 32 * 1024 * 1024;

#[cfg(test)]
mod tests;
