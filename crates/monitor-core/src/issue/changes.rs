//! Pending changes of issues: those that are not in the store yet, and their keys.

use std::{collections::BTreeSet, sync::Arc};

use super::Record;
use crate::{base::escape, event::ErrorEvent, model::fingerprint::Fingerprint, persist::StoreWrite};

/// Changes that are not in the store yet.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) records: BTreeSet<Fingerprint>,
    pub(super) events: Vec<Arc<ErrorEvent>>,
    pub(super) removed: Vec<String>,
}

impl Changes {
    pub(super) fn save_event(&mut self, event: Arc<ErrorEvent>) {
        self.events.push(event);
    }

    pub(super) fn remove_event(&mut self, event: &ErrorEvent) {
        let before = self.events.len();
        self.events.retain(|other| other.id != event.id);
        if self.events.len() == before {
            self.removed.push(event_key(event));
        }
    }
}

pub(super) fn put_record(record: &Record) -> StoreWrite {
    let value = record.to_json().map(|record| escape::json(&record).into_bytes());
    StoreWrite::Put { key: record_key(record.fingerprint), value: value.unwrap_or_default() }
}

pub(super) fn put_event(event: &Arc<ErrorEvent>) -> StoreWrite {
    StoreWrite::Put { key: event_key(event), value: escape::json(&**event).into_bytes() }
}

pub(super) fn record_key(fingerprint: Fingerprint) -> String {
    format!("{RECORDS}{fingerprint}")
}

/// Returns the store key of an event.
pub(crate) fn event_key(event: &ErrorEvent) -> String {
    format!("{EVENTS}{}/{}", event.fingerprint, event.id)
}

pub(crate) const RECORDS: &str = "issue/";
pub(crate) const EVENTS: &str = "event/";
pub(crate) const TIME_LINE: &str = "time-line";
