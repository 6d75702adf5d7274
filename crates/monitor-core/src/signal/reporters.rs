//! The queues of all reporters and extensions.

use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use super::Signal;
use crate::base::queue::Queue;

/// The queues of all reporters and extensions. They start last, when the monitor is built; signals until then wait.
#[derive(Debug, Default)]
pub(crate) struct Reporters {
    started: OnceLock<Vec<Started>>,
    early: Mutex<Vec<Arc<Signal>>>,
}

/// The queue of one reporter or extension that has started.
#[derive(Debug)]
struct Started {
    queue: Queue<Notice>,
    /// Whether a second is in the queue. Seconds must not fill the queue of a worker that hangs.
    is_second_queued: Arc<AtomicBool>,
}

/// An item in the queue of a reporter or an extension.
#[derive(Debug)]
pub(crate) enum Notice {
    Signal(Arc<Signal>),
    /// A second has passed, and the windows were sampled. The worker clears the flag.
    Second(Arc<AtomicBool>),
}

impl Reporters {
    /// Sends a signal to all reporters, or holds it until they have started.
    pub(crate) fn publish(&self, signal: impl Into<Signal>) {
        let signal = Arc::new(signal.into());
        if self.started.get().is_none() {
            let mut early = self.early();
            // The lock is held while the queues start, so now they have started, or the signal is in time for them.
            if self.started.get().is_none() {
                early.push(signal);
                return;
            }
        }
        for queue in self.queues() {
            queue.push(Notice::Signal(Arc::clone(&signal)));
        }
    }

    /// Notifies all extensions that a second has passed, except those that have not acted on the one before.
    pub(crate) fn second(&self) {
        for Started { queue, is_second_queued } in self.started.get().into_iter().flatten() {
            if !is_second_queued.swap(true, Ordering::AcqRel)
                && !queue.nudge(Notice::Second(Arc::clone(is_second_queued)))
            {
                is_second_queued.store(false, Ordering::Release);
            }
        }
    }

    /// Starts the queues. `spawn` receives the signals published so far.
    pub(crate) fn start(&self, spawn: impl FnOnce(&[Arc<Signal>]) -> io::Result<Vec<Queue<Notice>>>) -> io::Result<()> {
        let mut early = self.early();
        let queues = spawn(&early)?.into_iter();
        early.clear();
        let _ = self.started.set(queues.map(|queue| Started { queue, is_second_queued: Arc::default() }).collect());
        Ok(())
    }

    pub(crate) fn queues(&self) -> impl Iterator<Item = &Queue<Notice>> {
        self.started.get().into_iter().flatten().map(|started| &started.queue)
    }

    fn early(&self) -> MutexGuard<'_, Vec<Arc<Signal>>> {
        self.early.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
