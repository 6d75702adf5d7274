//! The saver: one thread that writes issues and disabled routes to the store, and restores them after a restart.
//!
//! The first change wakes it; it waits a moment for more, and saves them in one batch. While another process has the
//! store, all state stays in memory; once the store is free, both states are merged.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Map, Value};

use super::shared::Shared;
use crate::{
    base::{
        clock,
        drops::{DropCounter, DropReason},
        error::BoxError,
        escape,
        queue::Handler,
        unwind,
    },
    event::ErrorEvent,
    issue::{EVENTS, RECORDS, Record, Stored, StoredEvent, TIME_LINE, UNRESOLVED, event_key},
    panic,
    persist::{Persist, StoreState, StoreWrite},
    signal::{Signal, reporter::Reporters},
    switch, text,
};

pub(crate) struct Saver {
    shared: Arc<Shared>,
    outlets: Arc<Reporters>,
    persist: Arc<dyn Persist>,
    drops: Arc<DropCounter>,
    /// Whether the stored state has been restored.
    is_loaded: bool,
    /// Whether everything must be written, because the store's content is not known.
    is_all_unsaved: bool,
    /// Keys of values written by a newer release that this one cannot read. They are never removed.
    foreign: BTreeSet<String>,
    /// Number of failures since the last success, and the time of the next attempt.
    failures: u32,
    retry_at: Option<Instant>,
    /// Messages for the log. While the monitor is being built, the program has no log yet, so they wait for the first
    /// run.
    untold: Vec<Trouble>,
}

/// A problem that operators must know of.
#[derive(Debug)]
enum Trouble {
    Unsaved(String),
    Gone(String),
    Unread(u64),
    Foreign(usize),
}

impl Saver {
    pub(crate) fn new(
        shared: Arc<Shared>,
        outlets: Arc<Reporters>,
        persist: Arc<dyn Persist>,
        drops: Arc<DropCounter>,
    ) -> Self {
        Self {
            shared,
            outlets,
            persist,
            drops,
            is_loaded: false,
            is_all_unsaved: false,
            foreign: BTreeSet::new(),
            failures: 0,
            retry_at: None,
            untold: Vec::new(),
        }
    }

    /// Saves all pending changes, if the store can be used.
    pub(crate) fn keep(&mut self) {
        let was_purge_due = self.shared.is_purge_due.load(Ordering::Acquire);
        let kept = panic::catch_printed(|| self.try_to_keep()).unwrap_or_else(|caught| {
            caught.drop_payload();
            self.shared.is_purge_due.fetch_or(was_purge_due, Ordering::AcqRel);
            Err("the storage panicked".into())
        });
        match kept {
            Ok(()) => (self.failures, self.retry_at) = (0, None),
            Err(error) => self.fail(&error),
        }
    }

    fn try_to_keep(&mut self) -> Result<(), BoxError> {
        match self.persist.access()? {
            StoreState::Busy => {
                // Everything is written once the store is free, so changes need not be tracked until then.
                self.is_all_unsaved = true;
                self.shared.issues.forget_changes();
                return Ok(());
            }
            StoreState::Ready => {}
            StoreState::Fresh { why } => {
                // If the lost store had been loaded, memory has its content, which is written again.
                self.is_all_unsaved |= self.is_loaded;
                self.drops.count(DropReason::Damaged);
                self.untold.push(Trouble::Gone(why));
            }
        }
        if !self.is_loaded {
            self.load()?;
        }
        self.shared.resolve_left_behind();
        // Read before the changes are taken: an erasure that comes later is not among them, and needs another purge.
        let is_purge_due = self.shared.is_purge_due.swap(false, Ordering::AcqRel);
        let kept = self.write().and_then(|()| if is_purge_due { self.persist.purge() } else { Ok(()) });
        if kept.is_err() && is_purge_due {
            self.shared.is_purge_due.store(true, Ordering::Release);
        }
        kept
    }

    fn write(&mut self) -> Result<(), BoxError> {
        let changes = if self.is_all_unsaved { self.everything()? } else { self.changes() };
        if !changes.is_empty() {
            let evicted = self.persist.save(&changes)?;
            self.drops.count_many(DropReason::StoreLimit, evicted);
        }
        self.is_all_unsaved = false;
        Ok(())
    }

