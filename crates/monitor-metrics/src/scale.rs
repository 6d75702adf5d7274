//! Histograms in the published unit.

use monitor_core::{
    names,
    traffic::{BUCKETS, BucketCount},
};

/// Bounds of the buckets in the published unit, and the size of that unit.
pub(crate) struct Scale {
    pub(crate) bounds: [f64; BUCKETS - 1],
    /// Internal units in one published unit.
    per_shown: f64,
}

/// Scale for durations of requests and jobs, in seconds.
pub(crate) static DURATION: Scale = Scale { bounds: names::DURATION_BOUNDS, per_shown: 1e9 };

/// Scale for lifetimes of connections, in seconds.
pub(crate) static CONNECTION: Scale = Scale { bounds: names::CONNECTION_BOUNDS, per_shown: 1e9 };

/// Scale for sizes, in bytes.
pub(crate) static SIZE: Scale = Scale { bounds: names::SIZE_BOUNDS, per_shown: 1.0 };

impl Scale {
    /// Returns the sum of all values in the published unit.
    #[cfg(feature = "prometheus")]
    pub(crate) fn sum(&self, buckets: &[BucketCount; BUCKETS]) -> f64 {
        // The sum of all buckets may exceed 64 bits.
        buckets.iter().map(|bucket| u128::from(bucket.sum)).sum::<u128>() as f64 / self.per_shown
    }

    /// Returns the growth of each bucket since `before`: the number of new values, and their mean in the published
    /// unit. A mean never exceeds the bound of its bucket, however it is rounded. Buckets that did not grow are left
    /// out.
    pub(crate) fn growth(
        &self,
        before: &[BucketCount; BUCKETS],
        now: &[BucketCount; BUCKETS],
    ) -> impl Iterator<Item = (u64, f64)> {
        let bounds = self.bounds.iter().chain([&f64::INFINITY]);
        before.iter().zip(now).zip(bounds).filter_map(|((before, now), bound)| {
            let count = now.count.saturating_sub(before.count);
            // Sums wrap around; their difference is still correct.
            let mean = now.sum.wrapping_sub(before.sum) as f64 / count as f64 / self.per_shown;
            (count > 0).then_some((count, mean.min(*bound)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(first: BucketCount, second: BucketCount) -> [BucketCount; BUCKETS] {
        let mut buckets = [BucketCount::default(); BUCKETS];
        (buckets[0], buckets[1]) = (first, second);
        buckets
    }

    #[test]
    fn growth_is_the_mean_of_what_came_since() {
        let before = buckets(BucketCount { count: 1, sum: 10 }, BucketCount::default());
        let now = buckets(BucketCount { count: 3, sum: 60 }, BucketCount { count: 1, sum: 100 });
        assert_eq!(SIZE.growth(&before, &now).collect::<Vec<_>>(), [(2, 25.0), (1, 100.0)]);
    }

    #[test]
    fn a_sum_that_wrapped_around_still_grew_by_what_came_since() {
        let before = buckets(BucketCount { count: 1, sum: u64::MAX }, BucketCount::default());
        let now = buckets(BucketCount { count: 2, sum: 3_999_999 }, BucketCount::default());
        assert_eq!(DURATION.growth(&before, &now).collect::<Vec<_>>(), [(1, 0.004)]);
    }
}
