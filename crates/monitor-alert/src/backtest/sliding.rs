//! Sliding sums: each cell is added once, and subtracted once it is no longer within the span.

use std::{cell::RefCell, collections::BTreeMap};

use monitor_core::traffic::WindowCounts;

use super::cell::{Cell, Span};

/// Sums of several spans over a part of the cells, by a key.
pub(super) struct Sums<K, V> {
    part: fn(&Cell) -> &[(K, V)],
    /// A span has its sums from its first read on.
    spans: RefCell<Vec<Sliding<K, V>>>,
}

struct Sliding<K, V> {
    span: Span,
    /// The number of cells that were added, and of those that were subtracted again.
    added: usize,
    gone: usize,
    sums: BTreeMap<K, V>,
}

/// Counts that can be added and subtracted.
pub(super) trait Count: Copy + Default + PartialEq {
    fn add(&mut self, other: &Self);
    fn subtract(&mut self, other: &Self);
}

impl<K: Clone + Ord, V: Count> Sums<K, V> {
    pub(super) fn new(part: fn(&Cell) -> &[(K, V)]) -> Self {
        Self { part, spans: RefCell::default() }
    }

    /// Updates the sums of all spans. Called after each new cell.
    pub(super) fn advance(&mut self, cells: &[Cell]) {
        self.spans.get_mut().iter_mut().for_each(|sliding| sliding.advance(cells, self.part));
    }

    /// Passes the sums of `span` to `read`. Keys without any count are left out.
    pub(super) fn read<R>(&self, span: Span, cells: &[Cell], read: impl FnOnce(&BTreeMap<K, V>) -> R) -> R {
        let mut spans = self.spans.borrow_mut();
        if let Some(known) = spans.iter().find(|known| known.span == span) {
            return read(&known.sums);
        }
        let mut sliding = Sliding { span, added: 0, gone: 0, sums: BTreeMap::new() };
        sliding.advance(cells, self.part);
        let value = read(&sliding.sums);
        spans.push(sliding);
        value
    }
}

impl<K: Clone + Ord, V: Count> Sliding<K, V> {
    fn advance(&mut self, cells: &[Cell], part: fn(&Cell) -> &[(K, V)]) {
        let Some(now) = cells.last() else { return };
        for (key, count) in cells.iter().skip(self.added).flat_map(part) {
            match self.sums.get_mut(key) {
                Some(sum) => sum.add(count),
                None => _ = self.sums.insert(key.clone(), *count),
            }
        }
        self.added = cells.len();
        let first = self.span.first(now.last);
        while let Some(cell) = cells.get(self.gone).filter(|cell| cell.last < first) {
            part(cell).iter().for_each(|(key, count)| self.subtract(key, count));
            self.gone += 1;
        }
    }

    fn subtract(&mut self, key: &K, count: &V) {
        let Some(sum) = self.sums.get_mut(key) else { return };
        sum.subtract(count);
        if *sum == V::default() {
            self.sums.remove(key);
        }
    }
}

impl Count for u64 {
    fn add(&mut self, other: &Self) {
        *self = self.saturating_add(*other);
    }

    fn subtract(&mut self, other: &Self) {
        *self = self.saturating_sub(*other);
    }
}

impl Count for WindowCounts {
    fn add(&mut self, other: &Self) {
        self.count.add(&other.count);
        self.failed.add(&other.failed);
        self.durations.iter_mut().zip(&other.durations).for_each(|(sum, more)| sum.add(more));
    }

    fn subtract(&mut self, other: &Self) {
        self.count.subtract(&other.count);
        self.failed.subtract(&other.failed);
        self.durations.iter_mut().zip(&other.durations).for_each(|(sum, less)| sum.subtract(less));
    }
}
