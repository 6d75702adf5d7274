//! The impact of an incident: counts of requests, a chart of them, and the users of its issues.

use std::time::Duration;

use monitor_core::Fingerprint;
use serde::{Deserialize, Serialize};

/// The requests and users that an incident affected, from its first error to its end.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Impact {
    /// Number of requests that ended, without refused ones.
    pub requests: u64,
    /// Number of failed requests among them.
    pub failed: u64,
    /// Number of requests that were refused because their route was disabled.
    pub refused: u64,
    /// The issues of its alerts, at most 20.
    pub issues: Vec<IssueImpact>,
    /// The requests over time.
    pub chart: ErrorChart,
}

/// An issue of an incident, as it was when it was last read.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct IssueImpact {
    /// The issue.
    pub fingerprint: Fingerprint,
    /// The error's type name, or the message of one without.
    pub name: String,
    /// The place in the source.
    pub location: Option<String>,
    /// Number of its events, since it was opened.
    pub events: u64,
    /// Number of its users, since it was opened.
    pub users: u64,
}

/// Requests over time, in steps of equal length from the first error on. Steps become longer, so that an incident has
/// at most 240 of them.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ErrorChart {
    /// Length of a step in seconds.
    pub step_seconds: u64,
    /// Number of failed and of all requests in each step.
    pub steps: Vec<(u64, u64)>,
}

/// The requests that ended within one second.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Second {
    pub(crate) requests: u64,
    pub(crate) failed: u64,
    pub(crate) refused: u64,
}

impl Impact {
    /// Maximum number of issues of an incident.
    pub(crate) const MAX_ISSUES: usize = 20;

    /// Adds the requests of the second that ended this long after the first error.
    pub(crate) fn add(&mut self, since_start: Duration, second: Second) {
        self.requests += second.requests;
        self.failed += second.failed;
        self.refused += second.refused;
        self.chart.add(since_start, second);
    }

    /// Sets the latest counts of an issue.
    pub(crate) fn set_issue(&mut self, issue: IssueImpact) {
        match self.issues.iter_mut().find(|known| known.fingerprint == issue.fingerprint) {
            Some(known) => *known = issue,
            None => {
                self.issues.push(issue);
                self.issues.truncate(Self::MAX_ISSUES);
            }
        }
    }

    /// Adds what another process counted.
    pub(crate) fn merge(&mut self, other: Self) {
        self.requests += other.requests;
        self.failed += other.failed;
        self.refused += other.refused;
        self.chart.merge(other.chart);
        for issue in other.issues {
            if !self.issues.iter().any(|known| known.fingerprint == issue.fingerprint) {
                self.set_issue(issue);
            }
        }
    }
}

impl ErrorChart {
    fn add(&mut self, since_start: Duration, second: Second) {
        while since_start.as_secs() / self.step_seconds >= MAX_STEPS as u64 {
            self.double();
        }
        let step = usize::try_from(since_start.as_secs() / self.step_seconds).unwrap_or(MAX_STEPS - 1);
        if self.steps.len() <= step {
            self.steps.resize(step + 1, (0, 0));
        }
        let (failed, requests) = &mut self.steps[step];
        *failed += second.failed;
        *requests += second.requests;
    }

    /// Makes each step twice as long.
    fn double(&mut self) {
        self.step_seconds = self.step_seconds.saturating_mul(2);
        let sum = |pair: &[(u64, u64)]| pair.iter().fold((0, 0), |sum, step| (sum.0 + step.0, sum.1 + step.1));
        self.steps = self.steps.chunks(2).map(sum).collect();
    }

    fn merge(&mut self, mut other: Self) {
        while self.step_seconds < other.step_seconds {
            self.double();
        }
        while other.step_seconds < self.step_seconds {
            other.double();
        }
        let len = self.steps.len().max(other.steps.len());
        self.steps.resize(len, (0, 0));
        for (own, step) in self.steps.iter_mut().zip(other.steps) {
            *own = (own.0 + step.0, own.1 + step.1);
        }
    }
}

impl Default for ErrorChart {
    fn default() -> Self {
        Self { step_seconds: 1, steps: Vec::new() }
    }
}

/// Maximum number of steps of a chart.
const MAX_STEPS: usize = 240;

#[cfg(test)]
mod tests {
    use super::*;

    fn second(failed: u64) -> Second {
        Second { requests: 10, failed, refused: 1 }
    }

    #[test]
    fn a_long_chart_has_longer_steps_and_the_same_sums() {
        let mut impact = Impact::default();
        (0..1_000).for_each(|at| impact.add(Duration::from_secs(at), second(u64::from(at < 100))));
        assert_eq!((impact.requests, impact.failed, impact.refused), (10_000, 100, 1_000));
        assert_eq!((impact.chart.step_seconds, impact.chart.steps.len()), (8, 125));
        assert_eq!(impact.chart.steps[0], (8, 80));
        assert_eq!(impact.chart.steps[12], (4, 80), "the errors ended in it");
        let sums = impact.chart.steps.iter().fold((0, 0), |sum, step| (sum.0 + step.0, sum.1 + step.1));
        assert_eq!(sums, (100, 10_000));
    }

    #[test]
    fn charts_of_two_processes_are_added() {
        let (mut long, mut short) = (Impact::default(), Impact::default());
        (0..300).for_each(|at| long.add(Duration::from_secs(at), second(1)));
        (0..3).for_each(|at| short.add(Duration::from_secs(at), second(2)));
        let (mut one, mut other) = (long.clone(), short.clone());
        one.merge(short);
        other.merge(long);
        assert_eq!(one, other);
        assert_eq!((one.failed, one.chart.steps[0], one.chart.steps[1]), (306, (6, 40), (4, 30)));
    }

    #[test]
    fn a_time_far_in_the_future_is_charted() {
        let mut impact = Impact::default();
        impact.add(Duration::MAX, second(1));
        assert!(impact.chart.steps.len() <= MAX_STEPS);
    }
}
