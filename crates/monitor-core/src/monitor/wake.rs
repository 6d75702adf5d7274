//! The wake-up of the saver thread: at most one pending message, however many changes there are.

use std::sync::{
    Arc, Weak,
    atomic::{AtomicBool, Ordering},
};

use crate::base::queue::Queue;

/// Wakes the saver.
#[derive(Debug, Default)]
pub(crate) struct Wake {
    /// Whether a wake-up is pending.
    is_set: AtomicBool,
    saver: Weak<Queue<()>>,
}

impl Wake {
    pub(crate) fn new(saver: &Arc<Queue<()>>) -> Self {
        Self { is_set: AtomicBool::new(false), saver: Arc::downgrade(saver) }
    }

    /// Wakes the saver, unless a wake-up is pending.
    pub(crate) fn up(&self) {
        if !self.is_set.swap(true, Ordering::AcqRel)
            && let Some(saver) = self.saver.upgrade()
        {
            saver.nudge(());
        }
    }

    /// Wakes the saver even if a wake-up is pending.
    pub(crate) fn up_again(&self) {
        self.is_set.store(false, Ordering::Release);
        self.up();
    }

    pub(super) fn rest(&self) {
        self.is_set.store(false, Ordering::Release);
    }
}
