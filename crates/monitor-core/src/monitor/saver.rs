//! The saver: one thread that writes issues and disabled routes to the store, and restores them after a restart.
//!
//! The first change wakes it; it waits a moment for more, and saves them in one batch. While another process has the
//! store, all state stays in memory; once the store is free, both states are merged.

mod load;
mod trouble;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use self::trouble::Trouble;
use super::{pulse::Pulse, shared::Shared};
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
    issue::{EVENTS, RECORDS, UNRESOLVED},
    panic,
    persist::{Persist, StoreState, StoreWrite},
    signal::reporter::Reporters,
    text,
};

pub(crate) struct Saver {
    shared: Arc<Shared>,
    reporters: Arc<Reporters>,
    persist: Arc<dyn Persist>,
    drops: Arc<DropCounter>,
    pulse: Arc<Pulse>,
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
    unlogged: Vec<Trouble>,
}

impl Saver {
    pub(crate) fn new(
        shared: Arc<Shared>,
        reporters: Arc<Reporters>,
        persist: Arc<dyn Persist>,
        drops: Arc<DropCounter>,
        pulse: Arc<Pulse>,
    ) -> Self {
        Self {
            shared,
            reporters,
            persist,
            drops,
            pulse,
            is_loaded: false,
            is_all_unsaved: false,
            foreign: BTreeSet::new(),
            failures: 0,
            retry_at: None,
            unlogged: Vec::new(),
        }
    }

    /// Saves all pending changes, if the store can be used.
    pub(crate) fn save(&mut self) {
        let was_purge_due = self.shared.is_purge_due.load(Ordering::Acquire);
        let saved = panic::catch_printed(|| self.try_to_save()).unwrap_or_else(|caught| {
            caught.drop_payload();
            self.shared.is_purge_due.fetch_or(was_purge_due, Ordering::AcqRel);
            Err("the storage panicked".into())
        });
        match saved {
            Ok(()) => (self.failures, self.retry_at) = (0, None),
            Err(error) => self.fail(&error),
        }
    }

    fn try_to_save(&mut self) -> Result<(), BoxError> {
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
                self.unlogged.push(Trouble::Gone(why));
            }
        }
        if !self.is_loaded {
            // First, so that a process that is killed while it loads is recorded as well.
            self.pulse.begin(&self.persist);
            self.load()?;
        }
        self.shared.resolve_left_behind();
        // Read before the changes are taken: an erasure that comes later is not among them, and needs another purge.
        let is_purge_due = self.shared.is_purge_due.swap(false, Ordering::AcqRel);
        let saved = self.write().and_then(|()| if is_purge_due { self.persist.purge() } else { Ok(()) });
        if saved.is_err() && is_purge_due {
            self.shared.is_purge_due.store(true, Ordering::Release);
        }
        saved
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
            self.unlogged.push(Trouble::Unsaved(text::format(format_args!("{error}"))));
        }
        self.failures = self.failures.saturating_add(1);
    }

    /// Lets the next change wake the saver again.
    fn rest(&self) {
        if let Some(wake) = self.shared.wake.get() {
            wake.rest();
        }
    }

    fn log_troubles(&mut self) {
        let unlogged = std::mem::take(&mut self.unlogged);
        unwind::catch_and_drop(|| unlogged.iter().for_each(Trouble::log));
    }
}

impl Handler<()> for Saver {
    fn handle(&mut self, (): ()) {
        self.log_troubles();
        // Too early to retry. The wake-up stays pending; the housekeeping thread wakes the saver again.
        if self.retry_at.is_some_and(|at| clock::now() < at) {
            return;
        }
        // Changes in the meantime are saved in the same batch.
        thread::sleep(BATCH);
        self.rest();
        self.save();
        self.log_troubles();
    }

    fn flush(&mut self) {
        self.rest();
        self.save();
        self.log_troubles();
    }

    fn end(&mut self) {
        self.flush();
        self.pulse.publish_last_end(&self.reporters);
        self.pulse.end();
        if !self.is_loaded {
            self.drops.count(DropReason::NotPersisted);
            tracing::warn!(
                target: "monitor",
                "the store was in use by another process, or failed, until the end: the counts of this process are \
                 not stored"
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
