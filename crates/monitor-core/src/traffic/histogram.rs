//! Histograms of durations and sizes, with a count and a sum for each bucket.

use std::time::Duration;

use crate::{
    base::sync::{
        atomic::{AtomicU64, Ordering},
        thread,
    },
    model::names::{CONNECTION_BOUNDS, DURATION_BOUNDS, SIZE_BOUNDS},
};

/// Number of buckets: one for each bound, and one above them all.
pub const BUCKETS: usize = DURATION_BOUNDS.len() + 1;

#[derive(Debug)]
pub(crate) struct Histogram {
    scale: &'static Scale,
    buckets: [Bucket; BUCKETS],
}

/// A histogram that detects whether a value is being recorded while it is read.
#[derive(Debug)]
pub(crate) struct Whole {
    /// Number of recordings that have started.
    entered: AtomicU64,
    histogram: Histogram,
}

#[derive(Debug, Default)]
struct Bucket {
    count: AtomicU64,
    sum: AtomicU64,
}

/// Count and sum of one bucket: the values above the previous bound, up to and including its own.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a count and a sum are all a bucket is")]
pub struct BucketCount {
    /// Number of values.
    pub count: u64,
    /// Sum of the values, in nanoseconds or in bytes.
    pub sum: u64,
}

/// Bounds of the buckets.
#[derive(Debug)]
pub(crate) struct Scale {
    /// In nanoseconds or in bytes.
    bounds: [u64; BUCKETS - 1],
}

// === impl Histogram ===

impl Histogram {
    pub(crate) fn new(scale: &'static Scale) -> Self {
        Self { scale, buckets: Default::default() }
    }

    pub(crate) fn record_duration(&self, duration: Duration) {
        self.record(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Adds the value to the sum before the count, so that a reader that sees the count also sees its part of the sum.
    pub(crate) fn record(&self, value: u64) {
        let bucket = &self.buckets[self.scale.index(value)];
        bucket.sum.fetch_add(value, Ordering::Release);
        bucket.count.fetch_add(1, Ordering::Release);
    }

    /// Reads the counts before the sums, so that every count has its part of the sum.
    pub(crate) fn read(&self) -> [BucketCount; BUCKETS] {
        let mut read = [BucketCount::default(); BUCKETS];
        for (to, from) in read.iter_mut().zip(&self.buckets) {
            to.count = from.count.load(Ordering::Acquire);
        }
        for (to, from) in read.iter_mut().zip(&self.buckets) {
            to.sum = from.sum.load(Ordering::Acquire);
        }
        read
    }
}

// === impl Whole ===

impl Whole {
    pub(crate) fn new(scale: &'static Scale) -> Self {
        Self { entered: AtomicU64::new(0), histogram: Histogram::new(scale) }
    }

    pub(crate) fn record_duration(&self, duration: Duration) {
        self.entered.fetch_add(1, Ordering::Relaxed);
        self.histogram.record_duration(duration);
    }

    pub(crate) fn record(&self, value: u64) {
        self.entered.fetch_add(1, Ordering::Relaxed);
        self.histogram.record(value);
    }

    /// Reads the buckets while no value is being recorded. Returns `None` if there was no such moment in [`ATTEMPTS`]
    /// attempts.
    pub(crate) fn read(&self) -> Option<[BucketCount; BUCKETS]> {
        let read = || {
            let buckets = self.histogram.read();
            let count: u64 = buckets.iter().map(|bucket| bucket.count).sum();
            (count == self.entered.load(Ordering::Relaxed)).then_some(buckets)
        };
        (0..ATTEMPTS).find_map(|_| {
            read().or_else(|| {
                thread::yield_now();
                None
            })
        })
    }
}

// === impl Scale ===

/// Scale for durations of requests and jobs.
pub(crate) static DURATION: Scale = Scale::new(DURATION_BOUNDS, 1e9);

/// Scale for lifetimes of connections.
pub(crate) static CONNECTION: Scale = Scale::new(CONNECTION_BOUNDS, 1e9);

/// Scale for sizes.
pub(crate) static SIZE: Scale = Scale::new(SIZE_BOUNDS, 1.0);

impl Scale {
    /// Converts bounds in the published unit, of which one has `per_shown` internal units.
    const fn new(shown_bounds: [f64; BUCKETS - 1], per_shown: f64) -> Self {
        let mut bounds = [0; BUCKETS - 1];
        let mut at = 0;
        while at < bounds.len() {
            bounds[at] = (shown_bounds[at] * per_shown + 0.5) as u64;
            at += 1;
        }
        Self { bounds }
    }

    fn index(&self, value: u64) -> usize {
        self.bounds.iter().position(|bound| value <= *bound).unwrap_or(BUCKETS - 1)
    }
}

/// Maximum number of repeated readings, if a value is being recorded meanwhile.
pub(super) const ATTEMPTS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_on_a_bound_belongs_to_the_bucket_below() {
        assert_eq!(DURATION.index(5_000_000), 0);
        assert_eq!(DURATION.index(5_000_001), 1);
        assert_eq!(DURATION.index(10_000_000_000), BUCKETS - 2);
        assert_eq!(DURATION.index(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn every_scale_ascends() {
        for scale in [&DURATION, &CONNECTION, &SIZE] {
            assert!(scale.bounds.is_sorted_by(|low, high| low < high), "{scale:?}");
        }
        assert_eq!(SIZE.index(64), 0);
        assert_eq!(SIZE.index(4 << 30), BUCKETS - 2);
    }

    #[test]
    fn each_bucket_keeps_its_own_sum() {
        let histogram = Histogram::new(&DURATION);
        histogram.record_duration(Duration::from_millis(1));
        histogram.record_duration(Duration::from_millis(3));
        histogram.record_duration(Duration::from_secs(20));
        let read = histogram.read();
        assert_eq!(read[0], BucketCount { count: 2, sum: 4_000_000 });
        assert_eq!(read[BUCKETS - 1], BucketCount { count: 1, sum: 20_000_000_000 });
    }

    #[test]
    fn a_sum_that_wraps_around_does_not_panic() {
        let histogram = Histogram::new(&DURATION);
        histogram.record_duration(Duration::MAX);
        histogram.record_duration(Duration::from_secs(11));
        assert_eq!(histogram.read()[BUCKETS - 1], BucketCount { count: 2, sum: 10_999_999_999 });
    }
}
