//! Lives of processes: start, takeover of the store, end.

use std::{collections::BTreeSet, mem};

use super::{
    coverage::Event,
    disk::DiskMode,
    process::{CHANNELS, Process},
    snapshot::Snapshot,
    world::World,
};
use crate::alert::Transition;

impl World {
    /// Starts a process, if there are not two of them.
    pub(super) fn start(&mut self) {
        if self.processes.len() > 1 {
            return;
        }
        let process = Process::new(self.next_process, &mut self.random);
        self.add(process);
        if self.random.bool() {
            self.load(self.processes.len() - 1);
        }
    }

    pub(super) fn add(&mut self, process: Process) {
        self.next_process += 1;
        self.journal.write(format_args!("process {} starts with {:?}", process.id, process.channels));
        self.is_plain &= self.processes.is_empty() && process.channels.len() == CHANNELS.len();
        if !self.processes.is_empty() {
            self.coverage.count(Event::SecondProcess);
        } else if self.disk.owner.is_none() && self.random.u8(0..4) == 0 && !self.disk.values.is_empty() {
            self.disk.upgrade(self.random.u64(..));
            self.coverage.count(Event::NewerRelease);
            self.journal.write(format_args!("a newer release had the store"));
        }
        self.processes.push(process);
    }

    pub(super) fn load_some(&mut self) {
        if let Some(at) = self.some_process() {
            self.load(at);
        }
    }

    /// Takes the store and merges its state, if the process has not done so and the store can be used.
    pub(super) fn load(&mut self, at: usize) {
        let (is_usable, process) = (self.disk.mode == DiskMode::Works, &self.processes[at]);
        if process.is_loaded || self.disk.owner.is_some() || !is_usable {
            return;
        }
        let own = Snapshot::of_machine(&process.machine);
        let stored = Snapshot::of_values(&self.disk.values);
        stored.check_equation("in the store that is loaded");
        let values = self.disk.values.clone().into_iter().collect();
        let now = self.now(process);
        let process = &mut self.processes[at];
        let unread = process.machine.merge(values, now);
        process.foreign = unread.into_iter().map(|(key, _)| key).collect();
        process.is_loaded = true;
        self.disk.owner = Some(process.id);
        self.count_merge(at, &own, &stored);
        self.check_merge(at, &own, &stored);
        self.processes[at].witness.saw_merge(&own, &stored);
    }

    pub(super) fn kill_some(&mut self) {
        let Some(at) = self.some_process() else { return };
        self.journal.write(format_args!("process {} is killed", self.processes[at].id));
        for (channel, attempt) in mem::take(&mut self.processes[at].attempts) {
            let is_received = attempt.answer.is_received() && self.random.bool();
            self.coverage.count(if is_received { Event::KilledAfterDelivery } else { Event::KilledBeforeDelivery });
            if is_received {
                self.receivers.get_mut(channel).expect("a receiver").receive(&attempt.notification);
            }
        }
        if let Some(save) = self.processes[at].save.take() {
            let is_written = matches!(self.disk.mode, DiskMode::Works | DiskMode::LosesReports) && self.random.bool();
            self.coverage.count(if is_written { Event::KilledAfterSave } else { Event::KilledBeforeSave });
            if is_written {
                self.disk.write(&save.changes);
                self.confirm(at);
            }
        }
        let process = self.processes.remove(at);
        self.release(&process);
    }

    /// Ends a process as a program does: its attempts end, and its state is saved if that is possible.
    pub(super) fn stop_some(&mut self) {
        let Some(at) = self.some_process() else { return };
        for channel in self.processes[at].channels.clone() {
            self.answer(at, channel);
        }
        self.end_save(at);
        self.begin_save(at);
        self.end_save(at);
        let process = self.processes.remove(at);
        self.journal.write(format_args!("process {} stops", process.id));
        self.coverage.count(Event::Stopped);
        self.release(&process);
    }

    fn release(&mut self, process: &Process) {
        if self.disk.owner == Some(process.id) {
            self.disk.owner = None;
        }
    }

    fn count_merge(&mut self, at: usize, own: &Snapshot, stored: &Snapshot) {
        let process = &self.processes[at];
        self.journal.write(format_args!(
            "process {} merges {} stored entries into {}",
            process.id,
            stored.waiting.len(),
            own.waiting.len()
        ));
        if stored.keys.is_empty() {
            return;
        }
        self.coverage.count(if own.keys.len() > 2 { Event::MergedIntoMemory } else { Event::Restarted });
    }

