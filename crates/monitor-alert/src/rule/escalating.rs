//! The rule that alerts on an issue with far more events than it used to have.

use std::{collections::BTreeMap, time::Duration};

use monitor_core::Fingerprint;

use super::{
    condition::{Condition, Group, State},
    readings::Readings,
    settings::{Settings, common, setters},
    text,
    view::RuleView,
};
use crate::{alert::Severity, fact::IssueFact};

/// Alerts when an issue has many times as many events in an hour as in the mean hour of the day before. Each issue has
/// an alert of its own, a [warning](Severity::Warning) by default.
///
/// An issue without events in the day before has no mean and does not alert: it is new, has regressed, or has more
/// events than an [`IssueEventsRule`](crate::IssueEventsRule) permits. The alert is over once the issue has at most
/// half as many events as the threshold.
///
/// # Example
///
/// ```
/// use monitor_kit::alert::EscalatingRule;
///
/// let rule = EscalatingRule::times(10.0).at_least(200).mute("22:00-06:00 Europe/Berlin");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct EscalatingRule {
    settings: Settings,
    factor: f64,
    at_least: u64,
}

impl EscalatingRule {
    /// Creates a rule that alerts above this multiple of the mean hour.
    pub fn times(factor: f64) -> Self {
        Self { settings: Settings::new(NAME, Severity::Warning), factor, at_least: 50 }
    }

    setters!("escalating");

    /// Sets the number of events in the hour below which the rule does not alert. Defaults to 50.
    pub fn at_least(mut self, events: u64) -> Self {
        self.at_least = events;
        self
    }

    fn state(&self, events: u64, before: u64) -> State {
        let threshold = self.factor * mean(before);
        match events as f64 {
            _ if before == 0 => State::Over,
            events if events > threshold && events >= self.at_least as f64 => State::Met,
            events if events > threshold / 2.0 => State::Between,
            _ => State::Over,
        }
    }

    /// Returns the events of each issue in the last hour and in the day before.
    fn both(readings: &dyn Readings) -> Vec<(Fingerprint, u64, u64)> {
        let all: BTreeMap<_, _> = readings.events(HOUR + DAY).into_iter().collect();
        let recent = readings.events(HOUR).into_iter();
        let before = |issue, events| all.get(&issue).map_or(0, |all: &u64| all.saturating_sub(events));
        recent.map(|(issue, events)| (issue, events, before(issue, events))).collect()
    }
}

impl Condition for EscalatingRule {
    common!();

    fn read(&self, readings: &dyn Readings) -> Vec<(Group, State)> {
        let state = |(issue, events, before)| (Group::Issue(issue), self.state(events, before));
        Self::both(readings).into_iter().map(state).collect()
    }

    fn title(&self, group: &Group, readings: &dyn Readings) -> String {
        let issue = group.fingerprint().and_then(|fingerprint| readings.issue(fingerprint));
        let name = issue.as_ref().map(IssueFact::name).unwrap_or_default();
        format!("More than {} × the usual events: {name}", self.factor)
    }

    fn facts(&self, group: &Group, readings: &dyn Readings) -> Vec<(String, String)> {
        let both = Self::both(readings).into_iter().find(|(issue, ..)| Some(*issue) == group.fingerprint());
        let (events, before) = both.map_or((0, 0), |(_, events, before)| (events, before));
        let mut facts = vec![
            text::fact("events", format!("{events} in 1 hour")),
            text::fact("before", format!("{:.1} per hour", mean(before))),
        ];
        let issue = group.fingerprint().and_then(|fingerprint| readings.issue(fingerprint));
        facts.extend(issue.iter().flat_map(IssueFact::facts));
        facts
    }

    fn view(&self, slot: Duration) -> RuleView {
        RuleView::of_span(HOUR, slot)
    }

    fn check(&self) -> Result<(), String> {
        self.settings.check()?;
        // Written so that NaN is refused as well.
        if !(self.factor > 1.0 && self.factor <= 10_000.0) {
            return Err(format!("{} × the usual events is no escalation: use more than 1, such as 10", self.factor));
        }
        Ok(())
    }
}

/// Returns the events in the mean hour of a day.
fn mean(events: u64) -> f64 {
    events as f64 / 24.0
}

const NAME: &str = "escalating";
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::readings::FixedReadings;

    fn readings(events: u64, before: u64) -> FixedReadings {
        let issue = Fingerprint::parse(&format!("v1-{:032x}", 1)).expect("a fingerprint");
        let spans = vec![(HOUR, vec![(issue, events)]), (HOUR + DAY, vec![(issue, events + before)])];
        FixedReadings { events_by_span: spans, ..FixedReadings::default() }
    }

    #[test]
    fn an_issue_is_compared_with_its_mean_hour() {
        // 240 events in a day are 10 in the mean hour.
        let rule = EscalatingRule::times(10.0).at_least(50);
        let state = |events, before| rule.read(&readings(events, before))[0].1;
        assert_eq!((state(101, 240), state(100, 240)), (State::Met, State::Between));
        assert_eq!((state(51, 240), state(50, 240)), (State::Between, State::Over));
        assert_eq!((state(50, 24), state(49, 24)), (State::Met, State::Between), "too few events");
        assert_eq!(state(1_000, 0), State::Over, "it has no mean");
    }

    #[test]
    fn an_alert_shows_both_numbers() {
        let group = EscalatingRule::times(10.0).read(&readings(101, 240)).remove(0).0;
        let facts = EscalatingRule::times(10.0).facts(&group, &readings(101, 240));
        assert_eq!((facts[0].1.as_str(), facts[1].1.as_str()), ("101 in 1 hour", "10.0 per hour"));
    }

    #[test]
    fn a_bad_setting_is_refused_with_what_to_change() {
        for factor in [1.0, 0.0, f64::NAN, f64::INFINITY] {
            let refused = EscalatingRule::times(factor).check().expect_err("must be refused");
            assert!(refused.contains("use more than 1"), "{refused}");
        }
        let refused = EscalatingRule::times(2.0).mute("night").check().expect_err("must be refused");
        assert!(refused.contains("is no mute window"), "{refused}");
        assert_eq!(EscalatingRule::times(2.0).mute("22:00-06:00").check(), Ok(()));
    }
}
