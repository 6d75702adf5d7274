//! The queue of one channel: its entries in order, and the ledger of those that left it.

use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    mem,
    time::Duration,
};

use monitor_core::StoreWrite;

use super::{
    done::Done,
    entry::{Entry, Saving},
    ledger::{Ledger, Reason},
    obsolete,
};
use crate::{alert::Notification, mask::Mask, stored};

/// The entries of one channel.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    /// Oldest first.
    entries: VecDeque<Entry>,
    pub(super) ledger: Ledger,
    /// ID of the entry that is being delivered.
    in_flight: Option<String>,
    done: Done,
    /// IDs of the entries that differ from their stored form.
    changed: BTreeSet<String>,
}

impl Queue {
    /// Adds an entry. If there are too many, the oldest is given up.
    pub(super) fn push(&mut self, entry: Entry) {
        self.ledger.fired = self.ledger.fired.saturating_add(1);
        self.changed.insert(entry.id.clone());
        if self.entries.iter().any(|other| other.id == entry.id) {
            return self.ledger.give_up(Reason::Superseded);
        }
        self.entries.push_back(entry);
        self.give_up_surplus();
    }

    pub(super) fn has_attempt(&self) -> bool {
        self.in_flight.is_some()
    }

    pub(super) fn unsaved_waiting(&self) -> usize {
        self.entries.iter().filter(|entry| entry.saving == Saving::Failed).count()
    }

    /// Returns whether an entry was never attempted, or is being attempted.
    pub(super) fn has_unattempted(&self) -> bool {
        self.has_attempt() || self.entries.iter().any(|entry| entry.attempts == 0)
    }

    pub(super) fn has_entry_of(&self, alert_key: &str) -> bool {
        self.entries.iter().any(|entry| entry.alert.key == alert_key)
    }

    /// Returns the entry that is due first. An entry waits for earlier ones of its alert, so that no end of an alert is
    /// delivered before its beginning.
    pub(super) fn first_due(&mut self) -> Option<&mut Entry> {
        let mut alerts = HashSet::new();
        let first_of_alert = |at: &usize| alerts.insert(&self.entries[*at].alert.key);
        let first = (0..self.entries.len()).filter(first_of_alert).min_by_key(|at| self.entries[*at].due)?;
        self.entries.get_mut(first)
    }

    /// Records the beginning of an attempt.
    pub(super) fn begin(&mut self, notification: &Notification) {
        if notification.attempt == 1 && !notification.is_saved {
            self.ledger.unsaved = self.ledger.unsaved.saturating_add(1);
        }
        self.in_flight = Some(notification.id.clone());
    }

    /// Records the end of an attempt. Returns `false` if the entry with this ID is not being delivered.
    pub(super) fn end(&mut self, id: &str) -> bool {
        self.in_flight.take_if(|in_flight| in_flight == id).is_some()
    }

    /// Removes a delivered entry. Returns it.
    pub(super) fn deliver(&mut self, id: &str) -> Option<Entry> {
        let delivered = self.entries.iter().position(|entry| entry.id == id).and_then(|at| self.entries.remove(at));
        self.ledger.delivered = self.ledger.delivered.saturating_add(1);
        self.changed.insert(id.to_owned());
        self.done.add(id);
        delivered
    }

    pub(super) fn retry(&mut self, id: &str, now: Duration) {
        self.entries.iter_mut().filter(|entry| entry.id == id).for_each(|entry| entry.retry(now));
        self.changed.insert(id.to_owned());
    }

    /// Gives up these entries. One that is being delivered is spared: the receiver may have it already.
    pub(super) fn give_up(&mut self, reason: Reason, is_given_up: impl Fn(&Entry) -> bool) {
        let Self { entries, ledger, in_flight, done, changed } = self;
        entries.retain(|entry| {
            if in_flight.as_ref() == Some(&entry.id) || !is_given_up(entry) {
                return true;
            }
            ledger.give_up(reason);
            done.add(&entry.id);
            changed.insert(entry.id.clone());
            false
        });
    }

