//! The rule that alerts when requests have become slower.

use std::time::Duration;

use monitor_core::traffic::{Lookback, WindowCounts};

use super::{
    condition::{Condition, Group, State},
    readings::Readings,
    settings::{Settings, common, setters},
    text,
    view::RuleView,
};
use crate::alert::Severity;

/// Alerts when the 95 % of the requests that are fastest take much longer than those of the release before, or than in
/// the hour before. The alert is a [warning](Severity::Warning) by default.
///
/// The last 10 minutes of this process are compared with the [history](monitor_core::History). The alert is over once
/// half of the difference to the threshold is gone. Without enough requests on both sides there is none.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use monitor_kit::alert::SlowerRule;
///
/// let rule = SlowerRule::than_last_release(1.5);
/// let slow = Duration::from_millis(250);
/// let sudden = SlowerRule::than_last_hour(2.0).at_least(1_000).above(slow).name("sudden");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct SlowerRule {
    settings: Settings,
    factor: f64,
    baseline: Baseline,
    at_least: u64,
    above: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Baseline {
    LastRelease,
    LastHour,
}

impl SlowerRule {
    /// Creates a rule that alerts when the 95th percentile is above `factor` times that of the release before, in the
    /// last 7 days.
    pub fn than_last_release(factor: f64) -> Self {
        Self::than(Baseline::LastRelease, factor)
    }

    /// Creates a rule that alerts when the 95th percentile is above `factor` times that of the hour before.
    pub fn than_last_hour(factor: f64) -> Self {
        Self::than(Baseline::LastHour, factor)
    }

    setters!("slower");

    /// Sets the number of requests on either side below which the rule does not alert. Defaults to 100.
    pub fn at_least(mut self, requests: u64) -> Self {
        self.at_least = requests;
        self
    }

    /// Sets the 95th percentile up to which requests are fast enough, however much slower they became. Defaults to
    /// 100 ms.
    pub fn above(mut self, duration: Duration) -> Self {
        self.above = duration;
        self
    }

    fn than(baseline: Baseline, factor: f64) -> Self {
        let settings = Settings::new(NAME, Severity::Warning);
        Self { settings, factor, baseline, at_least: 100, above: Duration::from_millis(100) }
    }

    /// Returns the 95th percentile of the last minutes and that of the baseline, in seconds.
    fn both(&self, readings: &dyn Readings) -> Option<[f64; 2]> {
        let recent = readings.window(RECENT).total;
        let before = self.before(readings)?;
        let quantile = |counts: &WindowCounts| counts.quantile(0.95).filter(|_| counts.count >= self.at_least);
        Some([quantile(&recent)?, quantile(&before)?])
    }

    fn before(&self, readings: &dyn Readings) -> Option<WindowCounts> {
        match self.baseline {
            Baseline::LastRelease => {
                let own = readings.release();
                let mut releases = readings.releases(WEEK).into_iter().rev();
                releases.find(|(release, _)| *release != own).map(|(_, counts)| counts)
            }
            Baseline::LastHour => Some(minus(readings.history(HOUR + TEN_MINUTES), readings.history(TEN_MINUTES))),
        }
    }

    fn state(&self, [recent, before]: [f64; 2]) -> State {
        let lower = 1.0 + (self.factor - 1.0) / 2.0;
        match recent / before {
            _ if recent <= self.above.as_secs_f64() => State::Over,
            ratio if ratio > self.factor => State::Met,
            ratio if ratio > lower => State::Between,
            _ => State::Over,
        }
    }
}

impl Condition for SlowerRule {
    common!();

    fn read(&self, readings: &dyn Readings) -> Vec<(Group, State)> {
        vec![(Group::Service, self.both(readings).map_or(State::Over, |both| self.state(both)))]
    }

    fn title(&self, _: &Group, _: &dyn Readings) -> String {
        let baseline = match self.baseline {
            Baseline::LastRelease => "the release before",
            Baseline::LastHour => "the hour before",
        };
        format!("p95 above {} × that of {baseline}", self.factor)
    }

    fn facts(&self, _: &Group, readings: &dyn Readings) -> Vec<(String, String)> {
        let Some([recent, before]) = self.both(readings) else {
            return vec![text::fact("p95", "too few requests".to_owned())];
        };
        vec![
            text::fact("p95", text::duration(recent)),
            text::fact("before", text::duration(before)),
            text::fact("window", text::window(RECENT)),
        ]
    }

