//! Restores the stored state: disabled routes, issues with their events, and events without symbols.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value};

use super::{Saver, trouble::Trouble};
use crate::{
    base::{clock, drops::DropReason, error::BoxError},
    event::ErrorEvent,
    issue::{EVENTS, RECORDS, Record, Stored, StoredEvent, TIME_LINE, UNRESOLVED, event_key},
    persist::StoreWrite,
    signal::Signal,
    switch,
};

impl Saver {
    pub(super) fn load(&mut self) -> Result<(), BoxError> {
        if let Some(json) = self.value(switch::KEY)? {
            let now = clock::now();
            let restored = self.shared.switch.restore(&json).into_iter();
            for disabled in restored.filter(|disabled| !disabled.is_over(now)) {
                self.reporters.publish(Signal::RouteDisabled(disabled));
            }
        }
        let (mut orphans, mut damaged) = (Vec::new(), Vec::new());
        let mut events = BTreeMap::<_, Vec<_>>::new();
        for (key, json) in self.persist.load(EVENTS)? {
            match serde_json::from_slice::<ErrorEvent>(&json) {
                Ok(event) => events.entry(event.fingerprint).or_default().push(Arc::new(event)),
                Err(_) => damaged.extend(self.unread(key, &json)),
            }
        }
        for (key, json) in self.persist.load(UNRESOLVED)? {
            match serde_json::from_slice::<StoredEvent>(&json) {
                Ok(left) if !events.values().flatten().any(|event| event.id == left.event.id) => self.leave(left),
                // The process ended between its last two writes: the event is resolved already.
                Ok(_) => orphans.push(StoreWrite::Remove { key }),
                Err(_) => damaged.extend(self.unread(key, &json)),
            }
        }
        let mut issues = Vec::new();
        for (key, json) in self.persist.load(RECORDS)? {
            match Record::read(&json) {
                Ok(record) => {
                    let mut events = events.remove(&record.fingerprint).unwrap_or_default();
                    events.sort_by_key(|event| event.at);
                    issues.push(Stored::new(record, events));
                }
                Err(_) => damaged.extend(self.unread(key, &json)),
            }
        }
        let unread = damaged.len() as u64;
        orphans.append(&mut damaged);
        let issues_gone = events.into_values().flatten().map(|event| event_key(&event));
        orphans.extend(issues_gone.filter(|key| !self.is_foreign(key)).map(|key| StoreWrite::Remove { key }));
        let signals = self.shared.issues.restore(issues, self.value(TIME_LINE)?.as_deref(), &self.shared.in_app);
        self.is_loaded = true;
        signals.into_iter().for_each(|signal| self.reporters.publish(signal));
        if unread > 0 {
            self.drops.count_many(DropReason::Unreadable, unread);
            self.unlogged.push(Trouble::Unread(unread));
        }
        if !self.foreign.is_empty() {
            self.unlogged.push(Trouble::Foreign(self.foreign.len()));
        }
        if !orphans.is_empty() {
            self.persist.save(&orphans)?;
        }
        Ok(())
    }

    /// Holds an event of an earlier process for the resolver.
    fn leave(&self, left: StoredEvent) {
        let source = self.shared.sources.counted_before(left.count, left.event.at);
        self.shared.unresolved.hold_again(left, source);
    }

    /// Returns the change that removes an unreadable value. A value that a newer release may have written stays, and
    /// `None` is returned.
    fn unread(&mut self, key: String, json: &[u8]) -> Option<StoreWrite> {
        if serde_json::from_slice::<Map<String, Value>>(json).is_err() {
            return Some(StoreWrite::Remove { key });
        }
        self.foreign.insert(key);
        None
    }

    /// Returns whether a value, or the issue of an event, was written by a newer release.
    pub(super) fn is_foreign(&self, key: &str) -> bool {
        let issue = || Some(format!("{RECORDS}{}", key.strip_prefix(EVENTS)?.split_once('/')?.0));
        self.foreign.contains(key) || issue().is_some_and(|issue| self.foreign.contains(&issue))
    }

    /// Returns the value of one key.
    fn value(&self, key: &str) -> Result<Option<Vec<u8>>, BoxError> {
        let found = self.persist.load(key)?.into_iter().find(|(found, _)| found == key);
        Ok(found.map(|(_, value)| value))
    }
}
