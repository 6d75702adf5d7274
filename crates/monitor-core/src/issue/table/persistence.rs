//! Persistence of the issues: changes for the saver to write, and restoring at start.

use std::{collections::hash_map::Entry, time::Duration};

use super::{Issues, State, Table};
use crate::{
    event::grouping::in_app::InApp,
    issue::{
        IssueSignal,
        changes::TIME_LINE,
        changes::{Changes, put_event, put_record},
        regroup::Stored,
        state::IssueUpdate,
    },
    model::fingerprint::Fingerprint,
    persist::{StoreWrite, timeline::TimeLine},
};

impl Issues {
    /// Takes the changes since the last call, for the store.
    pub(crate) fn take_changes(&self) -> Vec<StoreWrite> {
        let (records, changes, line) = {
            let mut table = self.lock();
            self.sync_counts_silently(&mut table);
            let changes = std::mem::take(&mut table.changes);
            let line = table.line();
            let record = |fingerprint: &Fingerprint| Some(table.states.get(fingerprint)?.written(line));
            let records: Vec<_> = changes.records.iter().filter_map(record).collect();
            let line = (!records.is_empty()).then(|| line.put(TIME_LINE));
            (records, changes, line)
        };
        let removed = changes.removed.into_iter().map(|key| StoreWrite::Remove { key });
        removed.chain(changes.events.iter().map(put_event)).chain(records.iter().map(put_record)).chain(line).collect()
    }

    /// Discards the pending changes, because everything is about to be written.
    pub(crate) fn forget_changes(&self) {
        self.lock().changes = Changes::default();
    }

    /// Takes the whole state, for a store that is written anew.
    pub(crate) fn take_everything(&self) -> Vec<StoreWrite> {
        let (records, line, events) = {
            let mut table = self.lock();
            self.sync_counts_silently(&mut table);
            table.changes = Changes::default();
            let line = table.line();
            let records: Vec<_> = table.states.values().map(|state| state.written(line)).collect();
            (records, line.put(TIME_LINE), table.states.values().flat_map(State::samples).cloned().collect::<Vec<_>>())
        };
        events.iter().map(put_event).chain(records.iter().map(put_record)).chain([line]).collect()
    }

    /// Merges the persisted issues, of this process or an earlier one, into the table, and resumes the time line they
    /// age on. Returns the signals to publish.
    pub(crate) fn restore(&self, stored: Vec<Stored>, line: Option<&[u8]>, in_app: &InApp) -> Vec<IssueSignal> {
        let mut locked = self.lock();
        let table = &mut *locked;
        let mut signals = self.sync_counts(table);
        let line = TimeLine::resume(line, self.limits.retention);
        table.line = Some(line);
        for mut issue in stored {
            issue.regroup(in_app);
            let Stored { mut record, events, outdated_keys } = issue;
            let (fingerprint, is_regrouped) = (record.fingerprint, !outdated_keys.is_empty());
            table.changes.removed.extend(outdated_keys);
            record.bring_decision_back();
            // After a reboot the deadline may have been restarted: it is saved, so that the next process knows the rest
            // of it.
            if record.status.has_deadline() {
                table.changes.records.insert(fingerprint);
            }
            let seen = line.moment(record.line, record.last_seen);
            let (state, mut update) = match table.states.entry(fingerprint) {
                Entry::Occupied(known) => {
                    let state = known.into_mut();
                    let update = state.merge(record, seen);
                    (state, update)
                }
                Entry::Vacant(new) => (new.insert(State::new(record, seen)), IssueUpdate::default()),
            };
            let gone = state.put(events);
            if is_regrouped {
                table.changes.events.extend(state.samples().cloned());
            }
            gone.iter().for_each(|event| table.changes.remove_event(event));
            update.has_changed |= is_regrouped;
            signals.extend(table.signals_of(fingerprint, update));
        }
        table.bytes = table.states.values().flat_map(State::samples).map(|event| event.weight()).sum();
        // The issues of two processes together may exceed the limit.
        while table.states.len() > self.limits.issues {
            self.evict(table);
        }
        self.bound(table);
        signals
    }
}

impl Table {
    /// Returns the time line. The store is loaded before anything is persisted, so a line exists by then.
    fn line(&mut self) -> TimeLine {
        *self.line.get_or_insert_with(|| TimeLine::resume(None, Duration::ZERO))
    }
}
