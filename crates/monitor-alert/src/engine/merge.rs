//! The merge of stored records into those of this process: after a restart, or when another process has ended.

use super::{
    record::{Change, Record},
    records::{FORGOTTEN, Forgotten, Records},
};

/// An alert that both processes had recorded.
#[derive(Clone, Debug)]
pub(crate) struct Overlap {
    pub(crate) key: String,
    /// The beginning of the episode that was active in the stored state.
    pub(crate) stored: Option<Change>,
    /// The episode that is active after the merge.
    pub(crate) active: Option<u64>,
}

impl Records {
    /// Takes the records out of `stored` and merges them. Values that cannot be read remain there.
    pub(super) fn merge(&mut self, stored: &mut Vec<(String, Vec<u8>)>) -> Vec<Overlap> {
        let mut records = Vec::new();
        stored.retain(|(key, value)| {
            let read = read(key, value);
            let is_unread = read.is_none();
            match read {
                Some(Read::Record(record)) => records.push(record),
                Some(Read::Forgotten(forgotten)) => self.add_forgotten(forgotten),
                None => {}
            }
            is_unread
        });
        self.put_after(&records);
        let overlaps = records.into_iter().filter_map(|record| self.add(record)).collect();
        self.forget_surplus();
        overlaps
    }

    fn add_forgotten(&mut self, stored: Forgotten) {
        self.forgotten.alerts = self.forgotten.alerts.saturating_add(stored.alerts);
        self.forgotten.episode = self.forgotten.episode.max(stored.episode);
        self.forgotten.rest = stored.rest;
    }

    /// Ranks the records of this process after the stored ones, which are older.
    fn put_after(&mut self, stored: &[Record]) {
        let first = stored.iter().map(|record| record.order.saturating_add(1)).max().unwrap_or_default();
        for (key, record) in &mut self.by_key {
            record.order = record.order.saturating_add(first);
            self.changed.insert(key.clone());
        }
        self.next_order = self.next_order.saturating_add(first);
    }

    fn add(&mut self, stored: Record) -> Option<Overlap> {
        let key = stored.key.clone();
        let Some(own) = self.by_key.get_mut(&key) else {
            self.by_key.insert(key, stored);
            return None;
        };
        let begun = stored.beginning();
        own.merge(stored);
        Some(Overlap { key, stored: begun, active: own.active.as_ref().map(|active| active.episode) })
    }
}

enum Read {
    Record(Record),
    Forgotten(Forgotten),
}

fn read(key: &str, value: &[u8]) -> Option<Read> {
    if key == FORGOTTEN {
        return serde_json::from_slice(value).ok().map(Read::Forgotten);
    }
    if !Record::is_store_key(key) {
        return None;
    }
    serde_json::from_slice(value).ok().map(Read::Record)
}
