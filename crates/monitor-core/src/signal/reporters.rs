//! The queues of all reporters and extensions.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use super::Signal;
use crate::base::queue::Queue;

/// The queues of all reporters and extensions. They start last, when the monitor is built; signals until then wait.
#[derive(Debug, Default)]
pub(crate) struct Reporters {
    queues: OnceLock<Vec<Queue<Notice>>>,
    early: Mutex<Vec<Arc<Signal>>>,
}

/// An item in the queue of a reporter or an extension.
#[derive(Debug)]
pub(crate) enum Notice {
    Signal(Arc<Signal>),
    /// A second has passed, and the windows were sampled.
    Second,
}

impl Reporters {
    /// Sends a signal to all reporters, or holds it until they have started.
    pub(crate) fn publish(&self, signal: impl Into<Signal>) {
        let signal = Arc::new(signal.into());
        if self.queues.get().is_none() {
            let mut early = self.early();
            // The lock is held while the queues start, so now they have started, or the signal is in time for them.
            if self.queues.get().is_none() {
                early.push(signal);
                return;
            }
        }
        for queue in self.queues() {
            queue.push(Notice::Signal(Arc::clone(&signal)));
        }
    }

    /// Notifies all extensions that a second has passed.
    pub(crate) fn second(&self) {
        self.queues().iter().for_each(|queue| queue.nudge(Notice::Second));
    }

    /// Starts the queues. `spawn` receives the signals published so far.
    pub(crate) fn start(&self, spawn: impl FnOnce(&[Arc<Signal>]) -> io::Result<Vec<Queue<Notice>>>) -> io::Result<()> {
        let mut early = self.early();
        let queues = spawn(&early)?;
        early.clear();
        let _ = self.queues.set(queues);
        Ok(())
    }

    pub(crate) fn queues(&self) -> &[Queue<Notice>] {
        self.queues.get().map_or(&[], Vec::as_slice)
    }

    fn early(&self) -> MutexGuard<'_, Vec<Arc<Signal>>> {
        self.early.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
