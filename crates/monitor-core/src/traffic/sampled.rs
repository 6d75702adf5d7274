//! Windows with the clock by which they are sampled.

use std::{hash::Hash, sync::PoisonError, time::Instant};

use super::window::{Lookback, WindowCounts, Windows};
use crate::base::{
    clock,
    sync::{Mutex, MutexGuard},
};

/// The windows of some series. Sampled once a second by the housekeeping thread, and by each reader.
#[derive(Debug)]
pub(super) struct Sampled<K> {
    begun: Instant,
    windows: Mutex<Windows<K>>,
}

impl<K: Clone + Eq + Hash> Sampled<K> {
    pub(super) fn new() -> Self {
        Self { begun: clock::now(), windows: Mutex::default() }
    }

    /// Samples the totals that `read` returns. Must be called once a second, so that each end is counted in the second
    /// in which it happened.
    pub(super) fn tick<I: IntoIterator<Item = (K, WindowCounts)>>(&self, read: impl FnOnce() -> I) {
        drop(self.sample(read));
    }

    /// Returns the counts of each series of which something ended within `window`, up to now.
    pub(super) fn recent<I: IntoIterator<Item = (K, WindowCounts)>>(
        &self,
        window: Lookback,
        read: impl FnOnce() -> I,
    ) -> Vec<(K, WindowCounts)> {
        self.sample(read).recent(window)
    }

    fn sample<I: IntoIterator<Item = (K, WindowCounts)>>(
        &self,
        read: impl FnOnce() -> I,
    ) -> MutexGuard<'_, Windows<K>> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        // Read under the lock: older totals after newer ones would be counted as less than nothing.
        windows.sample(clock::now().saturating_duration_since(self.begun), read());
        windows
    }
}
