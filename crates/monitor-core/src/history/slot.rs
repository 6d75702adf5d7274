//! A slot: one minute or one hour of history.

use std::{collections::BTreeMap, time::SystemTime};

use serde_json::{Map, Value};

use super::{
    counts::HistoryCounts,
    rows::{PackedRows, Row, RowKey},
};
use crate::model::fingerprint::Fingerprint;

/// One minute or one hour.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    /// The wall-clock time of its beginning, for people.
    pub(super) begin: SystemTime,
    pub(super) rows: PackedRows,
    /// Sums over the rows of each release, because rules read them every second.
    pub(super) totals: Vec<(u32, HistoryCounts)>,
    /// Number of events of each issue.
    pub(super) events: Box<[(Fingerprint, u64)]>,
    /// Fields of a newer release in the stored form.
    pub(super) rest: Map<String, Value>,
}

/// The content of a slot while it is summed up.
#[derive(Debug, Default)]
pub(super) struct Sums {
    rows: BTreeMap<RowKey, HistoryCounts>,
    events: BTreeMap<Fingerprint, u64>,
}

/// Whether two counts are of the same time, so that their requests in flight add up.
#[derive(Clone, Copy, Debug)]
pub(super) enum Times {
    Same,
    Different,
}

impl Slot {
    pub(super) fn new(begin: SystemTime, sums: Sums) -> Self {
        let rows: Vec<_> = sums.rows.into_iter().map(|(key, counts)| Row { key, counts }).collect();
        let mut totals: BTreeMap<u32, HistoryCounts> = BTreeMap::new();
        for Row { key, counts } in &rows {
            totals.entry(key.release).or_default().add_beside(counts);
        }
        Self {
            begin,
            rows: PackedRows::pack(&rows),
            totals: totals.into_iter().collect(),
            events: sums.events.into_iter().collect(),
            rest: Map::new(),
        }
    }

    /// Returns this slot with the counts of another one. The earlier begin stays.
    pub(super) fn merge(self, other: &Self, times: Times) -> Self {
        let (begin, rest) = (self.begin.min(other.begin), self.rest.clone());
        let mut sums = Sums::default();
        sums.add(&self, times);
        sums.add(other, times);
        Self { rest, ..Self::new(begin, sums) }
    }

    /// Returns its approximate size in memory, in bytes.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.rows.len()
            + self.totals.len() * size_of::<(u32, HistoryCounts)>()
            + self.events.len() * size_of::<(Fingerprint, u64)>()
    }
}

impl Sums {
    pub(super) fn add(&mut self, slot: &Slot, times: Times) {
        slot.rows.unpack().for_each(|row| self.add_row(row, times));
        slot.events.iter().for_each(|(fingerprint, count)| self.add_events(*fingerprint, *count));
    }

    pub(super) fn add_row(&mut self, row: Row, times: Times) {
        let counts = self.rows.entry(row.key).or_default();
        match times {
            Times::Same => counts.add_beside(&row.counts),
            Times::Different => counts.add_later(&row.counts),
        }
    }

    pub(super) fn add_events(&mut self, fingerprint: Fingerprint, count: u64) {
        *self.events.entry(fingerprint).or_default() += count;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.events.is_empty()
    }

    /// Returns the rows, ordered by their keys.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&RowKey, &HistoryCounts)> {
        self.rows.iter()
    }

    pub(super) fn events(&self) -> impl Iterator<Item = (&Fingerprint, &u64)> {
        self.events.iter()
    }
}
