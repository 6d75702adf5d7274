//! Alerts that test the notifiers.

use monitor_core::clock;

use super::{Change, Engine};
use crate::{
    alert::{Alert, Severity},
    delivery_test,
    rule::text::{fact, span},
    time::Now,
    weekly_test::{self, ACKNOWLEDGE_WITHIN},
};

impl Engine {
    /// Returns the alert by which a program tests its notifiers. It is part of no record.
    pub(crate) fn test_alert(&self, now: Now) -> Alert {
        let facts = vec![fact("test", "requested by the program, and resolved at once".to_owned())];
        self.alert_of(delivery_test::RULE, "Test alert: nothing is wrong".to_owned(), facts, now)
    }

    /// Begins and ends the weekly test alert. `is_acknowledged` returns whether an alert is.
    pub(crate) fn test_weekly(&mut self, is_acknowledged: impl Fn(&str) -> bool, now: Now) -> Vec<Change> {
        let Some(test) = &mut self.weekly_test else { return Vec::new() };
        let (is_due, schedule) = (test.is_due(now.wall), test.schedule().as_str().to_owned());
        let (key, mut changes) = (self.source.key(weekly_test::RULE), Vec::new());
        if let Some(sent) = self.records.beginning(&key).map(|change| change.alert.at) {
            let age = now.wall.duration_since(sent).unwrap_or_default();
            if is_acknowledged(&key) {
                changes.extend(self.end_weekly_test(&key, now));
            } else if is_due || age >= ACKNOWLEDGE_WITHIN {
                changes.extend(self.records.resolve(&key, now, |_| ()));
                changes.extend(self.records.fire(self.missed(&clock::rfc3339(sent), now)));
            }
        }
        if is_due {
            let facts = vec![
                fact("test", format!("sent every week, {schedule}")),
                fact("acknowledge", format!("within {}, or a warning follows", span(ACKNOWLEDGE_WITHIN))),
            ];
            let title = "Weekly test alert: please acknowledge, nothing is wrong".to_owned();
            changes.extend(self.records.fire(self.alert_of(weekly_test::RULE, title, facts, now)));
        }
        changes
    }

    /// Ends the weekly test alert, or the warning about one, if this is its key. The end of the test ends the warning,
    /// too. Called when it is acknowledged.
    pub(crate) fn end_weekly_test(&mut self, key: &str, now: Now) -> Vec<Change> {
        let [test, missed] = [weekly_test::RULE, weekly_test::MISSED_RULE].map(|rule| self.source.key(rule));
        let ended = if key == test { vec![test, missed] } else { vec![missed] };
        if !ended.iter().any(|ended| ended == key) {
            return Vec::new();
        }
        ended.into_iter().filter_map(|key| self.records.resolve(&key, now, |_| ())).collect()
    }

    fn missed(&self, sent: &str, now: Now) -> Alert {
        let title = format!("The weekly test alert was not acknowledged within {}", span(ACKNOWLEDGE_WITHIN));
        self.alert_of(weekly_test::MISSED_RULE, title, vec![fact("sent", sent.to_owned())], now)
    }

    fn alert_of(&self, rule: &str, title: String, facts: Vec<(String, String)>, now: Now) -> Alert {
        let alert = self.source.alert(self.source.key(rule), now);
        Alert { rule: rule.to_owned(), severity: Severity::Warning, title, facts, ..alert }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::{
        alert::Transition,
        engine::Source,
        weekly_test::{Schedule, WeeklyTest},
    };

    /// Returns an engine that tests on Thursdays, as the first day of the Unix epoch was one.
    fn engine() -> Engine {
        let [service, environment, release] = ["shop", "production", "1.2"].map(String::from);
        let source = Source { service, environment, release, switch_command: None };
        Engine::new(source, Vec::new(), Schedule::parse("Thu 10:00").ok().map(WeeklyTest::new))
    }

    fn now(day: u64, hour: u64) -> Now {
        let steady = Duration::from_secs((day * 24 + hour) * 60 * 60);
        Now { steady, wall: SystemTime::UNIX_EPOCH + steady }
    }

    fn shown(changes: &[Change]) -> String {
        let shown = changes.iter().map(|change| {
            let sign = if change.transition == Transition::Triggered { '+' } else { '-' };
            format!("{sign}{}", change.alert.rule)
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn an_acknowledged_test_is_over_and_any_other_is_missed_after_a_day() {
        let mut engine = engine();
        let mut at = |day, hour| shown(&engine.test_weekly(|_| false, now(day, hour)));
        assert_eq!([at(7, 9), at(7, 10), at(7, 11), at(8, 9)], ["", "+weekly-test", "", ""]);
        assert_eq!([at(8, 10), at(8, 11), at(14, 10)], ["-weekly-test +weekly-test-missed", "", "+weekly-test"]);
        let ended = engine.end_weekly_test("shop/production/weekly-test", now(14, 12));
        assert_eq!(shown(&ended), "-weekly-test -weekly-test-missed");
        let mut at = |day, hour| shown(&engine.test_weekly(|_| false, now(day, hour)));
        assert_eq!([at(15, 12), at(21, 10)], ["", "+weekly-test"]);
    }

    #[test]
    fn the_warning_about_a_missed_test_can_be_acknowledged_and_leaves_the_test() {
        let mut engine = engine();
        for day in [0, 7, 8, 14] {
            engine.test_weekly(|_| false, now(day, 11));
        }
        let ended = engine.end_weekly_test("shop/production/weekly-test-missed", now(14, 12));
        assert_eq!(shown(&ended), "-weekly-test-missed");
        assert!(engine.end_weekly_test("shop/production/error-ratio", now(14, 12)).is_empty());
        assert_eq!(engine.active().count(), 1);
    }

    #[test]
    fn a_test_that_another_process_saw_acknowledged_is_over() {
        let mut engine = engine();
        engine.test_weekly(|_| false, now(0, 11));
        let begun = engine.test_weekly(|_| false, now(7, 11));
        let Alert { severity, facts, .. } = &*begun[0].alert;
        assert_eq!(*severity, Severity::Warning, "it is no page, and opens no incident");
        assert_eq!(facts[0].1, "sent every week, Thu 10:00");
        assert_eq!(shown(&engine.test_weekly(|key| key.ends_with("/weekly-test"), now(7, 12))), "-weekly-test");
    }
}
