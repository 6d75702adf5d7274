//! The merge of the stored entries into those of this process: after a restart, or when another process has ended.
//!
//! Entries are united by ID. One that both processes have, or that one of them has sent already, is given up once as
//! superseded, so that the sums of both ledgers hold.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Outbox,
    channel::Channel,
    entry::Entry,
    ledger::{LEDGER, Ledgers, Reason},
};
use crate::{alert::Transition, engine::Overlap, pages::Reached, rate_limit::RateLimit, time::Now};

/// The stored state of an outbox.
#[derive(Default)]
struct Stored {
    /// The entries of each channel.
    entries: BTreeMap<String, Vec<Entry>>,
    ledgers: Ledgers,
    /// IDs of all entries, also of those that cannot be read.
    ids: BTreeSet<String>,
}

impl Outbox {
    /// Takes the entries and ledgers out of `stored` and merges them. Values that cannot be read remain there.
    /// `overlaps` are the alerts that both processes have recorded, and `reached` the channels of the stored alerts, by
    /// their keys; all channels if there are none. Returns the channels that had entries of the overlaps: whatever was
    /// given up of them, their receivers may know of the alert.
    pub(crate) fn merge(
        &mut self,
        stored: &mut Vec<(String, Vec<u8>)>,
        overlaps: &[Overlap],
        reached: &Reached,
        now: Now,
    ) -> Reached {
        let stored = Stored::take_from(stored, now);
        overlaps.iter().for_each(|overlap| self.supersede_sent(overlap, reached.get(&overlap.key), &stored));
        self.unite(stored);
        self.closed.values_mut().for_each(Channel::close);
        let concerned = overlaps.iter().map(|overlap| (overlap.key.clone(), self.channels_of(&overlap.key))).collect();
        for overlap in overlaps {
            self.channels.values_mut().for_each(|channel| channel.queue.settle(&overlap.key, overlap.active));
        }
        concerned
    }

    fn channels_of(&self, alert_key: &str) -> BTreeSet<String> {
        let has_some = |channel: &Channel| channel.queue.has_entry_of(alert_key);
        self.channels.iter().filter(|(_, channel)| has_some(channel)).map(|(name, _)| name.clone()).collect()
    }

    /// Gives up the beginning of an alert that is active in the stored state, on the channels from which the other
    /// process has sent it: it is not stored there any more.
    fn supersede_sent(&mut self, overlap: &Overlap, reached: Option<&BTreeSet<String>>, stored: &Stored) {
        let Some(episode) = overlap.stored.as_ref().map(|begun| begun.episode) else { return };
        let is_reached = |name: &String| reached.is_none_or(|reached| reached.contains(name));
        for (name, channel) in self.channels.iter_mut().filter(|(name, _)| is_reached(name)) {
            let id = Entry::id(name, &overlap.key, episode, Transition::Triggered);
            if stored.ledgers.channels.contains_key(name) && !stored.ids.contains(&id) {
                channel.queue.give_up(Reason::Superseded, |entry| entry.id == id);
            }
        }
    }

    fn unite(&mut self, stored: Stored) {
        let Stored { mut entries, ledgers, .. } = stored;
        let last = entries.values().flatten().map(|entry| entry.order.saturating_add(1)).max();
        self.next_order = self.next_order.max(last.unwrap_or_default());
        self.rest = ledgers.rest;
        let mut ledgers = ledgers.channels;
        let names: BTreeSet<_> = self.channels.keys().chain(entries.keys()).chain(ledgers.keys()).cloned().collect();
        for name in names {
            let (entries, ledger) = (entries.remove(&name), ledgers.remove(&name));
            let channel = match self.channels.get_mut(&name) {
                Some(channel) => channel,
                None => self.closed.entry(name).or_insert_with(|| Channel::new(RateLimit::default())),
            };
            channel.queue.merge(entries.unwrap_or_default(), ledger.unwrap_or_default(), &mut self.next_order);
        }
    }
}

impl Stored {
    fn take_from(values: &mut Vec<(String, Vec<u8>)>, now: Now) -> Self {
        let ids = values.iter().filter_map(|(key, _)| Entry::id_of(key)).map(str::to_owned).collect();
        let mut stored = Self { ids, ..Self::default() };
        values.retain(|(key, value)| stored.take(key, value, now).is_none());
        stored.entries.values_mut().for_each(|entries| entries.sort_by_key(|entry| entry.order));
        stored
    }

    /// Returns `None` if the value is of another kind, or cannot be read.
    fn take(&mut self, key: &str, value: &[u8], now: Now) -> Option<()> {
        if key == LEDGER {
            self.ledgers = serde_json::from_slice(value).ok()?;
            return Some(());
        }
        let entry = Entry::read(key, value)?.wait_from(now.steady);
        self.entries.entry(entry.channel.clone()).or_default().push(entry);
        Some(())
    }
}
