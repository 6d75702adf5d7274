//! Durations in buckets, each with its own sum.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::names::DURATION_BOUNDS;

/// One bucket for each bound, and one above them all.
pub const BUCKETS: usize = DURATION_BOUNDS.len() + 1;

#[derive(Debug, Default)]
pub(crate) struct Histogram {
    buckets: [Bucket; BUCKETS],
}

#[derive(Debug, Default)]
struct Bucket {
    count: AtomicU64,
    nanos: AtomicU64,
}

/// What one bucket holds: durations above the bound before it, up to and including its own.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a count and a sum are all a bucket is")]
pub struct BucketCount {
    /// How many durations.
    pub count: u64,
    /// Their sum in nanoseconds.
    pub nanos: u64,
}

impl Histogram {
    /// Adds the sum before the count, so that whoever sees the count sees its part of the sum.
    pub(crate) fn record(&self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let bucket = &self.buckets[index(nanos)];
        bucket.nanos.fetch_add(nanos, Ordering::Release);
        bucket.count.fetch_add(1, Ordering::Release);
    }

    /// Reads the counts before the sums, so that no count lacks its part of the sum.
    pub(crate) fn read(&self) -> [BucketCount; BUCKETS] {
        let mut read = [BucketCount::default(); BUCKETS];
        for (to, from) in read.iter_mut().zip(&self.buckets) {
            to.count = from.count.load(Ordering::Acquire);
        }
        for (to, from) in read.iter_mut().zip(&self.buckets) {
            to.nanos = from.nanos.load(Ordering::Acquire);
        }
        read
    }
}

fn index(nanos: u64) -> usize {
    BOUNDS.iter().position(|bound| nanos <= *bound).unwrap_or(BOUNDS.len())
}

const BOUNDS: [u64; BUCKETS - 1] = {
    let mut bounds = [0; BUCKETS - 1];
    let mut at = 0;
    while at < bounds.len() {
        bounds[at] = (DURATION_BOUNDS[at] * 1e9 + 0.5) as u64;
        at += 1;
    }
    bounds
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_on_a_bound_belongs_to_the_bucket_below() {
        assert_eq!(index(5_000_000), 0);
        assert_eq!(index(5_000_001), 1);
        assert_eq!(index(10_000_000_000), BUCKETS - 2);
        assert_eq!(index(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn each_bucket_keeps_its_own_sum() {
        let histogram = Histogram::default();
        histogram.record(Duration::from_millis(1));
        histogram.record(Duration::from_millis(3));
        histogram.record(Duration::from_secs(20));
        let read = histogram.read();
        assert_eq!(read[0], BucketCount { count: 2, nanos: 4_000_000 });
        assert_eq!(read[BUCKETS - 1], BucketCount { count: 1, nanos: 20_000_000_000 });
    }
}
