//! The wake-up of the saver thread: at most one pending message, however many changes there are.

use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crate::base::queue::Queue;

/// Wakes the saver.
#[derive(Debug, Default)]
pub(crate) struct Wake {
    /// Whether a wake-up is pending.
    is_set: AtomicBool,
    /// Number of callers that wait for a save, which therefore must not wait for further changes.
    hurried: Mutex<usize>,
    hurry: Condvar,
    saver: Weak<Queue<()>>,
}

impl Wake {
    pub(crate) fn new(saver: &Arc<Queue<()>>) -> Self {
        Self { saver: Arc::downgrade(saver), ..Self::default() }
    }

    /// Wakes the saver, unless a wake-up is pending.
    pub(crate) fn up(&self) {
        if !self.is_set.swap(true, Ordering::AcqRel)
            && let Some(saver) = self.saver.upgrade()
        {
            let _ = saver.nudge(());
        }
    }

    /// Wakes the saver even if a wake-up is pending.
    pub(crate) fn up_again(&self) {
        self.is_set.store(false, Ordering::Release);
        self.up();
    }

    /// Saves now. Waits until `deadline`; returns whether the saver was done by then.
    pub(super) fn flush(&self, deadline: Instant) -> bool {
        let Some(saver) = self.saver.upgrade() else { return false };
        *self.hurried() += 1;
        self.hurry.notify_all();
        let is_done = saver.flush().wait(deadline);
        *self.hurried() -= 1;
        is_done
    }

    /// Waits for further changes, unless a caller waits for the save.
    pub(super) fn wait(&self, pause: Duration) {
        let hurried = self.hurry.wait_timeout_while(self.hurried(), pause, |hurried| *hurried == 0);
        drop(hurried.unwrap_or_else(PoisonError::into_inner));
    }

    fn hurried(&self) -> MutexGuard<'_, usize> {
        self.hurried.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn rest(&self) {
        self.is_set.store(false, Ordering::Release);
    }
}
