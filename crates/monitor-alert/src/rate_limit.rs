//! The number of notifications that a receiver is given.

use std::time::Duration;

/// The number of notifications that a receiver is given. Others wait, and none is lost. Repeated attempts count as
/// well. Returned by [`Notifier::rate_limit`](crate::Notifier::rate_limit).
///
/// Defaults to 30 a minute, ten of them in a row.
///
/// # Example
///
/// ```
/// use monitor_kit::alert::{PagerDuty, RateLimit};
///
/// let pagerduty = PagerDuty::new("0123456789abcdef0123456789abcdef")?
///     .rate_limit(RateLimit::per_minute(120).burst(30));
/// # Ok::<(), monitor_kit::alert::NotifierError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct RateLimit {
    /// Number of attempts a minute, in the long run.
    per_minute: u32,
    /// Number of attempts in a row.
    burst: u32,
}

impl RateLimit {
    /// Sets the number of attempts a minute, in the long run, with bursts of ten. Building the monitor fails if it is
    /// 0.
    pub const fn per_minute(attempts: u32) -> Self {
        Self { per_minute: attempts, burst: 10 }
    }

    /// Sets the number of attempts in a row, after a quiet time. Building the monitor fails if it is 0.
    pub const fn burst(mut self, attempts: u32) -> Self {
        self.burst = attempts;
        self
    }

    /// Returns the time in which one attempt is added.
    pub(crate) fn interval(self) -> Duration {
        Duration::from_secs(60) / self.per_minute.max(1)
    }

    /// Returns the number of attempts in a row, at least one.
    pub(crate) fn in_a_row(self) -> u32 {
        self.burst.max(1)
    }

    /// Checks the numbers.
    ///
    /// # Errors
    ///
    /// Returns a sentence that says what to change.
    pub(crate) fn check(self, notifier: &str) -> Result<(), String> {
        if self.per_minute == 0 || self.burst == 0 {
            return Err(format!("the rate limit of the notifier `{notifier}` lets nothing pass: use 1 or more"));
        }
        Ok(())
    }
}

impl Default for RateLimit {
    fn default() -> Self {
        Self::per_minute(30)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_lets_nothing_pass_is_refused() {
        let refused = "the rate limit of the notifier `slack` lets nothing pass: use 1 or more";
        for limit in [RateLimit::per_minute(0), RateLimit::per_minute(1).burst(0)] {
            assert_eq!(limit.check("slack"), Err(refused.to_owned()));
        }
        assert_eq!(RateLimit::per_minute(1).burst(1).check("slack"), Ok(()));
        assert_eq!(RateLimit::default().check("slack"), Ok(()));
    }

    #[test]
    fn a_limit_is_an_interval_and_a_burst() {
        let limit = RateLimit::per_minute(120).burst(3);
        assert_eq!((limit.interval(), limit.in_a_row()), (Duration::from_millis(500), 3));
        assert_eq!(RateLimit::per_minute(20).in_a_row(), 10);
    }
}
