//! The slots of the history: minutes, and hours of what the minutes no longer cover.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{
    counts::HistoryCounts,
    names::Names,
    rows::{Row, RowKey},
    slot::{Slot, Sums, Times},
};
use crate::{
    base::clock::Moment,
    model::{fingerprint::Fingerprint, method::KnownMethod},
    persist::timeline::TimeLine,
    traffic::RouteCounts,
};

/// Totals since the start of the process.
#[derive(Debug)]
pub(crate) struct Totals {
    pub(crate) routes: Vec<RouteCounts>,
    /// Number of events of each issue.
    pub(crate) issues: Vec<(Fingerprint, u64)>,
}

/// The slots, by their place on the time line.
#[derive(Debug)]
pub(super) struct Book {
    pub(super) line: TimeLine,
    release: Arc<str>,
    pub(super) names: Names,
    /// By minutes of the line.
    pub(super) minutes: BTreeMap<i64, Slot>,
    /// By hours of the line. They hold what is no longer in `minutes`, so that no request is in both.
    pub(super) hours: BTreeMap<i64, Slot>,
    /// The minute that is not closed yet, and the wall-clock time of its beginning.
    open: (i64, SystemTime),
    /// The totals at its beginning.
    seen_routes: HashMap<(KnownMethod, Arc<str>), HistoryCounts>,
    seen_issues: HashMap<Fingerprint, u64>,
    /// Whether stored issues are being restored, whose counts are not events of the open minute. Until then it stays
    /// open.
    is_restoring: bool,
    /// The slots that differ from their stored form.
    pub(super) changed: BTreeSet<Place>,
    bytes: usize,
    max_bytes: usize,
}

/// The place of a slot.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Place {
    Minute(i64),
    Hour(i64),
}

impl Book {
    pub(super) fn new(release: &str, max_bytes: usize, now: Moment) -> Self {
        let line = TimeLine::resume(None, RETENTION);
        Self {
            line,
            release: release.into(),
            names: Names::default(),
            minutes: BTreeMap::new(),
            hours: BTreeMap::new(),
            open: (minute_of(line, now.steady), now.wall),
            seen_routes: HashMap::new(),
            seen_issues: HashMap::new(),
            is_restoring: false,
            changed: BTreeSet::new(),
            bytes: 0,
            max_bytes,
        }
    }

    /// Returns whether the open minute is over.
    pub(super) fn is_due(&self, now: Moment) -> bool {
        !self.is_restoring && minute_of(self.line, now.steady) > self.open.0
    }

    /// Closes the open minute and opens the next one. Returns the number of hours that were dropped for lack of space.
    pub(super) fn close(&mut self, totals: &Totals, now: Moment) -> u64 {
        let sums = self.growth(totals);
        let (minute, begin) = self.open;
        self.set_seen(totals);
        if !sums.is_empty() {
            // A part of the same minute may be there, of this process or of the one before.
            self.put(Place::Minute(minute), Slot::new(begin, sums), Times::Different);
        }
        let next = minute_of(self.line, now.steady);
        if next > minute {
            self.open = (next, now.wall);
        }
        self.fold_old();
        self.shrink()
    }

    #[cfg(test)]
    pub(super) fn open_minute(&self) -> i64 {
        self.open.0
    }

    /// Returns the open minute, as far as it has come.
    pub(super) fn open_slot(&mut self, totals: &Totals) -> (i64, Slot) {
        let sums = self.growth(totals);
        let own = Slot::new(self.open.1, sums);
        let slot = match self.minutes.get(&self.open.0) {
            Some(part) => part.clone().merge(&own, Times::Different),
            None => own,
        };
        (self.open.0, slot)
    }

    /// Ends the restoration of stored issues, if there is one: their present counts, which `read` returns, are those at
    /// the beginning of the open minute.
    pub(super) fn end_restoration(&mut self, read: impl FnOnce() -> Vec<(Fingerprint, u64)>) {
        if std::mem::take(&mut self.is_restoring) {
            self.seen_issues = read().into_iter().collect();
        }
    }

    /// Continues the stored time line. The slots of this process keep their distances.
    pub(super) fn resume(&mut self, stored: Option<&[u8]>) {
        self.is_restoring = true;
        if stored.is_none() {
            return;
        }
        let line = TimeLine::resume(stored, RETENTION);
        let ahead = line.ahead_of(std::mem::replace(&mut self.line, line));
        // To the nearest minute: a line that was resumed at once may be behind by a few microseconds.
        let shift = (ahead + MINUTE_US / 2).div_euclid(MINUTE_US);
        let (minutes, hours) = (std::mem::take(&mut self.minutes), std::mem::take(&mut self.hours));
        self.minutes = minutes.into_iter().map(|(minute, slot)| (minute + shift, slot)).collect();
        let hour_later = |hour: i64| (hour * 60 + shift).div_euclid(60);
        self.hours = hours.into_iter().map(|(hour, slot)| (hour_later(hour), slot)).collect();
        self.open.0 += shift;
        self.change_all();
    }

    /// Marks all slots as different from their stored form.
    pub(super) fn change_all(&mut self) {
        let minutes = self.minutes.keys().map(|minute| Place::Minute(*minute));
        self.changed = minutes.chain(self.hours.keys().map(|hour| Place::Hour(*hour))).collect();
    }

