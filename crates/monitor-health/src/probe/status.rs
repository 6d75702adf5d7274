//! The status of a probe, derived from its runs.
//!
//! A single failed run is not an outage, and a single successful run is not a recovery: the status changes only after
//! as many runs in a row as the thresholds of [`Pace`] require.

use std::time::{Duration, SystemTime};

use monitor_core::HealthStatus;
use tokio::time::Instant;

use super::{Pace, result::ProbeResult};

/// The current status of a probe, with the runs it was derived from.
#[derive(Debug)]
pub(crate) struct ProbeStatus {
    status: HealthStatus,
    /// Time of the last change of status.
    since: Instant,
    failures: u32,
    successes: u32,
    /// Message of the last failed run.
    failure: String,
    last: Option<Sample>,
    pub(crate) last_success: Option<SystemTime>,
    pub(crate) last_failure: Option<SystemTime>,
}

/// The result and the times of one run.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) result: ProbeResult,
    pub(crate) took: Duration,
    pub(crate) at: Instant,
    pub(crate) at_wall: SystemTime,
}

/// A change of status.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Transition {
    pub(crate) from: HealthStatus,
    pub(crate) to: HealthStatus,
    pub(crate) was_for: Duration,
}

impl ProbeStatus {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            status: HealthStatus::Unknown,
            since: now,
            failures: 0,
            successes: 0,
            failure: String::new(),
            last: None,
            last_success: None,
            last_failure: None,
        }
    }

    /// Records a run. Returns the transition if it changes the status.
    pub(crate) fn record(&mut self, sample: Sample, pace: &Pace) -> Option<Transition> {
        let before = self.status;
        // An expired result no longer counts, so the next run decides at once, as the first one does.
        let known = self.status_at(sample.at, pace);
        if sample.result.status == HealthStatus::Error {
            (self.failures, self.successes) = (self.failures.saturating_add(1), 0);
            self.failure.clone_from(&sample.result.message);
            self.last_failure = Some(sample.at_wall);
        } else {
            (self.failures, self.successes) = (0, self.successes.saturating_add(1));
            self.last_success = Some(sample.at_wall);
        }
        self.status = self.after(known, &sample.result, pace);
        let transition = (self.status != before).then(|| Transition {
            from: before,
            to: self.status,
            was_for: sample.at.saturating_duration_since(self.since),
        });
        if transition.is_some() {
            self.since = sample.at;
        }
        self.last = Some(sample);
        transition
    }

    fn after(&self, known: HealthStatus, result: &ProbeResult, pace: &Pace) -> HealthStatus {
        let has_failed = result.status == HealthStatus::Error;
        match known {
            HealthStatus::Unknown => result.status,
            HealthStatus::Error if has_failed || self.successes < pace.successes => HealthStatus::Error,
            HealthStatus::Error => result.status,
            _ if has_failed && !result.decisive && self.failures < pace.failures => HealthStatus::Warning,
            _ => result.status,
        }
    }

    /// Returns the status at `now`: `Unknown` before the first run and once the last result has expired.
    pub(crate) fn status_at(&self, now: Instant, pace: &Pace) -> HealthStatus {
        match self.age(now) {
            Some(age) if age <= pace.stale_after(self.status) => self.status,
            _ => HealthStatus::Unknown,
        }
    }

    /// Returns the status after the last run, even if that result has expired.
    pub(crate) fn status(&self) -> HealthStatus {
        self.status
    }

    /// Returns whether the last run contradicts the status, but more runs are needed to change it.
    pub(crate) fn is_undecided(&self) -> bool {
        match self.status {
            HealthStatus::Error => self.successes > 0,
            HealthStatus::Unknown => false,
            _ => self.failures > 0,
        }
    }

    /// Returns the time since the last run ended; `None` before the first run.
    pub(crate) fn age(&self, now: Instant) -> Option<Duration> {
        self.last.as_ref().map(|last| now.saturating_duration_since(last.at))
    }

    /// Returns the time since the last change of status.
    pub(crate) fn standing_for(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.since)
    }

    pub(crate) fn last(&self) -> Option<&Sample> {
        self.last.as_ref()
    }

    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    /// Returns the message published with the status; empty if the status is `Ok`. It contains the count towards the
    /// threshold, such as `(1/3)`, while a change is undecided.
    pub(crate) fn message(&self, pace: &Pace) -> String {
        let Some(Sample { result, .. }) = &self.last else { return String::new() };
        match (self.status, result.status) {
            (HealthStatus::Warning, HealthStatus::Error) => {
                format!("{} ({}/{})", result.message, self.failures, pace.failures)
            }
            (HealthStatus::Error, HealthStatus::Ok | HealthStatus::Warning) => {
                format!("{} (recovering, {}/{})", self.failure, self.successes, pace.successes)
            }
            (HealthStatus::Ok, _) => String::new(),
            _ => result.message.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use HealthStatus::{Error, Ok, Unknown, Warning};

    use super::*;

    /// Records one run a second, and returns the status after each.
    fn stands(standing: &mut ProbeStatus, outcomes: impl IntoIterator<Item = ProbeResult>) -> Vec<HealthStatus> {
        let pace = Pace::default();
        let statuses = outcomes.into_iter().map(|result| {
            let at = standing.last.as_ref().map_or(standing.since, |last| last.at) + Duration::from_secs(1);
            let sample = Sample { result, took: Duration::ZERO, at, at_wall: SystemTime::UNIX_EPOCH };
            let before = standing.status;
            let transition = standing.record(sample, &pace);
            assert_eq!(transition.is_some(), before != standing.status, "each change is returned, and nothing else");
            standing.status
        });
        statuses.collect()
    }

    fn failed() -> ProbeResult {
        ProbeResult::error("away")
    }

    #[tokio::test(start_paused = true)]
    async fn it_takes_three_failures_to_be_down_and_two_successes_to_be_up_again() {
        let standing = &mut ProbeStatus::new(Instant::now());
        assert_eq!(standing.status, Unknown);
        assert_eq!(stands(standing, [ProbeResult::ok(), failed(), failed(), failed()]), [Ok, Warning, Warning, Error]);
        assert_eq!(
            stands(standing, [ProbeResult::ok(), failed(), ProbeResult::ok(), ProbeResult::ok()]),
            [Error, Error, Error, Ok]
        );
        assert_eq!(stands(standing, [failed(), ProbeResult::ok()]), [Warning, Ok]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_run_and_a_decisive_failure_count_at_once() {
        assert_eq!(stands(&mut ProbeStatus::new(Instant::now()), [failed()]), [Error]);
        let standing = &mut ProbeStatus::new(Instant::now());
        assert_eq!(stands(standing, [ProbeResult::ok(), failed().decisive()]), [Ok, Error]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_says_how_far_it_is_from_the_threshold() {
        let (standing, pace) = (&mut ProbeStatus::new(Instant::now()), Pace::default());
        stands(standing, [ProbeResult::ok(), failed()]);
        assert_eq!(standing.message(&pace), "away (1/3)");
        stands(standing, [failed(), failed()]);
        assert_eq!(standing.message(&pace), "away");
        stands(standing, [ProbeResult::ok()]);
        assert_eq!(standing.message(&pace), "away (recovering, 1/2)");
        stands(standing, [ProbeResult::ok()]);
        assert_eq!(standing.message(&pace), "");
    }

    #[tokio::test(start_paused = true)]
    async fn a_result_older_than_three_intervals_is_unknown_and_the_next_run_counts_at_once() {
        let (standing, pace) = (&mut ProbeStatus::new(Instant::now()), Pace::default());
        stands(standing, [ProbeResult::ok()]);
        let last = standing.last.as_ref().unwrap().at;
        let limit = last + Duration::from_secs(32);
        assert_eq!((standing.status_at(limit, &pace), standing.status_at(limit + NANO, &pace)), (Ok, Unknown));
        let standing = &mut ProbeStatus::new(Instant::now());
        stands(standing, [failed()]);
        let last = standing.last.as_ref().unwrap().at;
        let limit = last + Duration::from_secs(92);
        assert_eq!(standing.status_at(limit, &pace), Error);
        let later = limit + NANO;
        assert_eq!(standing.status_at(later, &pace), Unknown);
        let sample =
            Sample { result: ProbeResult::ok(), took: Duration::ZERO, at: later, at_wall: SystemTime::UNIX_EPOCH };
        let transition = standing.record(sample, &pace).unwrap();
        assert_eq!((transition.from, transition.to), (Error, Ok));
        assert_eq!(transition.was_for, later - last);
    }

    const NANO: Duration = Duration::from_nanos(1);
}
