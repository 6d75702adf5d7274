//! The replay of all slots of the history, the oldest first.

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, SystemTime},
    vec,
};

use super::{History, HistorySlot, RouteHistory, names::Names, rows::PackedRows, slot::Slot};
use crate::{
    base::clock,
    model::{fingerprint::Fingerprint, method::KnownMethod},
};

/// All slots of the history, the oldest first. Created by [`History::replay`].
pub struct HistoryReplay<'a> {
    slots: vec::IntoIter<PackedSlot>,
    names: Names,
    /// Held until the replay is dropped.
    _permit: ReplayPermit<'a>,
}

/// A slot of the history, and its place in time.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReplayedSlot {
    /// Time from the beginning of the slot to that of the replay, by the monotonic clock. The ages of two slots differ
    /// by whole minutes.
    pub age: Duration,
    /// A minute or an hour.
    pub length: Duration,
    /// The counts.
    pub slot: HistorySlot,
}

/// A slot as the book has it.
struct PackedSlot {
    age: Duration,
    length: Duration,
    begin: SystemTime,
    rows: PackedRows,
    events: Box<[(Fingerprint, u64)]>,
}

/// The permission for the only replay of a history.
struct ReplayPermit<'a>(&'a AtomicBool);

impl<'a> History<'a> {
    /// Returns all slots, the oldest first: the hours, and then the minutes that are in no hour, the current one as far
    /// as it has come. Slots without a request or an event are left out.
    ///
    /// A replay has a packed copy of all slots, at most 32 MiB, and holds no lock. There is one at a time: returns
    /// `None` until an earlier replay of this monitor's history is dropped.
    ///
    /// # Example: the busiest slot
    ///
    /// ```
    /// use monitor_kit::Monitor;
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// let history = monitor.history().expect("the monitor is not disabled");
    /// let replay = history.replay().expect("there is no other replay");
    /// let busiest = replay.max_by_key(|replayed| {
    ///     replayed.slot.routes.iter().map(|route| route.counts.ended.count).sum::<u64>()
    /// });
    /// if let Some(replayed) = busiest {
    ///     println!("{:?} ago, within {:?}", replayed.age, replayed.length);
    /// }
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    #[must_use]
    pub fn replay(&self) -> Option<HistoryReplay<'a>> {
        let permit = ReplayPermit::take(&self.slots.is_replaying)?;
        let mut book = self.slots.lock();
        let (minute, open) = book.open_slot(&self.totals);
        let now = book.line.place(clock::steady());
        let hours = book.hours.iter().map(|(hour, slot)| PackedSlot::new(slot, hour * 60, HOUR, now));
        let minutes = book.minutes.range(..minute).map(|(minute, slot)| PackedSlot::new(slot, *minute, MINUTE, now));
        let open = [PackedSlot::new(&open, minute, MINUTE, now)];
        let slots: Vec<_> = hours.chain(minutes).chain(open).filter(|slot| !slot.is_empty()).collect();
        Some(HistoryReplay { slots: slots.into_iter(), names: book.names.clone(), _permit: permit })
    }
}

impl PackedSlot {
    fn new(slot: &Slot, minute: i64, length: Duration, now: i64) -> Self {
        let age = now.saturating_sub(minute.saturating_mul(60_000_000));
        Self {
            age: Duration::from_micros(u64::try_from(age).unwrap_or(0)),
            length,
            begin: slot.begin,
            rows: slot.rows.clone(),
            events: slot.events.clone(),
        }
    }

    fn is_empty(&self) -> bool {
        self.rows.len() == 0 && self.events.is_empty()
    }
}

impl<'a> ReplayPermit<'a> {
    fn take(is_replaying: &'a AtomicBool) -> Option<Self> {
        (!is_replaying.swap(true, Ordering::Acquire)).then_some(Self(is_replaying))
    }
}

impl Drop for ReplayPermit<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Iterator for HistoryReplay<'_> {
    type Item = ReplayedSlot;

    fn next(&mut self) -> Option<ReplayedSlot> {
        let PackedSlot { age, length, begin, rows, events } = self.slots.next()?;
        let routes = rows.unpack().map(|row| RouteHistory {
            release: self.names.name(row.key.release),
            method: KnownMethod::from_name(&self.names.name(row.key.method)),
            route: self.names.name(row.key.route),
            counts: row.counts,
        });
        let slot = HistorySlot { begin, routes: routes.collect(), events: events.into_vec() };
        Some(ReplayedSlot { age, length, slot })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.slots.size_hint()
    }
}

impl fmt::Debug for HistoryReplay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HistoryReplay").field("slots", &self.slots.len()).finish_non_exhaustive()
    }
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

#[cfg(test)]
mod tests;
