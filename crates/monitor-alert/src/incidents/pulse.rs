//! The requests of the last seconds, from which the beginning of an incident and its first counts are taken.

use std::{collections::VecDeque, time::Duration};

use crate::{incident::Second, rule::readings::Totals};

/// The seconds of the last minutes, the oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Pulse {
    last: Totals,
    /// Monotonic time of the last beat.
    at: Option<Duration>,
    /// Monotonic times at which seconds began, and their requests.
    seconds: VecDeque<(Duration, Second)>,
}

impl Pulse {
    /// Adds the requests since the last beat. Returns them.
    pub(super) fn beat(&mut self, totals: Totals, now: Duration) -> Second {
        let last = std::mem::replace(&mut self.last, totals);
        let second = Second {
            requests: totals.requests.saturating_sub(last.requests),
            failed: totals.failed.saturating_sub(last.failed),
            refused: totals.refused.saturating_sub(last.refused),
        };
        let begun = self.at.replace(now).unwrap_or(now);
        self.seconds.push_back((begun, second));
        if self.seconds.len() > MAX_SECONDS {
            self.seconds.pop_front();
        }
        second
    }

    #[cfg(test)]
    pub(super) fn totals(&self) -> Totals {
        self.last
    }

    /// Returns the beginning of the first failing second, before which none failed for a minute.
    pub(super) fn first_failure(&self, now: Duration) -> Option<Duration> {
        let mut first = None;
        for (at, second) in self.seconds.iter().rev() {
            if first.unwrap_or(now).saturating_sub(*at) > GAP {
                break;
            }
            if second.failed > 0 {
                first = Some(*at);
            }
        }
        first
    }

    /// Returns the seconds that ended after this time.
    pub(super) fn since(&self, begin: Duration) -> impl Iterator<Item = (Duration, Second)> {
        let ends = self.seconds.iter().skip(1).map(|(at, _)| *at).chain(self.at);
        self.seconds.iter().zip(ends).filter(move |(_, end)| *end > begin).map(|(second, _)| *second)
    }
}

/// Number of seconds, a quarter of an hour.
const MAX_SECONDS: usize = 900;
/// The longest time without a failure within one run of failures.
const GAP: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the pulse of these failures in each second. It begins at second 100.
    fn pulse(failed: &[u64]) -> Pulse {
        let mut pulse = Pulse::default();
        let mut totals = Totals::default();
        for (at, failed) in (100..).zip(failed) {
            totals.requests += 10;
            totals.failed += failed;
            pulse.beat(totals, Duration::from_secs(at));
        }
        pulse
    }

    #[test]
    fn a_run_of_failures_begins_after_a_minute_without_one() {
        let mut failed = vec![3];
        failed.extend([0; 70]);
        failed.extend([1, 0, 0, 2, 0]);
        let pulse = pulse(&failed);
        let first = pulse.first_failure(Duration::from_secs(175));
        assert_eq!(first, Some(Duration::from_secs(170)), "the second from 170 to 171 has the first one of the run");
        assert_eq!(pulse.first_failure(Duration::from_secs(300)), None, "it is long over");
    }

    #[test]
    fn the_requests_since_a_time_include_its_second() {
        let pulse = pulse(&[0, 1, 2, 3]);
        let failed = |second| pulse.since(Duration::from_secs(second)).map(|(_, second)| second.failed).sum::<u64>();
        assert_eq!((failed(0), failed(101), failed(102), failed(103)), (6, 5, 3, 0));
    }

    #[test]
    fn only_the_last_seconds_are_kept() {
        assert_eq!(pulse(&[1; 1_000]).seconds.len(), MAX_SECONDS);
    }
}
