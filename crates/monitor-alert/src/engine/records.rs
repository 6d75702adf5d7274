//! The records of all alert keys: bounded, and persisted.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use monitor_core::StoreWrite;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::record::{Change, Record};
use crate::{
    alert::{Alert, Transition},
    mask::Mask,
    rule::issue,
    stored,
    time::Now,
};

/// The records, by alert key.
#[derive(Clone, Debug, Default)]
pub(super) struct Records {
    pub(super) by_key: BTreeMap<String, Record>,
    pub(super) next_order: u64,
    /// Keys of the records that differ from their stored form.
    pub(super) changed: BTreeSet<String>,
    pub(super) forgotten: Forgotten,
}

/// Totals of the forgotten records.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Forgotten {
    /// Number of alerts that were active.
    pub(super) alerts: u64,
    /// The largest episode among them. Later records begin above it, so that no episode is used twice.
    pub(super) episode: u64,
    /// Fields of a newer release.
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

impl Records {
    /// Begins an episode of this alert. Returns `None` if the alert is active already.
    pub(super) fn fire(&mut self, alert: Alert) -> Option<Change> {
        let (key, fired) = (alert.key.clone(), self.forgotten.episode);
        let record = self.by_key.entry(key.clone()).or_insert_with(|| Record::new(key.clone(), fired));
        let change = record.fire(alert, self.next_order)?;
        self.next_order = self.next_order.saturating_add(1);
        self.changed.insert(key);
        self.forget_surplus();
        Some(change)
    }

    /// Ends the episode of this alert. Returns `None` if the alert is not active.
    pub(super) fn resolve(&mut self, key: &str, now: Now, update: impl FnOnce(&mut Alert)) -> Option<Change> {
        let change = self.by_key.get_mut(key)?.resolve(now, update)?;
        self.changed.insert(key.to_owned());
        Some(change)
    }

    /// Returns the transition that this alert can make.
    pub(super) fn next_transition(&self, key: &str) -> Transition {
        let is_active = self.by_key.get(key).is_some_and(|record| record.active.is_some());
        if is_active { Transition::Resolved } else { Transition::Triggered }
    }

    pub(super) fn active(&self) -> impl Iterator<Item = &Arc<Alert>> {
        self.by_key.values().filter_map(|record| Some(&record.active.as_ref()?.alert))
    }

    /// Returns the active alerts of each rule.
    pub(super) fn active_by_rule(&self) -> BTreeMap<String, Vec<Arc<Alert>>> {
        let mut rules: BTreeMap<String, Vec<Arc<Alert>>> = BTreeMap::new();
        for alert in self.active().filter(|alert| alert.rule != issue::NAME) {
            rules.entry(alert.rule.clone()).or_default().push(Arc::clone(alert));
        }
        rules
    }

    /// Returns the beginnings of all active alerts.
    pub(super) fn beginnings(&self) -> impl Iterator<Item = Change> {
        self.by_key.values().filter_map(Record::beginning)
    }

    pub(super) fn beginning(&self, key: &str) -> Option<Change> {
        self.by_key.get(key)?.beginning()
    }

    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten.alerts
    }

    pub(super) fn take_changes(&mut self) -> Vec<StoreWrite> {
        let changed = std::mem::take(&mut self.changed);
        let mut changes: Vec<_> = changed.iter().map(|key| self.change(key)).collect();
        // Changes with a record only.
        if !changes.is_empty() {
            changes.push(self.forgotten_change());
        }
        changes
    }

    pub(super) fn everything(&mut self) -> Vec<StoreWrite> {
        self.changed = self.by_key.keys().cloned().collect();
        self.take_changes()
    }

    pub(super) fn erase(&mut self, mask: Mask<'_>) {
        for (key, record) in &mut self.by_key {
            if record.erase(&mut *mask) {
                self.changed.insert(key.clone());
            }
        }
    }

    pub(super) fn forget_surplus(&mut self) {
        while self.by_key.len() > MAX_RECORDS
            && let Some(key) = self.least_needed().map(|record| record.key.clone())
        {
            self.forget(&key);
        }
    }

    /// Returns the oldest record without an active alert, or the oldest of an issue. Alerts of other rules are as few
    /// as these.
    fn least_needed(&self) -> Option<&Record> {
        let is_of_issue = |alert: &Alert| alert.fingerprint.is_some();
        let may_go = |record: &&Record| record.active.as_ref().is_none_or(|active| is_of_issue(&active.alert));
        self.by_key.values().filter(may_go).min_by_key(|record| (record.active.is_some(), record.order))
    }

    fn forget(&mut self, key: &str) {
        let Some(record) = self.by_key.remove(key) else { return };
        self.forgotten.alerts = self.forgotten.alerts.saturating_add(record.active.iter().count() as u64);
        self.forgotten.episode = self.forgotten.episode.max(record.fired);
        self.changed.insert(record.key);
    }

    fn change(&self, key: &str) -> StoreWrite {
        let store_key = Record::store_key(key);
        match self.by_key.get(key) {
            Some(record) => stored::put(store_key, record),
            None => StoreWrite::Remove { key: store_key },
        }
    }

    fn forgotten_change(&self) -> StoreWrite {
        stored::put(FORGOTTEN.to_owned(), &self.forgotten)
    }
}

/// Key of the totals of the forgotten records in the store.
pub(super) const FORGOTTEN: &str = "alert-forgotten";
/// Number of records.
pub(super) const MAX_RECORDS: usize = 10_000;
