//! The rule that alerts when there are no requests.

use std::time::Duration;

use monitor_core::traffic::Lookback;

use super::{
    condition::{Condition, Group, State},
    readings::Readings,
    settings::{Settings, common, setters},
    text,
    view::RuleView,
};
use crate::alert::Severity;

/// Alerts when no request has ended for some minutes, although there were enough in the minutes before. The alert is
/// [critical](Severity::Critical) by default, and over as soon as a request ends.
///
/// A process that has just started has had no requests, and does not alert. If the whole process is gone, it cannot
/// alert either.
///
/// # Example
///
/// ```
/// use monitor_kit::alert::SilenceRule;
///
/// let rule = SilenceRule::minutes(10).after(50).name("no-orders");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct SilenceRule {
    settings: Settings,
    minutes: u8,
    after: u64,
}

impl SilenceRule {
    /// Creates a rule that alerts after this many minutes without a request, from 1 to 30.
    pub fn minutes(minutes: u8) -> Self {
        let settings = Settings { resolve_after: Duration::ZERO, ..Settings::new(NAME, Severity::Critical) };
        Self { settings, minutes, after: 10 }
    }

    setters!("silence");

    /// Sets the number of requests in the same number of minutes before, below which the rule does not alert. Defaults
    /// to 10.
    pub fn after(mut self, requests: u64) -> Self {
        self.after = requests;
        self
    }
}

impl Condition for SilenceRule {
    common!();

    fn read(&self, readings: &dyn Readings) -> Vec<(Group, State)> {
        let count = |minutes| readings.window(Lookback::Minutes(minutes)).total.count;
        let state = match (count(self.minutes), count(self.minutes.saturating_mul(2))) {
            (0, before) if before >= self.after => State::Met,
            // The minutes before are silent, too: an alert goes on, and none begins.
            (0, _) => State::Between,
            _ => State::Over,
        };
        vec![(Group::Service, state)]
    }

    fn title(&self, _: &Group, _: &dyn Readings) -> String {
        format!("No request for {}", text::window(Lookback::Minutes(self.minutes)))
    }

    fn facts(&self, _: &Group, readings: &dyn Readings) -> Vec<(String, String)> {
        let window = Lookback::Minutes(self.minutes.saturating_mul(2));
        let count = readings.window(window).total.count;
        vec![text::fact("requests", format!("{count} in the last {}", text::window(window)))]
    }

    fn view(&self, slot: Duration) -> RuleView {
        let silence = Duration::from_secs(60 * u64::from(self.minutes));
        if slot > silence {
            return RuleView::Missing("its minutes without requests, and those before, are in one slot");
        }
        RuleView::of_window(silence, slot)
    }

    fn check(&self) -> Result<(), String> {
        self.settings.check()?;
        if !(1..=30).contains(&self.minutes) {
            return Err(format!("`SilenceRule::minutes({})` cannot be read: use 1 to 30 minutes", self.minutes));
        }
        if self.after == 0 {
            return Err(String::from("`after(0)` alerts in a service that has no requests: use 1 or more"));
        }
        Ok(())
    }
}

const NAME: &str = "silence";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::readings::FixedReadings;

    fn state(now: u64, with_before: u64) -> State {
        let readings =
            FixedReadings::default().recent(Lookback::Minutes(5), now).recent(Lookback::Minutes(10), with_before);
        SilenceRule::minutes(5).read(&readings)[0].1
    }

    #[test]
    fn silence_after_requests_alerts_until_there_is_a_request() {
        assert_eq!(state(0, 10), State::Met);
        assert_eq!(state(0, 9), State::Between, "too few before");
        assert_eq!(state(0, 0), State::Between, "it lasts");
        assert_eq!(state(1, 1), State::Over);
    }

    #[test]
    fn a_bad_setting_is_refused_with_what_to_change() {
        let refused = |rule: SilenceRule| rule.check().expect_err("must be refused");
        assert!(refused(SilenceRule::minutes(0)).contains("use 1 to 30"));
        assert!(refused(SilenceRule::minutes(31)).contains("use 1 to 30"));
        assert!(refused(SilenceRule::minutes(5).after(0)).contains("use 1 or more"));
        assert_eq!(SilenceRule::minutes(30).check(), Ok(()));
    }
}
