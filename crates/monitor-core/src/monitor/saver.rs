//! The saver: one thread that writes the persisted state to the store, and restores it after a restart.
//!
//! The first change wakes it; it waits a moment for more, and saves them in one batch. While another process has the
//! store, all state stays in memory; once the store is free, both states are merged.

mod history;
mod issues;
mod part;
mod routes;
mod trouble;

use std::{
    sync::{Arc, Weak, atomic::Ordering},
    time::{Duration, Instant},
};

use self::{
    history::DurableHistory,
    issues::DurableIssues,
    part::{Changes, Part, Unread},
    routes::DurableRoutes,
    trouble::Trouble,
};
use super::{pulse::Pulse, shared::Shared};
use crate::{
    base::{
        clock,
        drops::{DropCounter, DropReason},
        error::BoxError,
        queue::Handler,
        unwind,
    },
    panic,
    persist::{Persist, StoreState, durable::Durable},
    signal::{Signal, reporters::Reporters},
    text,
};

pub(crate) struct Saver {
    shared: Arc<Shared>,
    /// Weak, because reporters hold the saver until they have ended.
    reporters: Weak<Reporters>,
    persist: Arc<dyn Persist>,
    drops: Arc<DropCounter>,
    pulse: Arc<Pulse>,
    /// In the order in which they are restored: routes are disabled first, and the history comes before the issues.
    parts: Vec<Part>,
    /// Whether the stored state has been restored.
    is_loaded: bool,
    /// Whether everything must be written, because the store's content is not known.
    is_all_unsaved: bool,
    /// Number of failures since the last success, and the time of the next attempt.
    failures: u32,
    retry_at: Option<Instant>,
    /// Messages for the log. While the monitor is being built, the program has no log yet, so they wait for the first
    /// run.
    unlogged: Vec<Trouble>,
}

impl Saver {
    pub(crate) fn new(
        shared: &Arc<Shared>,
        reporters: &Arc<Reporters>,
        persist: Arc<dyn Persist>,
        drops: Arc<DropCounter>,
        pulse: Arc<Pulse>,
    ) -> Self {
        let (routes, issues) = (Arc::clone(shared), Arc::clone(shared));
        let own: [Arc<dyn Durable>; 3] = [
            Arc::new(DurableRoutes { shared: routes, reporters: Arc::downgrade(reporters) }),
            Arc::new(DurableHistory(Arc::clone(shared))),
            Arc::new(DurableIssues { shared: issues, reporters: Arc::downgrade(reporters) }),
        ];
        Self {
            shared: Arc::clone(shared),
            reporters: Arc::downgrade(reporters),
            persist,
            drops,
            pulse,
            parts: own.into_iter().chain(shared.durables.list().iter().cloned()).map(Part::new).collect(),
            is_loaded: false,
            is_all_unsaved: false,
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
        let is_saved = *saved.as_ref().unwrap_or(&false);
        self.shared.is_saved.store(is_saved, Ordering::Release);
        match saved {
            Ok(_) => (self.failures, self.retry_at) = (0, None),
            Err(error) => self.fail(&error),
        }
    }

    /// Returns `false` if another process has the store, or a part of the state could not be saved.
    fn try_to_save(&mut self) -> Result<bool, BoxError> {
        match self.persist.access()? {
            StoreState::Busy => {
                // Everything is written once the store is free, so changes need not be tracked until then.
                self.discard_changes();
                return Ok(false);
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
        saved.map(|()| !self.is_all_unsaved)
    }

    /// Restores the stored state.
    fn load(&mut self) -> Result<(), BoxError> {
        let prefixes: Vec<_> = self.parts.iter().flat_map(|part| part.prefixes.iter().cloned()).collect();
        self.persist.set_prefixes(&prefixes);
        // Everything is read before anything is merged: after an error, nothing must be merged twice.
        let stored: Vec<_> = self.parts.iter().map(|part| part.load(&*self.persist)).collect::<Result<_, _>>()?;
        let (mut useless, mut unread) = (Vec::new(), Unread::default());
        for (part, stored) in self.parts.iter_mut().zip(stored) {
            match part.merge(stored, &mut unread) {
                Ok(changes) => useless.extend(changes),
                Err(_) => self.drops.count(DropReason::NotPersisted),
            }
        }
        self.is_loaded = true;
        for eraser in self.shared.durables.take_early_erasures() {
            self.parts.iter().for_each(|part| part.erase(&eraser));
        }
        self.report(&unread);
        if !useless.is_empty() {
            self.persist.save(&useless)?;
        }
        Ok(())
    }

    fn report(&mut self, unread: &Unread) {
        if unread.damaged > 0 {
            self.drops.count_many(DropReason::Unreadable, unread.damaged);
            self.unlogged.push(Trouble::Unread(unread.damaged));
        }
        if unread.foreign > 0 {
            self.unlogged.push(Trouble::Foreign(unread.foreign));
        }
    }

    fn write(&mut self) -> Result<(), BoxError> {
        let (mut changes, mut is_whole) = (Vec::new(), true);
        for part in &self.parts {
            match self.changes_of(part)? {
                Ok(theirs) => changes.extend(theirs),
                Err(_) => {
                    self.drops.count(DropReason::NotPersisted);
                    is_whole = false;
                }
            }
        }
        if !changes.is_empty() {
            let evicted = self.persist.save(&changes)?;
            self.drops.count_many(DropReason::StoreLimit, evicted);
        }
        self.is_all_unsaved = !is_whole;
        Ok(())
    }

    fn changes_of(&self, part: &Part) -> Result<Changes, BoxError> {
        if self.is_all_unsaved { part.everything(&*self.persist) } else { Ok(part.take_changes()) }
    }

    fn discard_changes(&mut self) {
        self.is_all_unsaved = true;
        self.parts.iter().for_each(Part::discard_changes);
    }

    fn fail(&mut self, error: &BoxError) {
        // The taken changes are lost with the failed save, so the next one writes everything.
        self.discard_changes();
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

    fn wait_for_more(&self) {
        if let Some(wake) = self.shared.wake.get() {
            wake.wait(BATCH);
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
        self.wait_for_more();
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
        self.shared.close_history();
        self.flush();
        if self.failures > 0 {
            // The last chance: some changes are made just now, such as the last minute of the history.
            self.flush();
        }
        if let Some(reporters) = self.reporters.upgrade() {
            self.pulse.publish_last_end(&reporters);
        }
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

fn publish(reporters: &Weak<Reporters>, signal: impl Into<Signal>) {
    if let Some(reporters) = reporters.upgrade() {
        reporters.publish(signal);
    }
}

/// Time between the first change and the save of its batch.
const BATCH: Duration = Duration::from_millis(50);
/// Delay after the first failure. It doubles with each further failure, up to 32 times as long.
const RETRY: Duration = Duration::from_secs(1);