    fn check_merge(&self, at: usize, own: &Snapshot, stored: &Snapshot) {
        let process = &self.processes[at];
        let merged = Snapshot::of_machine(&process.machine);
        merged.check_equation("after the merge");
        check_sums(process, own, stored, &merged);
        check_entries(process, own, stored, &merged);
        check_alerts(own, stored, &merged);
        self.check_superseded(own, stored, &merged);
    }

    /// Checks that the beginning of an alert that the process before has delivered is not sent once more.
    fn check_superseded(&self, own: &Snapshot, stored: &Snapshot, merged: &Snapshot) {
        let (stored_ids, merged_ids) = (stored.ids(), merged.ids());
        for waiting in own.waiting.iter().filter(|waiting| waiting.transition == Transition::Triggered.as_str()) {
            let is_same = stored.active.get(&waiting.alert_key) == Some(&waiting.episode);
            let is_gone = stored.ledgers.contains_key(&waiting.channel) && !stored_ids.contains(&waiting.id);
            let is_in_flight = self.is_in_flight(&waiting.id);
            assert!(
                !(is_same && is_gone && merged_ids.contains(&waiting.id)) || is_in_flight,
                "{waiting:?} was delivered by the process before"
            );
        }
    }

    fn is_in_flight(&self, id: &str) -> bool {
        let attempts = self.processes.iter().flat_map(|process| process.attempts.values());
        attempts.into_iter().any(|attempt| attempt.notification.id == id)
    }
}

/// Checks that all counts were added.
fn check_sums(process: &Process, own: &Snapshot, stored: &Snapshot, merged: &Snapshot) {
    for (channel, ledger) in &merged.ledgers {
        let [own, stored] = [own, stored].map(|side| side.ledgers.get(channel).cloned().unwrap_or_default());
        assert_eq!(ledger.delivered, own.delivered + stored.delivered, "{channel}: delivered");
        assert_eq!(ledger.given_up("unreadable"), 0, "{channel}: all can be read");
        // Alerts of a rule that this release does not have are resolved by the merge.
        let orphans = ledger.fired - (own.fired + stored.fired);
        assert!(orphans == 0 || process.channels.contains(&channel.as_str()), "{channel}: fired");
    }
}

/// Checks that each entry is there once, or was given up for a reason that holds.
fn check_entries(process: &Process, own: &Snapshot, stored: &Snapshot, merged: &Snapshot) {
    let ids = merged.ids();
    assert_eq!(ids.len(), merged.waiting.len(), "an entry is there twice");
    let overlap: BTreeSet<_> = own.alerts.intersection(&stored.alerts).collect();
    for waiting in own.waiting.iter().chain(&stored.waiting).filter(|waiting| !ids.contains(&waiting.id)) {
        let is_closed = !process.channels.contains(&waiting.channel.as_str());
        let may_go = is_closed || process.witness.has_ended(&waiting.id) || overlap.contains(&waiting.alert_key);
        assert!(may_go, "{waiting:?} is lost");
    }
    for waiting in &merged.waiting {
        assert!(!process.witness.accepted.contains(&waiting.id), "{waiting:?} was accepted before the merge");
    }
    let last =
        |key: &str| merged.waiting.iter().filter(|waiting| waiting.alert_key == *key).max_by_key(|last| last.order);
    for waiting in overlap.into_iter().filter_map(|key| last(key)) {
        let is_active = merged.active.contains_key(&waiting.alert_key);
        let is_in_flight = process.attempts.values().any(|attempt| attempt.notification.id == waiting.id);
        let is_right = is_active == (waiting.transition == Transition::Triggered.as_str());
        assert!(is_right || is_in_flight, "{waiting:?} leaves the receiver with the wrong state");
    }
}

/// Checks that an alert of either side is active, except those that this process has resolved or has no rule for.
fn check_alerts(own: &Snapshot, stored: &Snapshot, merged: &Snapshot) {
    let is_ended = |key: &str| merged.waiting.iter().any(|end| end.alert_key == key && end.transition == "resolved");
    for (key, episode) in &own.active {
        assert!(merged.active.get(key).is_some_and(|merged| merged >= episode) || is_ended(key), "{key} is not active");
    }
    for key in stored.active.keys().filter(|key| !own.alerts.contains(*key)) {
        assert!(merged.active.contains_key(key) || is_ended(key), "{key} of the process before is not active");
    }
}
