//! The weather: what happens to the service, as its rules read it.

use std::{collections::BTreeMap, time::Duration};

use fastrand::Rng;
use monitor_core::{
    Fingerprint, HealthReading, HealthStatus, LastEnd, ProbeReading, ProcessEnded, ProcessHeartbeat,
    traffic::{Lookback, WindowCounts},
};

use crate::rule::{
    Rule,
    burn::BurnRule,
    duration::DurationRule,
    error_ratio::ErrorRatioRule,
    escalating::EscalatingRule,
    health::HealthRule,
    issue::IssueRule,
    issue_events::IssueEventsRule,
    milestone::MilestoneRule,
    process_end::ProcessEndRule,
    readings::{Ended, FixedReadings},
    silence::SilenceRule,
    slower::SlowerRule,
};

#[derive(Debug, Default)]
pub(super) struct Weather {
    is_failing: bool,
    is_slow: bool,
    is_silent: bool,
    is_unready: bool,
    was_killed: bool,
    /// Issues with many events, and their numbers.
    pub(super) floods: BTreeMap<u64, u64>,
}

impl Weather {
    /// Changes one thing.
    pub(super) fn change(&mut self, random: &mut Rng) {
        let things =
            [&mut self.is_failing, &mut self.is_slow, &mut self.is_silent, &mut self.is_unready, &mut self.was_killed];
        let some = random.usize(0..things.len());
        things.into_iter().skip(some).take(1).for_each(|thing| *thing = !*thing);
    }

    pub(super) fn readings(&self) -> FixedReadings {
        let events =
            |per_issue: u64| self.floods.iter().map(move |(issue, more)| (fingerprint(*issue), more + per_issue));
        let total = self.total();
        let readings = FixedReadings {
            release: "2".to_owned(),
            releases: vec![("1".to_owned(), fast(1_000, 0)), ("2".to_owned(), total)],
            health: Some(self.health()),
            last_end: Some(self.last_end()),
            // An issue has been seen before, so that it can escalate.
            events_by_span: vec![(HOUR, events(0).collect()), (25 * HOUR, events(24).collect())],
            ..FixedReadings::total(total.count, total.failed)
        };
        let readings = readings.recent(Lookback::Minutes(2 * SILENT_MINUTES), 100);
        let readings = if self.is_silent { readings.recent(Lookback::Minutes(SILENT_MINUTES), 0) } else { readings };
        let spans = [5, 30, 60, 360].map(|minutes| Duration::from_secs(minutes * 60));
        let mut readings = spans.into_iter().fold(readings, |readings, span| {
            let failed = if self.is_failing { 500 } else { 0 };
            readings.history(span, 1_000, failed)
        });
        readings.window.total = total;
        readings
    }

    fn total(&self) -> WindowCounts {
        match self {
            Self { is_silent: true, .. } => fast(0, 0),
            Self { is_slow: true, .. } => slow(100, self.failed()),
            _ => fast(100, self.failed()),
        }
    }

    fn failed(&self) -> u64 {
        if self.is_failing { 50 } else { 1 }
    }

    fn health(&self) -> HealthReading {
        let status = if self.is_unready { HealthStatus::Error } else { HealthStatus::Ok };
        let probe = ProbeReading { probe: "database".to_owned(), status, last_run: Duration::ZERO };
        HealthReading { is_ready: !self.is_unready, is_draining: false, probes: vec![probe] }
    }

    fn last_end(&self) -> Ended {
        let end = if self.was_killed { LastEnd::Killed } else { LastEnd::ByItself };
        let [at, started] = [std::time::SystemTime::UNIX_EPOCH; 2];
        Ended { ended: ProcessEnded::new(end, ProcessHeartbeat::new("1", at, started)), since: Duration::ZERO }
    }
}

/// Returns one rule of each type, for the whole service.
pub(super) fn rules() -> Vec<Rule> {
    vec![
        IssueRule::new().into(),
        MilestoneRule::new().into(),
        ErrorRatioRule::above(0.1).lasting(Duration::from_secs(3)).into(),
        IssueEventsRule::more_than(100).into(),
        EscalatingRule::times(10.0).into(),
        DurationRule::p95_above(Duration::from_secs(1)).mute("02:00-03:00").into(),
        SlowerRule::than_last_release(1.5).into(),
        SilenceRule::minutes(SILENT_MINUTES).into(),
        BurnRule::objective(0.99).into(),
        HealthRule::readiness().into(),
        ProcessEndRule::new().into(),
    ]
}

/// Returns the fingerprint of an issue.
pub(super) fn fingerprint(number: u64) -> Fingerprint {
    Fingerprint::parse(&format!("v1-{number:032x}")).expect("a fingerprint")
}

fn fast(count: u64, failed: u64) -> WindowCounts {
    counts(count, failed, 2)
}

fn slow(count: u64, failed: u64) -> WindowCounts {
    counts(count, failed, 10)
}

/// Returns counts whose durations are all in one bucket.
fn counts(count: u64, failed: u64, bucket: usize) -> WindowCounts {
    let mut counts = WindowCounts::default();
    (counts.count, counts.failed, counts.durations[bucket]) = (count, failed, count);
    counts
}

/// Number of issues.
pub(super) const ISSUES: u64 = 6;
const SILENT_MINUTES: u8 = 7;
const HOUR: Duration = Duration::from_secs(60 * 60);