    fn load(&mut self) -> Result<(), BoxError> {
        if let Some(json) = self.value(switch::KEY)? {
            let now = clock::now();
            let restored = self.shared.switch.restore(&json).into_iter();
            for disabled in restored.filter(|disabled| !disabled.is_over(now)) {
                self.outlets.publish(Signal::RouteDisabled(disabled));
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
        let mut kept = Vec::new();
        for (key, json) in self.persist.load(RECORDS)? {
            match Record::read(&json) {
                Ok(record) => {
                    let mut events = events.remove(&record.fingerprint).unwrap_or_default();
                    events.sort_by_key(|event| event.at);
                    kept.push(Stored::new(record, events));
                }
                Err(_) => damaged.extend(self.unread(key, &json)),
            }
        }
        let unread = damaged.len() as u64;
        orphans.append(&mut damaged);
        let issues_gone = events.into_values().flatten().map(|event| event_key(&event));
        orphans.extend(issues_gone.filter(|key| !self.is_foreign(key)).map(|key| StoreWrite::Remove { key }));
        let signals = self.shared.issues.restore(kept, self.value(TIME_LINE)?.as_deref(), &self.shared.in_app);
        self.is_loaded = true;
        signals.into_iter().for_each(|signal| self.outlets.publish(signal));
        if unread > 0 {
            self.drops.count_many(DropReason::Unreadable, unread);
            self.untold.push(Trouble::Unread(unread));
        }
        if !self.foreign.is_empty() {
            self.untold.push(Trouble::Foreign(self.foreign.len()));
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
    fn is_foreign(&self, key: &str) -> bool {
        let issue = || Some(format!("{RECORDS}{}", key.strip_prefix(EVENTS)?.split_once('/')?.0));
        self.foreign.contains(key) || issue().is_some_and(|issue| self.foreign.contains(&issue))
    }

    /// Returns the value of one key.
    fn value(&self, key: &str) -> Result<Option<Vec<u8>>, BoxError> {
        let found = self.persist.load(key)?.into_iter().find(|(found, _)| found == key);
        Ok(found.map(|(_, value)| value))
    }

    fn changes(&self) -> Vec<StoreWrite> {
        let routes = self.shared.switch.take_change();
        let unresolved = self.shared.unresolved.take_changes();
        self.shared.issues.take_changes().into_iter().chain(unresolved).chain(routes).collect()
    }

    /// Returns the changes that make the store equal to the memory, whatever it holds now.
    fn everything(&self) -> Result<Vec<StoreWrite>, BoxError> {
        let mut stored = BTreeMap::new();
        for prefix in [EVENTS, RECORDS, UNRESOLVED] {
            stored.extend(self.persist.load(prefix)?);
        }
        let mut all = self.shared.unresolved.take_everything();
        all.extend(self.shared.issues.take_everything());
        let known: BTreeSet<_> = all.iter().map(|change| change.key().to_owned()).collect();
        all.retain(|change| !is_stored(change, &stored));
        let gone = stored.into_keys().filter(|key| !known.contains(key) && !self.is_foreign(key));
        all.extend(gone.map(|key| StoreWrite::Remove { key }));
        all.push(self.shared.switch.to_change());
        Ok(all)
    }

    fn fail(&mut self, error: &BoxError) {
        // The taken changes are lost with the failed save, so the next one writes everything.
        self.is_all_unsaved = true;
        self.shared.issues.forget_changes();
        self.drops.count(DropReason::NotPersisted);
        self.retry_at = Some(clock::after(RETRY.saturating_mul(1 << self.failures.min(5))));
        if self.failures == 0 {
            self.untold.push(Trouble::Unsaved(text::format(format_args!("{error}"))));
        }
        self.failures = self.failures.saturating_add(1);
    }
}

impl Saver {
    /// Lets the next change wake the saver again.
    fn rest(&self) {
        if let Some(wake) = self.shared.wake.get() {
            wake.rest();
        }
    }

    fn tell(&mut self) {
        let untold = std::mem::take(&mut self.untold);
        unwind::catch_and_drop(|| untold.iter().for_each(Trouble::tell));
    }
}

impl Trouble {
    fn tell(&self) {
        match self {
            Self::Unsaved(error) => tracing::warn!(
                target: "monitor",
                error,
                "what must outlive the process could not be saved: it stays in memory, and is tried again"
            ),
            Self::Gone(why) => {
                tracing::error!(target: "monitor", why, "what was stored is gone: a fresh store is begun");
            }
            Self::Unread(unread) => {
                tracing::warn!(target: "monitor", unread, "some of what was stored could not be read, and is removed");
            }
            Self::Foreign(values) => {
                tracing::warn!(
                    target: "monitor",
                    values,
                    "a newer release stored values that this one cannot read: they are left alone"
                );
            }
        }
    }
}

impl Handler<()> for Saver {
    fn handle(&mut self, (): ()) {
        self.tell();
        // Too early to retry. The wake-up stays pending; the housekeeping thread wakes the saver again.
        if self.retry_at.is_some_and(|at| clock::now() < at) {
            return;
        }
        // Changes in the meantime are saved in the same batch.
        thread::sleep(BATCH);
        self.rest();
        self.keep();
        self.tell();
    }

    fn flush(&mut self) {
        self.rest();
        self.keep();
        self.tell();
    }

    fn end(&mut self) {
        self.flush();
        if !self.is_loaded {
            self.drops.count(DropReason::NotPersisted);
            tracing::warn!(
                target: "monitor",
                "the storage was another process's, or failed, until the end: what this one counted is not in it"
            );
        }
    }
}

/// Returns whether an event is already stored. Its stored form may have fields of a newer release, which rewriting
/// would lose.
fn is_stored(change: &StoreWrite, stored: &BTreeMap<String, Vec<u8>>) -> bool {
    let StoreWrite::Put { key, value } = change else { return false };
    let same = |json: &Vec<u8>| {
        let read = serde_json::from_slice::<ErrorEvent>(json).ok()?;
        (escape::json(&read).as_bytes() == *value).then_some(())
    };
    key.starts_with(EVENTS) && stored.get(key).and_then(same).is_some()
}

/// Time between the first change and the save of its batch.
const BATCH: Duration = Duration::from_millis(50);
/// Delay after the first failure. It doubles with each further failure, up to 32 times as long.
const RETRY: Duration = Duration::from_secs(1);
