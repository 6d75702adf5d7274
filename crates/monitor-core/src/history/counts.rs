//! Counts of requests in a span of time.

use std::time::Duration;

use crate::traffic::{RouteCounts, WindowCounts};

/// Counts of requests in a span of time.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct HistoryCounts {
    /// Counts of the requests that ended, with their [error ratio](WindowCounts::error_ratio) and
    /// [quantiles](WindowCounts::quantile).
    pub ended: WindowCounts,
    /// Sum of their durations, cancelled ones included.
    pub duration_sum: Duration,
    /// The largest number of requests in flight at the end of a minute.
    pub in_flight: u64,
}

impl HistoryCounts {
    /// Returns the totals of a route since the start of the process.
    pub(super) fn of(counts: &RouteCounts) -> Self {
        let buckets = counts.statuses.iter().flat_map(|status| &status.buckets);
        Self {
            ended: WindowCounts::of(counts),
            duration_sum: Duration::from_nanos(buckets.map(|bucket| bucket.sum).sum()),
            in_flight: counts.active(),
        }
    }

    /// Returns the counts since `before`, earlier totals of the same route.
    pub(super) fn since(&self, before: &Self) -> Self {
        Self {
            ended: self.ended.since(&before.ended),
            duration_sum: self.duration_sum.saturating_sub(before.duration_sum),
            in_flight: self.in_flight,
        }
    }

    /// Adds counts of the same time, such as those of another route.
    pub(super) fn add_beside(&mut self, other: &Self) {
        let in_flight = self.in_flight.saturating_add(other.in_flight);
        self.add_later(other);
        self.in_flight = in_flight;
    }

    /// Adds counts of another time.
    pub(super) fn add_later(&mut self, other: &Self) {
        self.ended.add(&other.ended);
        self.duration_sum = self.duration_sum.saturating_add(other.duration_sum);
        self.in_flight = self.in_flight.max(other.in_flight);
    }

    /// Returns whether no request ended, and none was in flight.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
