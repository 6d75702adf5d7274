//! The issues, their events, and the events without symbols, as state that the saver persists.

use std::{
    collections::BTreeMap,
    sync::{Arc, Weak},
};

use crate::{
    base::escape,
    event::ErrorEvent,
    issue::{EVENTS, RECORDS, Record, Stored, StoredEvent, TIME_LINE, UNRESOLVED, event_key},
    model::fingerprint::Fingerprint,
    monitor::shared::Shared,
    persist::{
        StoreWrite,
        durable::{Durable, KeyPrefix, MergeReport},
        eraser::Eraser,
    },
    signal::reporters::Reporters,
};

pub(super) struct DurableIssues {
    pub(super) shared: Arc<Shared>,
    pub(super) reporters: Weak<Reporters>,
}

type Values = Vec<(String, Vec<u8>)>;

/// Stored events by fingerprint of their issue.
type Events = BTreeMap<Fingerprint, Vec<Arc<ErrorEvent>>>;

impl Durable for DurableIssues {
    fn prefixes(&self) -> Vec<KeyPrefix> {
        [EVENTS, RECORDS, UNRESOLVED, TIME_LINE].map(KeyPrefix::new).into()
    }

    fn merge(&self, stored: Values) -> MergeReport {
        let mut report = MergeReport::default();
        let line = stored.iter().find(|(key, _)| key == TIME_LINE).map(|(_, json)| json.clone());
        let (events, others) = split(stored, EVENTS);
        let (unresolved, others) = split(others, UNRESOLVED);
        let (records, _) = split(others, RECORDS);

        let mut events = read_events(events, &mut report);
        self.leave(unresolved, &events, &mut report);
        let issues = read_records(records, &mut events, &mut report);
        // What is left belongs to issues that are gone.
        report.obsolete.extend(events.into_values().flatten().map(|event| event_key(&event)));
        let signals = self.shared.issues.restore(issues, line.as_deref(), &self.shared.in_app);
        signals.into_iter().for_each(|signal| super::publish(&self.reporters, signal));
        report
    }

    fn take_changes(&self) -> Vec<StoreWrite> {
        let unresolved = self.shared.unresolved.take_changes();
        self.shared.issues.take_changes().into_iter().chain(unresolved).collect()
    }

    fn everything(&self) -> Vec<StoreWrite> {
        let unresolved = self.shared.unresolved.take_everything();
        unresolved.into_iter().chain(self.shared.issues.take_everything()).collect()
    }

    fn discard_changes(&self) {
        self.shared.issues.forget_changes();
    }

    /// The stored form of an event may have fields of a newer release.
    fn is_stored(&self, key: &str, stored: &[u8], present: &[u8]) -> bool {
        let read = || serde_json::from_slice::<ErrorEvent>(stored).ok();
        key.starts_with(EVENTS) && read().is_some_and(|event| escape::json(&event).as_bytes() == present)
    }

    fn erase(&self, eraser: &Eraser) {
        self.shared.unresolved.erase(eraser);
        self.shared.issues.erase(eraser.clone());
    }
}

impl DurableIssues {
    /// Holds the events that an earlier process left without symbols, for the resolver.
    fn leave(&self, unresolved: Values, events: &Events, report: &mut MergeReport) {
        for (key, json) in unresolved {
            match serde_json::from_slice::<StoredEvent>(&json) {
                Ok(left) if !events.values().flatten().any(|event| event.id == left.event.id) => {
                    let source = self.shared.sources.counted_before(left.count, left.event.at);
                    self.shared.unresolved.hold_again(left, source);
                }
                // The process ended between its last two writes: the event is resolved already.
                Ok(_) => report.obsolete.push(key),
                Err(_) => report.unreadable(key, &json),
            }
        }
    }
}

fn read_events(stored: Values, report: &mut MergeReport) -> Events {
    let mut events = Events::new();
    for (key, json) in stored {
        match serde_json::from_slice::<ErrorEvent>(&json) {
            Ok(event) => events.entry(event.fingerprint).or_default().push(Arc::new(event)),
            Err(_) => report.unreadable(key, &json),
        }
    }
    events
}

/// Reads the issues, and takes their events from `events`. The events of an issue of a newer release are reported as
/// foreign, too.
fn read_records(stored: Values, events: &mut Events, report: &mut MergeReport) -> Vec<Stored> {
    let mut issues = Vec::new();
    for (key, json) in stored {
        if let Ok(record) = Record::read(&json) {
            let mut events = events.remove(&record.fingerprint).unwrap_or_default();
            events.sort_by_key(|event| event.at);
            issues.push(Stored::new(record, events));
            continue;
        }
        report.unreadable(key, &json);
        if let Some(name) = report.foreign.last().and_then(|key| key.strip_prefix(RECORDS)) {
            let fingerprint = events.keys().copied().find(|fingerprint| fingerprint.to_string() == name);
            let theirs = fingerprint.and_then(|fingerprint| events.remove(&fingerprint)).unwrap_or_default();
            report.foreign.extend(theirs.iter().map(|event| event_key(event)));
        }
    }
    issues
}

/// Splits off the values whose keys begin with `prefix`.
fn split(stored: Values, prefix: &str) -> (Values, Values) {
    stored.into_iter().partition(|(key, _)| key.starts_with(prefix))
}
