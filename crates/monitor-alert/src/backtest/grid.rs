//! The grid of a recording: a cell for each hour and each minute, also for those without a slot.

use std::{
    collections::HashMap,
    iter::Peekable,
    rc::Rc,
    sync::Arc,
    time::{Duration, SystemTime},
};

use monitor_core::{Fingerprint, KnownMethod, ReplayedSlot, traffic::WindowCounts};

use super::{cell::Cell, sliding::Count};
use crate::time::Now;

/// A slot of the history, as far as rules read it.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) age: Duration,
    pub(super) length: Duration,
    pub(super) begin: SystemTime,
    pub(super) rows: Vec<Row>,
    pub(super) events: Vec<(Fingerprint, u64)>,
}

/// The counts of one release, method and route.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) release: Arc<str>,
    pub(super) route: (KnownMethod, Arc<str>),
    pub(super) counts: WindowCounts,
}

/// Whether rules read the counts of each route.
#[derive(Clone, Copy, Debug)]
pub(super) enum Detail {
    Total,
    Routes,
}

/// The cells of slots, the oldest first. While nothing happens the rules are applied as well, as in a running service.
pub(super) struct Grid<I: Iterator<Item = Slot>> {
    slots: Peekable<I>,
    detail: Detail,
    /// The age of the first slot: the present time, in seconds since that slot began.
    now: i64,
    /// The beginning of the next cell.
    begin: i64,
    /// The beginning of the latest slot, and its wall-clock time.
    anchor: (i64, SystemTime),
    names: HashMap<(KnownMethod, Arc<str>), Rc<str>>,
}

impl<I: Iterator<Item = Slot>> Grid<I> {
    /// Returns `None` if there is no slot.
    pub(super) fn new(slots: I, detail: Detail) -> Option<Self> {
        let mut slots = slots.peekable();
        let first = slots.peek()?;
        // In its first second, too, the open minute has a cell.
        let (now, anchor) = (seconds(first.age).max(1), (0, first.begin));
        Some(Self { slots, detail, now, begin: 0, anchor, names: HashMap::new() })
    }

    /// Returns the beginning of a slot. The ages differ by whole minutes.
    fn place(&self, slot: &Slot) -> i64 {
        self.now - seconds(slot.age)
    }

    /// Returns the length of the next cell in seconds: an hour where the history has hours.
    fn length(&mut self) -> i64 {
        let is_hour = self.slots.peek().is_some_and(|slot| slot.length >= HOUR);
        if is_hour || self.now - self.begin > MINUTES_REACH { seconds(HOUR) } else { 60 }
    }

    fn wall(&self, place: i64) -> SystemTime {
        let (anchor, wall) = self.anchor;
        let since = Duration::from_secs(place.saturating_sub(anchor).unsigned_abs());
        let at = if place >= anchor { wall.checked_add(since) } else { wall.checked_sub(since) };
        at.unwrap_or(wall)
    }

    fn add(&mut self, slot: Slot, cell: &mut Cell) {
        for Row { release, route, counts } in slot.rows {
            match cell.releases.iter_mut().find(|(known, _)| *known == release) {
                Some((_, sum)) => sum.add(&counts),
                None => cell.releases.push((release, counts)),
            }
            if matches!(self.detail, Detail::Routes) && counts != WindowCounts::default() {
                cell.routes.push((self.name(route), counts));
            }
        }
        cell.events.extend(slot.events);
    }

    fn name(&mut self, route: (KnownMethod, Arc<str>)) -> Rc<str> {
        let name = |(method, route): &(KnownMethod, Arc<str>)| format!("{} {route}", method.as_str()).into();
        Rc::clone(self.names.entry(route).or_insert_with_key(name))
    }
}

impl<I: Iterator<Item = Slot>> Iterator for Grid<I> {
    type Item = Cell;

    fn next(&mut self) -> Option<Cell> {
        if self.begin >= self.now {
            return None;
        }
        let (begin, length) = (self.begin, self.length());
        self.begin = begin.saturating_add(length);
        let length_time = Duration::from_secs(length.unsigned_abs());
        // The rules are applied at the end, or now, if that is earlier.
        let steady = self.begin.min(self.now);
        let at = Now { steady: Duration::from_secs(steady.unsigned_abs()), wall: SystemTime::UNIX_EPOCH };
        let (releases, routes, events) = (Vec::new(), Vec::new(), Vec::new());
        let mut cell = Cell { last: self.begin - 1, length: length_time, at, releases, routes, events };
        while let Some(slot) = self.slots.peek()
            && self.now - seconds(slot.age) < self.begin
            && let Some(slot) = self.slots.next()
        {
            self.anchor = (self.place(&slot), slot.begin);
            self.add(slot, &mut cell);
        }
        cell.at.wall = self.wall(steady);
        Some(cell)
    }
}

impl From<ReplayedSlot> for Slot {
    fn from(ReplayedSlot { age, length, slot, .. }: ReplayedSlot) -> Self {
        let rows = slot.routes.into_iter().map(|row| Row {
            release: row.release,
            route: (row.method, row.route),
            counts: row.counts.ended,
        });
        Self { age, length, begin: slot.begin, rows: rows.collect(), events: slot.events }
    }
}

fn seconds(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX / 4).min(i64::MAX / 4)
}

const HOUR: Duration = Duration::from_secs(60 * 60);
/// Age in seconds past which the history has no minutes.
const MINUTES_REACH: i64 = 50 * 60 * 60;