    /// Gives up the entries of an alert that are obsolete after a merge. `active` is its active episode.
    pub(super) fn settle(&mut self, alert_key: &str, active: Option<u64>) {
        let of_alert: Vec<_> = self.entries.iter().filter(|entry| entry.alert.key == alert_key).collect();
        let changes: Vec<_> = of_alert.iter().map(|entry| (entry.transition, entry.episode)).collect();
        let obsolete = obsolete::positions(&changes, active);
        let ids: HashSet<_> = obsolete.into_iter().map(|at| of_alert[at].id.clone()).collect();
        self.give_up(Reason::Superseded, |entry| ids.contains(&entry.id));
    }

    /// Records the result of a save of all entries with an order below `below`.
    pub(super) fn set_saving(&mut self, below: u64, saving: Saving) {
        let covered = self.entries.iter_mut().filter(|entry| entry.order < below && entry.saving != Saving::Saved);
        covered.for_each(|entry| entry.saving = saving);
    }

    pub(super) fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    pub(super) fn take_changes(&mut self) -> Vec<StoreWrite> {
        let changed = mem::take(&mut self.changed);
        let entries: HashMap<_, _> = self.entries.iter().map(|entry| (&entry.id, entry)).collect();
        let change = |id: &String| match entries.get(id) {
            Some(entry) => stored::put(Entry::store_key(id), entry),
            None => StoreWrite::Remove { key: Entry::store_key(id) },
        };
        changed.iter().map(change).collect()
    }

    pub(super) fn everything(&mut self) -> Vec<StoreWrite> {
        self.changed = self.entries.iter().map(|entry| entry.id.clone()).collect();
        self.take_changes()
    }

    pub(super) fn erase(&mut self, mask: Mask<'_>) {
        for entry in &mut self.entries {
            if entry.erase(&mut *mask) {
                self.changed.insert(entry.id.clone());
            }
        }
    }

    /// Merges the stored entries, oldest first, and the stored ledger. Entries of this process come after them, except
    /// one that is being delivered: it comes first. They get new orders, from `next_order`.
    pub(super) fn merge(&mut self, stored: Vec<Entry>, ledger: Ledger, next_order: &mut u64) {
        self.ledger.add(ledger, stored.len() as u64);
        let mut own: Vec<_> = self.entries.drain(..).collect();
        let has_own = !own.is_empty();
        for stored in stored {
            match own.iter().position(|own| own.id == stored.id) {
                Some(at) => {
                    self.supersede_stored(&stored.id);
                    self.entries.push_back(own.remove(at).merge(stored));
                }
                None if self.done.contains(&stored.id) => self.supersede_stored(&stored.id),
                None => self.entries.push_back(stored),
            }
        }
        self.entries.extend(own);
        self.done.close();
        if has_own {
            self.put_attempt_first();
            self.renumber(next_order);
        }
        self.give_up_surplus();
    }

    fn supersede_stored(&mut self, id: &str) {
        self.ledger.give_up(Reason::Superseded);
        self.changed.insert(id.to_owned());
    }

    fn put_attempt_first(&mut self) {
        let in_flight = |entry: &Entry| self.in_flight.as_ref() == Some(&entry.id);
        let Some(at) = self.entries.iter().position(in_flight) else { return };
        if let Some(entry) = self.entries.remove(at) {
            self.entries.push_front(entry);
        }
    }

    fn renumber(&mut self, next_order: &mut u64) {
        for entry in &mut self.entries {
            entry.order = *next_order;
            *next_order = next_order.saturating_add(1);
            self.changed.insert(entry.id.clone());
        }
    }

    fn give_up_surplus(&mut self) {
        let surplus = self.entries.len().saturating_sub(MAX_ENTRIES);
        if surplus == 0 {
            return;
        }
        let at_rest = self.entries.iter().filter(|entry| self.in_flight.as_ref() != Some(&entry.id));
        let oldest: HashSet<_> = at_rest.take(surplus).map(|entry| entry.id.clone()).collect();
        self.give_up(Reason::OutboxFull, |entry| oldest.contains(&entry.id));
    }
}

/// Number of entries that wait.
pub(super) const MAX_ENTRIES: usize = 10_000;
