//! The rule that alerts on an issue with many events.

use std::time::Duration;

use monitor_core::Fingerprint;

use super::{
    condition::{Condition, Group, State},
    readings::Readings,
    settings::{Settings, common, setters},
    text,
    view::RuleView,
};
use crate::{alert::Severity, fact::IssueFact};

/// Alerts when an issue has more events than a threshold within a while. Each issue has an alert of its own, a
/// [warning](Severity::Warning) by default.
///
/// The alert is over once the issue has at most half as many events, so that a number around the threshold does not
/// alert again and again. Events are counted by the [history](monitor_core::History), over restarts and in all
/// processes that have used the store.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use monitor_kit::alert::{IssueEventsRule, Severity};
///
/// let rule = IssueEventsRule::more_than(1_000)
///     .within(Duration::from_secs(15 * 60))
///     .name("flood")
///     .severity(Severity::Critical);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct IssueEventsRule {
    settings: Settings,
    more_than: u64,
    within: Duration,
}

impl IssueEventsRule {
    /// Creates a rule with this threshold.
    pub fn more_than(events: u64) -> Self {
        Self { settings: Settings::new(NAME, Severity::Warning), more_than: events, within: HOUR }
    }

    /// Sets the time within which events are counted, in whole minutes and the current one. Defaults to an hour.
    pub fn within(mut self, span: Duration) -> Self {
        self.within = span;
        self
    }

    setters!("issue-events");

    fn events(&self, fingerprint: Option<Fingerprint>, readings: &dyn Readings) -> u64 {
        let all = readings.events(self.within).into_iter();
        all.filter(|(issue, _)| Some(*issue) == fingerprint).map(|(_, events)| events).sum()
    }

    fn state(&self, events: u64) -> State {
        match events {
            events if events > self.more_than => State::Met,
            events if events > self.more_than / 2 => State::Between,
            _ => State::Over,
        }
    }
}

impl Condition for IssueEventsRule {
    common!();

    fn read(&self, readings: &dyn Readings) -> Vec<(Group, State)> {
        let state = |(issue, events)| (Group::Issue(issue), self.state(events));
        readings.events(self.within).into_iter().map(state).collect()
    }

    fn title(&self, group: &Group, readings: &dyn Readings) -> String {
        let issue = group.fingerprint().and_then(|fingerprint| readings.issue(fingerprint));
        let name = issue.as_ref().map(IssueFact::name).unwrap_or_default();
        format!("More than {} events in {}: {name}", self.more_than, text::span(self.within))
    }

    fn facts(&self, group: &Group, readings: &dyn Readings) -> Vec<(String, String)> {
        let events = self.events(group.fingerprint(), readings);
        let mut facts = vec![text::fact("events", format!("{events} in {}", text::span(self.within)))];
        let issue = group.fingerprint().and_then(|fingerprint| readings.issue(fingerprint));
        facts.extend(issue.iter().flat_map(IssueFact::facts));
        facts
    }

    fn view(&self, slot: Duration) -> RuleView {
        RuleView::of_span(self.within, slot)
    }

    fn check(&self) -> Result<(), String> {
        self.settings.check()?;
        if self.more_than == 0 {
            return Err(String::from(
                "`more_than(0)` alerts on every issue, as `IssueRule` does: use 1 or more events",
            ));
        }
        if !(MINUTE..=MAX_SPAN).contains(&self.within) {
            return Err(format!("events cannot be counted within {:?}: use a minute to 48 hours", self.within));
        }
        Ok(())
    }
}

pub(crate) const NAME: &str = "issue-events";
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
/// The time for which the history has minutes.
const MAX_SPAN: Duration = Duration::from_secs(48 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::readings::FixedReadings;

    fn fingerprint(number: u64) -> Fingerprint {
        Fingerprint::parse(&format!("v1-{number:032x}")).expect("a fingerprint")
    }

    #[test]
    fn each_issue_has_a_state_of_its_own() {
        let events = [(1, 101), (2, 100), (3, 51), (4, 50)].map(|(issue, events)| (fingerprint(issue), events));
        let readings = FixedReadings { events: events.into(), ..FixedReadings::default() };
        let states: Vec<_> = IssueEventsRule::more_than(100).read(&readings).into_iter().map(|read| read.1).collect();
        assert_eq!(states, [State::Met, State::Between, State::Between, State::Over]);
    }

    #[test]
    fn an_alert_names_the_number_of_events() {
        let readings = FixedReadings { events: vec![(fingerprint(1), 7)], ..FixedReadings::default() };
        let rule = IssueEventsRule::more_than(5).within(Duration::from_secs(15 * 60));
        let facts = rule.facts(&Group::Issue(fingerprint(1)), &readings);
        assert_eq!(facts, [("events".to_owned(), "7 in 15 minutes".to_owned())]);
        let title = rule.title(&Group::Issue(fingerprint(1)), &readings);
        assert!(title.starts_with("More than 5 events in 15 minutes: "), "{title}");
    }

    #[test]
    fn a_bad_setting_is_refused_with_what_to_change() {
        let refused = |rule: IssueEventsRule| rule.check().expect_err("must be refused");
        assert!(refused(IssueEventsRule::more_than(0)).contains("use 1 or more"));
        let rule = IssueEventsRule::more_than(1);
        for span in [Duration::ZERO, Duration::from_secs(59), Duration::from_secs(49 * 60 * 60)] {
            assert!(refused(rule.clone().within(span)).contains("use a minute to 48 hours"));
        }
        assert!(refused(rule.clone().name("A b")).contains("use lower-case letters"));
        assert_eq!(rule.check(), Ok(()));
    }
}