    /// Adds a slot to the one at the same place.
    pub(super) fn put(&mut self, place: Place, slot: Slot, times: Times) {
        let slots = match place {
            Place::Minute(_) => &mut self.minutes,
            Place::Hour(_) => &mut self.hours,
        };
        let before = slots.remove(&place.number());
        self.bytes = self.bytes.saturating_sub(before.as_ref().map_or(0, Slot::bytes));
        let merged = match before {
            Some(before) => before.merge(&slot, times),
            None => slot,
        };
        self.bytes += merged.bytes();
        slots.insert(place.number(), merged);
        self.changed.insert(place);
    }

    /// Folds hours of minutes that are too old into one slot each, and drops hours that are too old.
    pub(super) fn fold_old(&mut self) {
        let last = self.open.0;
        while let Some(hour) = self.oldest_hour_of_minutes()
            && (hour + 1) * 60 <= last - MINUTES
        {
            self.fold(hour);
        }
        while let Some(hour) = self.hours.keys().next().copied()
            && hour < last.div_euclid(60) - HOURS
        {
            self.drop_hour(hour);
        }
    }

    /// Folds or drops the oldest slots until the rest fits. Returns the number of dropped hours.
    pub(super) fn shrink(&mut self) -> u64 {
        let mut dropped = 0;
        while self.bytes > self.max_bytes {
            let folded = self.oldest_hour_of_minutes().filter(|hour| *hour < self.open.0.div_euclid(60));
            match (folded, self.hours.keys().next().copied()) {
                (Some(hour), _) => self.fold(hour),
                (None, Some(hour)) => {
                    self.drop_hour(hour);
                    dropped += 1;
                }
                (None, None) => return dropped,
            }
        }
        dropped
    }

    /// Returns the slots of which a part is within the last `minutes`, the oldest first, as minutes of their beginning.
    pub(super) fn within(&self, minutes: i64) -> impl Iterator<Item = (i64, &Slot)> {
        let first = self.open.0 - minutes + 1;
        let hours = self.hours.range(first.div_euclid(60)..).map(|(hour, slot)| (hour * 60, slot));
        hours.chain(self.minutes.range(first..self.open.0).map(|(minute, slot)| (*minute, slot)))
    }

    /// Returns the number of this process's release.
    pub(super) fn own_release(&mut self) -> u32 {
        self.names.number(&self.release)
    }

    fn growth(&mut self, totals: &Totals) -> Sums {
        let mut sums = Sums::default();
        let release = self.own_release();
        for counts in &totals.routes {
            let before = self.seen_routes.get(&(counts.method, Arc::clone(&counts.route))).copied().unwrap_or_default();
            let grown = HistoryCounts::of(counts).since(&before);
            if !grown.is_empty() {
                let [method, route] = [counts.method.as_str(), &counts.route].map(|name| self.names.number(name));
                sums.add_row(Row { key: RowKey { release, method, route }, counts: grown }, Times::Same);
            }
        }
        let mut issues: Vec<_> = totals
            .issues
            .iter()
            .filter_map(|(issue, count)| {
                let grown = count.saturating_sub(self.seen_issues.get(issue).copied().unwrap_or_default());
                (grown > 0).then_some((*issue, grown))
            })
            .collect();
        issues.sort_unstable_by_key(|(_, grown)| std::cmp::Reverse(*grown));
        issues.iter().take(MAX_ISSUES).for_each(|(issue, grown)| sums.add_events(*issue, *grown));
        sums
    }

    fn set_seen(&mut self, totals: &Totals) {
        let total = |counts: &RouteCounts| ((counts.method, Arc::clone(&counts.route)), HistoryCounts::of(counts));
        self.seen_routes = totals.routes.iter().map(total).collect();
        self.seen_issues = totals.issues.iter().copied().collect();
    }

    fn oldest_hour_of_minutes(&self) -> Option<i64> {
        self.minutes.keys().next().map(|minute| minute.div_euclid(60))
    }

    fn fold(&mut self, hour: i64) {
        let later = self.minutes.split_off(&((hour + 1) * 60));
        let minutes = std::mem::replace(&mut self.minutes, later);
        for (minute, slot) in minutes {
            self.bytes = self.bytes.saturating_sub(slot.bytes());
            self.changed.insert(Place::Minute(minute));
            // The hour begins at its place, also if its first minutes had no requests.
            let before = Duration::from_secs(60) * u32::try_from(minute - hour * 60).unwrap_or(0);
            let begin = slot.begin.checked_sub(before).unwrap_or(slot.begin);
            self.put(Place::Hour(hour), Slot { begin, ..slot }, Times::Different);
        }
    }

    fn drop_hour(&mut self, hour: i64) {
        let dropped = self.hours.remove(&hour);
        self.bytes = self.bytes.saturating_sub(dropped.as_ref().map_or(0, Slot::bytes));
        self.changed.insert(Place::Hour(hour));
    }
}

impl Place {
    pub(super) fn number(self) -> i64 {
        match self {
            Self::Minute(number) | Self::Hour(number) => number,
        }
    }
}

fn minute_of(line: TimeLine, steady: i64) -> i64 {
    line.place(steady).div_euclid(MINUTE_US)
}

const MINUTE_US: i64 = 60_000_000;
/// Number of minutes: 48 hours.
const MINUTES: i64 = 48 * 60;
/// Number of hours: 30 days.
const HOURS: i64 = 30 * 24;
const RETENTION: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Number of issues in a minute. Of more, those with the most events.
const MAX_ISSUES: usize = 256;
