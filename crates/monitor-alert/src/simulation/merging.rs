//! Checks of a merge: nothing is lost, nothing is there twice, and receivers are left with the right state.

use std::collections::BTreeSet;

use super::{process::Process, snapshot::Snapshot, world::World};
use crate::alert::Transition;

impl World {
    /// Checks the state of a process that has merged the stored state into its own.
    pub(super) fn check_merge(&self, at: usize, own: &Snapshot, stored: &Snapshot) {
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
            let is_reached =
                stored.pages.get(&waiting.alert_key).is_none_or(|page| page.channels.contains(&waiting.channel));
            let is_gone =
                is_reached && stored.ledgers.contains_key(&waiting.channel) && !stored_ids.contains(&waiting.id);
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
