//! Saves: changes are taken, then written, and time passes between the two.

use super::{
    coverage::Event,
    disk::DiskMode,
    process::{Process, Save, written_ids},
    snapshot::Snapshot,
    world::World,
};

impl World {
    pub(super) fn begin_some_save(&mut self) {
        if let Some(at) = self.some_process() {
            self.begin_save(at);
        }
    }

    pub(super) fn end_some_save(&mut self) {
        if let Some(at) = self.some_process() {
            self.end_save(at);
        }
    }

    /// Takes the changes of a process, to write them later. A process without the store drops them.
    pub(super) fn begin_save(&mut self, at: usize) {
        let process = &mut self.processes[at];
        if process.save.is_some() {
            return;
        }
        let mark = process.machine.begin_save();
        let changes = process.take_changes(&self.disk.values);
        if process.is_loaded {
            let memory = Snapshot::of_machine(&process.machine);
            process.save = Some(Save { mark, changes, memory });
            return;
        }
        self.coverage.count(Event::StoreBusy);
        process.is_all_unsaved = true;
        process.machine.save_failed(mark);
        process.witness.saw_save_tried(&written_ids(&changes));
    }

    /// Writes the changes of a save that has begun.
    pub(super) fn end_save(&mut self, at: usize) {
        let process = &mut self.processes[at];
        let Some(save) = process.save.take() else { return };
        self.journal.write(format_args!("a save of process {} ends: {:?}", process.id, self.disk.mode));
        let is_reported = self.disk.mode == DiskMode::Works;
        if is_reported || self.disk.mode == DiskMode::LosesReports {
            self.disk.write(&save.changes);
            self.confirm(at);
        }
        if is_reported { self.succeed(at, &save) } else { self.fail(at, &save) }
    }

    /// Records the accepted entries that are no longer stored. An ID that a process without the store has used again is
    /// that of a new entry.
    pub(super) fn confirm(&mut self, at: usize) {
        let witness = &self.processes[at].witness;
        let stored = Snapshot::of_values(&self.disk.values);
        let ids = stored.ids();
        self.confirmed.extend(witness.accepted.iter().filter(|id| !ids.contains(*id)).cloned());
        for reused in stored.waiting.iter().filter(|waiting| witness.may_reuse_ids_of(&waiting.alert_key)) {
            self.confirmed.remove(&reused.id);
        }
    }

    fn succeed(&mut self, at: usize, save: &Save) {
        let process = &mut self.processes[at];
        process.is_all_unsaved = false;
        process.machine.save_succeeded(save.mark);
        process.witness.saw_save(&save.ids());
        check_written(process, save, &Snapshot::of_values(&self.disk.values));
    }

    fn fail(&mut self, at: usize, save: &Save) {
        let process = &mut self.processes[at];
        process.is_all_unsaved = true;
        process.machine.save_failed(save.mark);
        process.witness.saw_save_tried(&save.ids());
        self.coverage.count(match self.disk.mode {
            DiskMode::Busy => Event::StoreBusy,
            DiskMode::LosesReports => Event::SaveReportLost,
            _ => Event::SaveFailed,
        });
    }
}

/// Checks that the store equals the memory at the time at which the changes were taken.
fn check_written(process: &Process, save: &Save, stored: &Snapshot) {
    let is_one_of_many = |key: &&String| key.starts_with("alert-entry-") || key.starts_with("alert-active-");
    let of = |snapshot: &Snapshot| -> Vec<String> {
        let own = snapshot.keys.iter().filter(|key| !process.foreign.contains(*key));
        own.filter(is_one_of_many).cloned().collect()
    };
    assert_eq!(of(stored), of(&save.memory), "the store differs from the memory");
    assert_eq!(stored.used_ledgers(), save.memory.used_ledgers(), "the stored ledgers differ from the memory");
    assert_eq!(stored.active, save.memory.active, "the stored alerts differ from the memory");
}
