//! The outbox: every change of an alert, once for each channel, until it is delivered or given up.
//!
//! An entry is saved before its first attempt, or a save was tried. It leaves by an accepted delivery, or is given up
//! for a reason that is counted: fired = delivered + waiting + given up.

mod backoff;
mod bucket;
mod channel;
mod done;
mod entry;
mod ledger;
mod merge;
mod obsolete;
mod queue;

use std::collections::BTreeMap;

use monitor_core::StoreWrite;
use serde_json::{Map, Value};

pub(crate) use self::channel::Next;
use self::{
    channel::Channel,
    entry::{Entry, Saving},
    ledger::{LEDGER, Ledger, Ledgers},
    queue::Queue,
};
use crate::{engine::Change, mask::Mask, notifier::DeliveryError, rate_limit::RateLimit, stored, time::Now};

/// The entries of all channels.
#[derive(Clone, Debug)]
pub(crate) struct Outbox {
    channels: BTreeMap<String, Channel>,
    /// Channels of notifiers that are no longer configured, for their ledgers.
    closed: BTreeMap<String, Channel>,
    next_order: u64,
    /// Fields of a newer release beside the ledgers.
    rest: Map<String, Value>,
}

/// The entries that a save covers: those that were added before it began.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(crate) struct SaveMark(u64);

/// Counts of one channel, over all processes that used the store: `fired` is the sum of `delivered`, `waiting` and all
/// of `given_up`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ChannelCounts {
    pub(crate) channel: String,
    pub(crate) fired: u64,
    pub(crate) delivered: u64,
    pub(crate) waiting: u64,
    /// Number of given up entries by reason.
    pub(crate) given_up: Vec<(String, u64)>,
    /// Number of entries that were attempted before they were saved.
    pub(crate) unsaved: u64,
}

impl Outbox {
    pub(crate) fn new(channels: impl IntoIterator<Item = (String, RateLimit)>) -> Self {
        let channels = channels.into_iter().map(|(name, limit)| (name, Channel::new(limit))).collect();
        Self { channels, closed: BTreeMap::new(), next_order: 0, rest: Map::new() }
    }

    /// Adds an entry to each of these channels.
    pub(crate) fn push(&mut self, change: &Change, channels: &[String], now: Now) {
        for (name, channel) in self.channels.iter_mut().filter(|(name, _)| channels.contains(name)) {
            channel.queue.push(Entry::new(name, change, self.next_order).wait_from(now.steady));
            self.next_order = self.next_order.saturating_add(1);
        }
    }

    /// Returns the next step of a channel's thread.
    pub(crate) fn next(&mut self, channel: &str, now: Now) -> Next {
        self.channels.get_mut(channel).map_or(Next::Idle, |channel| channel.next(now.steady))
    }

    /// Ends the attempt that is in flight on a channel. Returns the change that was delivered.
    pub(crate) fn finish(
        &mut self,
        channel: &str,
        id: &str,
        result: &Result<(), DeliveryError>,
        now: Now,
    ) -> Option<Change> {
        let Entry { transition, episode, alert, .. } =
            self.channels.get_mut(channel)?.finish(id, result, now.steady)?;
        Some(Change { transition, episode, alert })
    }

    /// Begins a save. All changes must be taken after this.
    pub(crate) fn begin_save(&self) -> SaveMark {
        SaveMark(self.next_order)
    }

    /// Ends a save whose changes are durable.
    pub(crate) fn save_succeeded(&mut self, mark: SaveMark) {
        self.set_saving(mark, Saving::Saved);
    }

    /// Ends a save that failed, or was not possible. Its entries are sent nevertheless.
    pub(crate) fn save_failed(&mut self, mark: SaveMark) {
        self.set_saving(mark, Saving::Failed);
    }

    pub(crate) fn take_changes(&mut self) -> Vec<StoreWrite> {
        let mut changes: Vec<_> = self.queues_mut().flat_map(Queue::take_changes).collect();
        if !changes.is_empty() {
            changes.push(self.ledgers());
        }
        changes
    }

    pub(crate) fn everything(&mut self) -> Vec<StoreWrite> {
        let mut all: Vec<_> = self.queues_mut().flat_map(Queue::everything).collect();
        all.push(self.ledgers());
        all
    }

    pub(crate) fn counts(&self) -> Vec<ChannelCounts> {
        self.queues().map(|(name, queue)| ChannelCounts::new(name, queue)).collect()
    }

    /// Returns the number of entries whose save was tried and failed.
    pub(crate) fn unsaved_waiting(&self) -> usize {
        self.channels.values().map(|channel| channel.queue.unsaved_waiting()).sum()
    }

    /// Returns whether an entry of a configured channel was never attempted, or is being attempted.
    pub(crate) fn has_unattempted(&self) -> bool {
        self.channels.values().any(|channel| channel.queue.has_unattempted())
    }

    pub(crate) fn erase(&mut self, mask: Mask<'_>) {
        self.queues_mut().for_each(|queue| queue.erase(&mut *mask));
    }

    fn set_saving(&mut self, mark: SaveMark, saving: Saving) {
        self.queues_mut().for_each(|queue| queue.set_saving(mark.0, saving));
    }

    /// Returns the change that sets the ledgers.
    fn ledgers(&self) -> StoreWrite {
        let channels = self.queues().map(|(name, queue)| (name.clone(), queue.ledger.clone())).collect();
        stored::put(LEDGER.to_owned(), &Ledgers { channels, rest: self.rest.clone() })
    }

    fn queues(&self) -> impl Iterator<Item = (&String, &Queue)> {
        self.channels.iter().chain(&self.closed).map(|(name, channel)| (name, &channel.queue))
    }

    fn queues_mut(&mut self) -> impl Iterator<Item = &mut Queue> {
        self.channels.values_mut().chain(self.closed.values_mut()).map(|channel| &mut channel.queue)
    }
}

impl ChannelCounts {
    fn new(name: &str, queue: &Queue) -> Self {
        let Ledger { fired, delivered, unsaved, given_up, .. } = queue.ledger.clone();
        let given_up = given_up.into_iter().collect();
        Self { channel: name.to_owned(), fired, delivered, waiting: queue.len(), given_up, unsaved }
    }
}

#[cfg(test)]
mod tests;
