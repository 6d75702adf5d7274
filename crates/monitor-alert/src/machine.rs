//! The state machine of alerts: engine and outbox under one roof, without threads, clock or I/O.

use monitor_core::{StoreWrite, traffic::Lookback};

use crate::{
    engine::{Change, Engine, Source},
    fact::Fact,
    mask::Mask,
    notifier::DeliveryError,
    outbox::{ChannelCounts, Limit, Next, Outbox, SaveMark},
    rule::{Rule, error_ratio::Counts},
    time::Now,
};

/// The state of all alerts and of their delivery.
///
/// A channel is one notifier. Its thread calls [`next`](Self::next) and takes the returned step; after a delivery it
/// calls [`finish`](Self::finish). To save, a thread calls [`begin_save`](Self::begin_save), then
/// [`take_changes`](Self::take_changes), then writes the changes in one batch, and at last
/// [`save_succeeded`](Self::save_succeeded) or [`save_failed`](Self::save_failed).
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    engine: Engine,
    outbox: Outbox,
}

/// The notifications that a call has added. If there are some, the threads of the channels have work.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub(crate) enum Pushed {
    Some,
    None,
}

impl Machine {
    /// Creates the machine of a program. The rules must have passed [`Rule::check`], and no two channels have the same
    /// name.
    pub(crate) fn new(source: Source, rules: Vec<Rule>, channels: impl IntoIterator<Item = (String, Limit)>) -> Self {
        Self { engine: Engine::new(source, rules), outbox: Outbox::new(channels) }
    }

    /// Applies the rules to a change of an issue.
    pub(crate) fn observe(&mut self, fact: &Fact, now: Now) -> Pushed {
        let change = self.engine.observe(fact, now);
        self.push(change, now)
    }

    /// Applies the rules to the counts of requests. Called every second; `read` returns the counts of a window.
    pub(crate) fn evaluate(&mut self, read: &dyn Fn(Lookback) -> Counts, now: Now) -> Pushed {
        let changes = self.engine.evaluate(read, now);
        self.push(changes, now)
    }

    /// Returns the next step of a channel's thread. Also gives up expired notifications.
    pub(crate) fn next(&mut self, channel: &str, now: Now) -> Next {
        self.outbox.next(channel, now)
    }

    /// Ends the delivery of the notification with this ID.
    pub(crate) fn finish(&mut self, channel: &str, id: &str, result: &Result<(), DeliveryError>, now: Now) {
        self.outbox.finish(channel, id, result, now);
    }

    /// Begins a save. The notifications that exist now are saved by it, provided that all changes are taken afterwards.
    pub(crate) fn begin_save(&self) -> SaveMark {
        self.outbox.begin_save()
    }

    /// Ends a save whose changes are durable.
    pub(crate) fn save_succeeded(&mut self, mark: SaveMark) {
        self.outbox.save_succeeded(mark);
    }

    /// Ends a save that failed, or was not possible. Its notifications are sent nevertheless, as not saved. The next
    /// save must write [`everything`](Self::everything).
    pub(crate) fn save_failed(&mut self, mark: SaveMark) {
        self.outbox.save_failed(mark);
    }

    /// Returns the changes since the last call. The store must write all of them or none.
    pub(crate) fn take_changes(&mut self) -> Vec<StoreWrite> {
        let mut changes = self.engine.take_changes();
        changes.append(&mut self.outbox.take_changes());
        changes
    }

    /// Returns the whole state. Stored values with the prefix `alert-` that are not among it must be removed, except
    /// those that [`merge`](Self::merge) could not read.
    pub(crate) fn everything(&mut self) -> Vec<StoreWrite> {
        let mut all = self.engine.everything();
        all.append(&mut self.outbox.everything());
        all
    }

    /// Merges the stored state into this one: all values whose keys begin with `alert-`. Called once per process, when
    /// the store can first be used. Until then the process works from memory.
    ///
    /// Returns the values that cannot be read. Those that are JSON objects may be of a newer release and must stay in
    /// the store.
    pub(crate) fn merge(&mut self, mut stored: Vec<(String, Vec<u8>)>, now: Now) -> Vec<(String, Vec<u8>)> {
        let overlaps = self.engine.merge(&mut stored);
        self.outbox.merge(&mut stored, &overlaps, now);
        let orphans = self.engine.resolve_orphans(now);
        let _ = self.push(orphans, now);
        stored
    }

    /// Returns the counts of all channels, also of those that are no longer configured.
    pub(crate) fn counts(&self) -> Vec<ChannelCounts> {
        self.outbox.counts()
    }

    /// Returns whether a notification was never attempted, or is being attempted.
    pub(crate) fn has_unattempted(&self) -> bool {
        self.outbox.has_unattempted()
    }

    /// Returns the number of waiting notifications that could not be saved. They are lost if the process ends.
    pub(crate) fn unsaved_waiting(&self) -> usize {
        self.outbox.unsaved_waiting()
    }

    /// Returns the number of active alerts.
    #[cfg(test)]
    pub(crate) fn active(&self) -> u64 {
        self.engine.active().count() as u64
    }

    /// Returns the number of active alerts that were forgotten because there were too many. They are never resolved.
    pub(crate) fn forgotten(&self) -> u64 {
        self.engine.forgotten()
    }

    /// Masks all texts with `mask`, which returns the masked form of a text that mentions an erased user.
    pub(crate) fn erase(&mut self, mask: Mask<'_>) {
        self.engine.erase(&mut *mask);
        self.outbox.erase(mask);
    }

    fn push(&mut self, changes: impl IntoIterator<Item = Change>, now: Now) -> Pushed {
        let pushed = changes.into_iter().map(|change| self.outbox.push(&change, now)).count();
        if pushed > 0 { Pushed::Some } else { Pushed::None }
    }
}
