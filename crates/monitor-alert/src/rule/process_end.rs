//! The rule that alerts when the process before was killed.

use std::time::Duration;

use monitor_core::{LastEnd, ProcessHeartbeat, clock};

use super::{
    condition::{Condition, Group, State},
    readings::{Ended, Readings},
    settings::{Settings, common, setters},
    text,
    view::RuleView,
};
use crate::alert::Severity;

/// Alerts when the process before did not end by itself: it was killed, ran out of memory, or ended with its machine.
/// The alert is [critical](Severity::Critical) by default, and over after a quarter of an hour, or when a process has
/// ended by itself.
///
/// The end is recorded by the monitor's store: without one there is no alert. A process that was killed and is not
/// started again cannot alert.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use monitor_kit::alert::{ProcessEndRule, Severity};
///
/// let rule = ProcessEndRule::new().lasts(Duration::from_secs(60 * 60)).severity(Severity::Warning);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct ProcessEndRule {
    settings: Settings,
    lasts: Duration,
}

impl ProcessEndRule {
    /// Creates the rule.
    pub fn new() -> Self {
        let settings = Settings { resolve_after: Duration::ZERO, ..Settings::new(NAME, Severity::Critical) };
        Self { settings, lasts: Duration::from_secs(15 * 60) }
    }

    setters!("process-end");

    /// Sets the time after the start of the next process for which the alert lasts. Defaults to 15 minutes.
    pub fn lasts(mut self, time: Duration) -> Self {
        self.lasts = time;
        self
    }
}

impl Default for ProcessEndRule {
    fn default() -> Self {
        Self::new()
    }
}

impl Condition for ProcessEndRule {
    common!();

    fn read(&self, readings: &dyn Readings) -> Vec<(Group, State)> {
        let state = match readings.last_end() {
            Some(Ended { ended, since }) if is_unclean(ended.end) && since < self.lasts => State::Met,
            Some(_) => State::Over,
            // The store is not open yet.
            None => State::Between,
        };
        vec![(Group::Service, state)]
    }

    fn title(&self, _: &Group, readings: &dyn Readings) -> String {
        let end = readings.last_end().map_or(LastEnd::NotRecorded, |last| last.ended.end);
        let text = match end {
            LastEnd::OutOfMemory => "The process before ran out of memory",
            LastEnd::MachineRestarted => "The process before ended with its machine",
            _ => "The process before was killed",
        };
        text.to_owned()
    }

    fn facts(&self, _: &Group, readings: &dyn Readings) -> Vec<(String, String)> {
        let last = readings.last_end().and_then(|last| last.ended.last);
        last.as_ref().map(facts).unwrap_or_default()
    }

    fn view(&self, _: Duration) -> RuleView {
        RuleView::Missing("the history has no ends of processes")
    }

    fn check(&self) -> Result<(), String> {
        self.settings.check()
    }
}

fn is_unclean(end: LastEnd) -> bool {
    matches!(end, LastEnd::Killed | LastEnd::OutOfMemory | LastEnd::MachineRestarted)
}

fn facts(last: &ProcessHeartbeat) -> Vec<(String, String)> {
    let mut facts = vec![
        text::fact("release", last.release.clone()),
        text::fact("last heartbeat", clock::rfc3339(last.at)),
        text::fact("started", clock::rfc3339(last.started)),
    ];
    let busiest = last.in_flight.iter().take(MAX_ROUTES);
    let routes: Vec<_> = busiest.map(|route| format!("{} on {}", route.count, route.route)).collect();
    if !routes.is_empty() {
        facts.push(text::fact("in flight", routes.join(", ")));
    }
    facts
}

const NAME: &str = "process-end";
/// Number of routes that an alert lists.
const MAX_ROUTES: usize = 5;

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use monitor_core::ProcessEnded;

    use super::*;
    use crate::rule::readings::FixedReadings;

    fn readings(end: LastEnd, since: u64) -> FixedReadings {
        let last = ProcessHeartbeat::new("1.4.2", SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH);
        let ended = Ended { ended: ProcessEnded::new(end, last), since: Duration::from_secs(since) };
        FixedReadings { last_end: Some(ended), ..FixedReadings::default() }
    }

    fn state(end: LastEnd, since: u64) -> State {
        ProcessEndRule::new().read(&readings(end, since))[0].1
    }

    #[test]
    fn an_end_that_was_no_decision_alerts_for_a_while() {
        for end in [LastEnd::Killed, LastEnd::OutOfMemory, LastEnd::MachineRestarted] {
            assert_eq!(
                (state(end, 0), state(end, 899), state(end, 900)),
                (State::Met, State::Met, State::Over),
                "{end:?}"
            );
        }
        assert_eq!((state(LastEnd::ByItself, 0), state(LastEnd::NotRecorded, 0)), (State::Over, State::Over));
        assert_eq!(ProcessEndRule::new().read(&FixedReadings::default())[0].1, State::Between);
    }

    #[test]
    fn an_alert_says_how_the_process_ended_and_shows_its_release() {
        let readings = readings(LastEnd::OutOfMemory, 0);
        let title = ProcessEndRule::new().title(&Group::Service, &readings);
        assert_eq!(title, "The process before ran out of memory");
        assert_eq!(ProcessEndRule::new().facts(&Group::Service, &readings)[0].1, "1.4.2");
    }
}
