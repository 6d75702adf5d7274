//! Counters of the upgraded connections of one method and route.

use std::time::Duration;

use super::histogram::{self, BUCKETS, BucketCount, Whole};
use crate::base::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug)]
pub(super) struct Connections {
    opened: AtomicU64,
    lifetimes: Whole,
}

/// The counters of upgraded connections at one moment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ConnectionCounts {
    /// Number of connections that were opened.
    pub opened: u64,
    /// Lifetimes of the closed connections, by [`names::CONNECTION_BOUNDS`](crate::names::CONNECTION_BOUNDS) and one
    /// bucket above them all.
    pub lifetimes: [BucketCount; BUCKETS],
}

impl Connections {
    pub(super) fn open(&self) {
        self.opened.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn close(&self, lifetime: Duration) {
        self.lifetimes.record_duration(lifetime);
    }

    /// Reads the counts between the ends of two connections. Returns `None` if there was no such moment.
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
    /// Returns the number of open connections.
    #[must_use]
    pub fn active(&self) -> u64 {
        self.opened.saturating_sub(self.lifetimes.iter().map(|bucket| bucket.count).sum())
    }
}
