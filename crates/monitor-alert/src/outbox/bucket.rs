//! The rate limit of a channel: a token bucket.

use std::time::Duration;

use crate::rate_limit::RateLimit;

/// A token bucket. It is stored as the time at which it is full.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    /// The time in which one token is added.
    interval: Duration,
    burst: u32,
    full_at: Duration,
}

impl Bucket {
    /// Creates a full bucket.
    pub(super) fn new(limit: RateLimit) -> Self {
        Self { interval: limit.interval(), burst: limit.in_a_row(), full_at: Duration::ZERO }
    }

    /// Returns the time at which there is a token.
    pub(super) fn ready_at(&self) -> Duration {
        self.full_at.saturating_sub(self.interval * (self.burst - 1))
    }

    /// Takes a token. There must be one.
    pub(super) fn take(&mut self, now: Duration) {
        self.full_at = self.full_at.max(now).saturating_add(self.interval);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the seconds at which this many tokens are taken, each as early as possible.
    fn taken(bucket: &mut Bucket, start: u64, tokens: usize) -> Vec<u64> {
        let mut now = Duration::from_secs(start);
        let seconds = (0..tokens).map(|_| {
            now = now.max(bucket.ready_at());
            bucket.take(now);
            now.as_secs()
        });
        seconds.collect()
    }

    #[test]
    fn after_a_burst_the_tokens_come_one_by_one() {
        let mut bucket = Bucket::new(RateLimit::per_minute(20).burst(3));
        assert_eq!(taken(&mut bucket, 100, 6), [100, 100, 100, 103, 106, 109]);
        assert_eq!(taken(&mut bucket, 113, 3), [113, 115, 118], "one token was added");
        assert_eq!(taken(&mut bucket, 999, 4), [999, 999, 999, 1002], "never more than a burst");
    }
}
