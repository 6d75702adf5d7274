//! What wakes the keeper.

use std::sync::{
    Arc, Weak,
    atomic::{AtomicBool, Ordering},
};

use crate::base::queue::Queue;

/// What wakes the keeper.
#[derive(Debug, Default)]
pub(crate) struct Wake {
    /// Whether it is awake, or will be.
    is_set: AtomicBool,
    keeper: Weak<Queue<()>>,
}

impl Wake {
    pub(crate) fn new(keeper: &Arc<Queue<()>>) -> Self {
        Self { is_set: AtomicBool::new(false), keeper: Arc::downgrade(keeper) }
    }

    /// Wakes the keeper, unless it was woken since it last rested.
    pub(crate) fn up(&self) {
        if !self.is_set.swap(true, Ordering::AcqRel)
            && let Some(keeper) = self.keeper.upgrade()
        {
            keeper.nudge(());
        }
    }

    /// Wakes the keeper in any case.
    pub(crate) fn up_again(&self) {
        self.is_set.store(false, Ordering::Release);
        self.up();
    }

    pub(super) fn rest(&self) {
        self.is_set.store(false, Ordering::Release);
    }
}
