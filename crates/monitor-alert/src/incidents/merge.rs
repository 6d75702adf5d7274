//! Merges the incidents of another process, which are read from the store.

use std::{collections::BTreeSet, time::Duration};

use super::{Incidents, open::Open};
use crate::{alert::Severity, engine::Change, incident::Incident, time::Now};

impl Incidents {
    /// Takes the incidents out of `stored` and merges them. Values that cannot be read remain there.
    pub(crate) fn merge(&mut self, stored: &mut Vec<(String, Vec<u8>)>, now: Now) {
        stored.retain(|(key, value)| {
            let Some(incident) = read(key, value) else { return true };
            if incident.resolved.is_some() {
                self.merge_closed(incident, now);
            } else {
                self.merge_open(incident, now);
            }
            false
        });
    }

    /// Makes the active alerts of the open incident those of the engine, after a merge. An active critical alert
    /// without an incident opens one.
    pub(crate) fn align(&mut self, active: &[Change], now: Now) {
        let critical: Vec<_> = active.iter().filter(|change| change.alert.severity == Severity::Critical).collect();
        if let Some(first) = critical.first() {
            self.begin(&first.alert, first.episode, now);
        }
        let keys: BTreeSet<_> = critical.iter().map(|change| change.alert.key.as_str()).collect();
        self.with_open(|open| {
            critical.iter().for_each(|change| open.begin_alert(&change.alert));
            open.retain_active(&keys, now);
        });
    }

    fn merge_closed(&mut self, incident: Incident, now: Now) {
        let incident = match self.closed.remove(&incident.id) {
            Some(mut own) => {
                self.changed.insert(own.id.clone());
                own.unite(incident);
                own
            }
            None => incident,
        };
        let removed = self.closed.add(incident, now.steady);
        self.changed.extend(removed);
    }

    /// Unites the open incidents of both processes: a service has one at a time.
    fn merge_open(&mut self, incident: Incident, now: Now) {
        let Some(own) = self.open.take() else {
            let mut open = Open::loaded(incident, now);
            // The start of this process, among others.
            self.pulse.since(Duration::ZERO).for_each(|(at, second)| open.add(at, second));
            self.recent.drain().for_each(|(at, entry)| open.add_earlier(at, entry));
            self.open = Some(open);
            return;
        };
        self.changed.extend([own.incident.id.clone(), incident.id.clone()]);
        self.open = Some(own.unite(incident, now));
    }
}

impl Incident {
    /// Adds the events and counts of the same incident, or of one of the same fault, from another process. It has the
    /// ID of the one that began first.
    pub(super) fn unite(&mut self, mut other: Self) {
        if other.started < self.started {
            std::mem::swap(self, &mut other);
        }
        let later = other.started.duration_since(self.started).unwrap_or_default();
        let detected = self.detected.into_iter().chain(other.detected.map(|time| time + later));
        self.detected = detected.min();
        // It is over, or without errors, only if it is for both.
        self.mitigated = self.mitigated.zip(other.mitigated).map(|(own, theirs)| own.max(theirs + later));
        self.resolved = self.resolved.zip(other.resolved).map(|(own, theirs)| own.max(theirs + later));
        self.severity = self.severity.max(other.severity);
        self.alerts.append(&mut other.alerts);
        self.active.append(&mut other.active);
        self.left_out += other.left_out;
        self.impact.merge(other.impact);
        self.rest.append(&mut other.rest);
        for mut entry in other.timeline {
            entry.since_start += later;
            if !self.has(&entry.event, entry.at) {
                self.add(entry);
            }
        }
    }
}

fn read(key: &str, value: &[u8]) -> Option<Incident> {
    let id = key.strip_prefix(PREFIX)?;
    serde_json::from_slice(value).ok().filter(|incident: &Incident| incident.id == id)
}

pub(super) fn store_key(id: &str) -> String {
    format!("{PREFIX}{id}")
}

/// The prefix of the keys of incidents.
pub(crate) const PREFIX: &str = "incident-";
