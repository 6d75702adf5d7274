//! Upgraded connections of one method and route.

use std::time::Duration;

use super::histogram::{self, BUCKETS, BucketCount, Whole};
use crate::base::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug)]
pub(super) struct Connections {
    opened: AtomicU64,
    lifetimes: Whole,
}

/// What was counted of upgraded connections at one moment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ConnectionCounts {
    /// How many were opened.
    pub opened: u64,
    /// How long those that are closed were open, by [`names::CONNECTION_BOUNDS`](crate::names::CONNECTION_BOUNDS) and
    /// one more above them.
    pub lifetimes: [BucketCount; BUCKETS],
}

impl Connections {
    pub(super) fn open(&self) {
        self.opened.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn close(&self, lifetime: Duration) {
        self.lifetimes.record_duration(lifetime);
    }

    /// Reads the counts between two ends; `None` when there is no such moment for long.
    pub(super) fn read(&self) -> Option<ConnectionCounts> {
        let lifetimes = self.lifetimes.read()?;
        Some(ConnectionCounts { opened: self.opened.load(Ordering::Relaxed), lifetimes })
    }
}

impl Default for Connections {
    fn default() -> Self {
        Self { opened: AtomicU64::new(0), lifetimes: Whole::new(&histogram::CONNECTION) }
    }
}

impl ConnectionCounts {
    /// Returns how many are open.
    #[must_use]
    pub fn active(&self) -> u64 {
        self.opened.saturating_sub(self.lifetimes.iter().map(|bucket| bucket.count).sum())
    }
}
