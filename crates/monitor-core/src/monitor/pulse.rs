//! The heartbeats of the process: the store records one a second, and the next process learns from the last one how
//! this process ended.

mod exit;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use super::shared::Shared;
use crate::{
    base::{
        clock,
        drops::{DropCounter, DropReason},
        unwind,
    },
    persist::{
        Persist,
        heartbeat::{ProcessEnded, ProcessHeartbeat},
    },
    signal::reporters::Reporters,
};

/// Writes the heartbeats. The saver begins and ends them, the housekeeping thread writes those in between.
pub(crate) struct Pulse {
    shared: Arc<Shared>,
    drops: Arc<DropCounter>,
    started: SystemTime,
    phase: Mutex<Phase>,
    /// The end of the last process, until it is published.
    unpublished: Mutex<Option<ProcessEnded>>,
}

enum Phase {
    /// The store is another process's, or failed.
    Waiting,
    Beating(Arc<dyn Persist>),
    /// The last heartbeat is written. The store is released, so that another process can use it.
    Ended,
}

impl Pulse {
    /// Creates the pulse of a monitor that is being built on this thread.
    pub(crate) fn new(shared: Arc<Shared>, drops: Arc<DropCounter>) -> Arc<Self> {
        let (phase, unpublished) = (Mutex::new(Phase::Waiting), Mutex::default());
        let pulse = Arc::new(Self { shared, drops, started: clock::wall(), phase, unpublished });
        exit::end_with_main_thread(&pulse);
        pulse
    }

    /// Reads the end of the last process and writes the first heartbeat, unless that is done. The process must have the
    /// store.
    pub(super) fn begin(&self, persist: &Arc<dyn Persist>) {
        let mut phase = self.phase();
        if matches!(*phase, Phase::Waiting) {
            *self.unpublished() = self.last_end(&**persist);
            self.write(&**persist, &self.heartbeat());
            *phase = Phase::Beating(Arc::clone(persist));
        }
    }

    /// Writes a heartbeat, if the process has the store.
    pub(super) fn beat(&self) {
        // Under the lock, so that no heartbeat follows the last one.
        if let Phase::Beating(persist) = &*self.phase() {
            self.write(&**persist, &self.heartbeat());
        }
    }

    /// Writes the last heartbeat, which says that the process ends by itself.
    pub(super) fn end(&self) {
        let mut phase = self.phase();
        if let Phase::Beating(persist) = &*phase {
            self.write(&**persist, &ProcessHeartbeat { is_last: true, ..self.heartbeat() });
        }
        *phase = Phase::Ended;
    }

    /// Publishes the end of the last process, unless that is done. Not called by `build`: the program may set up its
    /// log afterwards.
    pub(super) fn publish_last_end(&self, reporters: &Reporters) {
        if let Some(ended) = self.unpublished().take() {
            reporters.publish(ended);
        }
    }

    fn last_end(&self, persist: &dyn Persist) -> Option<ProcessEnded> {
        let mut read = Err("the storage panicked".into());
        unwind::catch_and_drop(|| read = persist.last_end());
        read.unwrap_or_else(|_| {
            self.drops.count(DropReason::Unreadable);
            Some(ProcessEnded::not_recorded())
        })
    }

    fn write(&self, persist: &dyn Persist, heartbeat: &ProcessHeartbeat) {
        let mut written = Err("the storage panicked".into());
        unwind::catch_and_drop(|| written = persist.beat(heartbeat));
        if written.is_err() {
            self.drops.count(DropReason::NotPersisted);
        }
    }

    fn heartbeat(&self) -> ProcessHeartbeat {
        let in_flight = self.shared.traffic.busiest(ProcessHeartbeat::MAX_ROUTES);
        ProcessHeartbeat::now(self.shared.identity.release(), self.started, in_flight)
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unpublished(&self) -> MutexGuard<'_, Option<ProcessEnded>> {
        self.unpublished.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Pulse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pulse").field("started", &self.started).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
