//! Lives of processes: start, takeover of the store, end.

use std::mem;

use super::{
    coverage::Event,
    disk::DiskMode,
    process::{CHANNELS, Process},
    snapshot::Snapshot,
    world::World,
};
use crate::hash;

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
        // Another process may have passed an alert on before it was acknowledged here.
        process.acknowledged.clear();
        self.disk.owner = Some(process.id);
        self.count_merge(at, &own, &stored);
        self.check_merge(at, &own, &stored);
        self.allow_ends_of(&own);
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

    /// Allows the ends of alerts that a process fired before it knew the stored episodes: their IDs may be those of
    /// earlier ends.
    fn allow_ends_of(&mut self, own: &Snapshot) {
        for (key, episode) in &own.active {
            for channel in CHANNELS {
                self.confirmed.remove(&hash::id(&[channel, key, &episode.to_string(), "resolved"]));
            }
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
}