    fn view(&self, slot: Duration) -> RuleView {
        RuleView::of_span(TEN_MINUTES, slot)
    }

    fn check(&self) -> Result<(), String> {
        self.settings.check()?;
        // Written so that NaN is refused as well.
        if !(self.factor > 1.0 && self.factor <= 100.0) {
            return Err(format!("{} × as slow is no regression: use more than 1, such as 1.5", self.factor));
        }
        if self.at_least == 0 {
            return Err(String::from("`at_least(0)` has no quantile: use 1 or more requests"));
        }
        Ok(())
    }
}

/// Returns the counts that are in `all` and not in `part`.
fn minus(all: WindowCounts, part: WindowCounts) -> WindowCounts {
    let mut rest = all;
    rest.count = rest.count.saturating_sub(part.count);
    rest.failed = rest.failed.saturating_sub(part.failed);
    rest.durations.iter_mut().zip(part.durations).for_each(|(rest, part)| *rest = rest.saturating_sub(part));
    rest
}

pub(crate) const NAME: &str = "slower";
const RECENT: Lookback = Lookback::Minutes(10);
const TEN_MINUTES: Duration = Duration::from_secs(10 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::readings::{FixedReadings, counts};

    /// Returns counts of requests in one bucket.
    fn durations(requests: u64, bucket: usize) -> WindowCounts {
        let mut counts = counts(requests, 0);
        counts.durations[bucket] = requests;
        counts
    }

    fn releases(before: WindowCounts, now: WindowCounts) -> FixedReadings {
        let mut readings = FixedReadings { release: "1.1".to_owned(), ..FixedReadings::default() };
        readings.window.total = now;
        readings.releases = vec![("1.0".to_owned(), before), ("1.1".to_owned(), now)];
        readings
    }

    #[test]
    fn a_release_is_compared_with_the_one_before() {
        let rule = SlowerRule::than_last_release(1.5);
        let state = |before, now| rule.read(&releases(before, now))[0].1;
        let [fast, slow] = [5, 6].map(|bucket| durations(100, bucket));
        assert_eq!(state(fast, slow), State::Met, "242 ms after 99 ms");
        assert_eq!(state(fast, fast), State::Over);
        let [faster, still_fast] = [1, 4].map(|bucket| durations(100, bucket));
        assert_eq!(state(faster, still_fast), State::Over, "74 ms after 10 ms are fast enough");
        let strict = SlowerRule::than_last_release(1.5).above(Duration::from_millis(20));
        assert_eq!(strict.read(&releases(faster, still_fast))[0].1, State::Met);
        assert_eq!(state(slow, fast), State::Over, "faster");
        assert_eq!(state(durations(99, 5), slow), State::Over, "too few");
        assert_eq!(SlowerRule::than_last_release(3.0).read(&releases(fast, slow))[0].1, State::Between);
        let facts = rule.facts(&Group::Service, &releases(fast, slow));
        assert_eq!((facts[0].1.as_str(), facts[1].1.as_str()), ("242 ms", "99 ms"));
    }

    #[test]
    fn the_first_release_has_none_before() {
        let mut readings = releases(durations(100, 5), durations(100, 6));
        readings.releases.remove(0);
        assert_eq!(SlowerRule::than_last_release(1.5).read(&readings)[0].1, State::Over);
        assert_eq!(SlowerRule::than_last_release(1.5).facts(&Group::Service, &readings)[0].1, "too few requests");
    }

    #[test]
    fn the_last_minutes_are_no_part_of_the_hour_before() {
        let [fast, slow] = [5, 6].map(|bucket| durations(100, bucket));
        let mut both = fast;
        (both.count, both.durations[6]) = (200, 100);
        let mut readings = FixedReadings::default();
        readings.window.total = slow;
        readings.history = vec![(HOUR + TEN_MINUTES, both), (TEN_MINUTES, slow)];
        assert_eq!(SlowerRule::than_last_hour(1.5).read(&readings)[0].1, State::Met);
    }

    #[test]
    fn a_bad_setting_is_refused_with_what_to_change() {
        for factor in [1.0, 0.5, 101.0, f64::NAN] {
            let refused = SlowerRule::than_last_hour(factor).check().expect_err("must be refused");
            assert!(refused.contains("use more than 1"), "{refused}");
        }
        assert!(SlowerRule::than_last_hour(2.0).at_least(0).check().is_err());
        assert_eq!(SlowerRule::than_last_hour(2.0).check(), Ok(()));
    }
}
