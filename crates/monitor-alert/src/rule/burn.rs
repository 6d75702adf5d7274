//! The rule that alerts when a service uses up its error budget fast.

use std::time::Duration;

use monitor_core::traffic::WindowCounts;

use super::{
    condition::{Condition, Group, State},
    readings::Readings,
    settings::{Settings, common, setters},
    text,
    view::RuleView,
};
use crate::alert::Severity;

/// Alerts when failures use up the error budget of an objective much faster than it lasts: at 14.4 times that rate
/// within an hour and within the last 5 minutes, or at 6 times within 6 hours and within the last 30 minutes. These are
/// the two fast windows of the [SRE workbook](https://sre.google/workbook/alerting-on-slos/), chapter 5; slower ones
/// need the memory of a Prometheus. The alert is [critical](Severity::Critical) by default.
///
/// The short window lets the alert end soon after the failures. Requests are counted by the
/// [history](monitor_core::History), over restarts.
///
/// # Example
///
/// ```
/// use monitor_kit::alert::BurnRule;
///
/// let rule = BurnRule::objective(0.999).at_least(500);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct BurnRule {
    settings: Settings,
    objective: f64,
    at_least: u64,
}

/// Two windows, and the rate that both must exceed.
struct Pair {
    long: Duration,
    short: Duration,
    rate: f64,
}

impl BurnRule {
    /// Creates a rule for this objective, the share of requests that must succeed in the long run, such as 0.999.
    pub fn objective(share: f64) -> Self {
        Self { settings: Settings::new(NAME, Severity::Critical), objective: share, at_least: 100 }
    }

    setters!("burn");

    /// Sets the number of requests in the long window below which the rule does not alert. Defaults to 100.
    pub fn at_least(mut self, requests: u64) -> Self {
        self.at_least = requests;
        self
    }

    /// Returns how many times faster than its objective allows the service fails.
    fn rate(&self, counts: &WindowCounts) -> f64 {
        counts.error_ratio().unwrap_or_default() / (1.0 - self.objective)
    }

    fn is_met(&self, pair: &Pair, readings: &dyn Readings) -> bool {
        let long = readings.history(pair.long);
        let is_burning = |counts: &WindowCounts| self.rate(counts) > pair.rate;
        long.count >= self.at_least && is_burning(&long) && is_burning(&readings.history(pair.short))
    }
}

impl Condition for BurnRule {
    common!();

    fn read(&self, readings: &dyn Readings) -> Vec<(Group, State)> {
        let is_met = PAIRS.iter().any(|pair| self.is_met(pair, readings));
        vec![(Group::Service, if is_met { State::Met } else { State::Over })]
    }

    fn title(&self, _: &Group, _: &dyn Readings) -> String {
        format!("Error budget of {} % burns fast", text::percent(self.objective))
    }

    fn facts(&self, _: &Group, readings: &dyn Readings) -> Vec<(String, String)> {
        let spans = PAIRS.iter().flat_map(|pair| [pair.short, pair.long]);
        let fact = |span: Duration| {
            let counts = readings.history(span);
            let value = format!("{:.1} × ({} of {} requests failed)", self.rate(&counts), counts.failed, counts.count);
            text::fact(&format!("rate in {}", text::span(span)), value)
        };
        spans.map(fact).collect()
    }

    fn view(&self, slot: Duration) -> RuleView {
        let views =
            PAIRS.iter().map(|pair| RuleView::of_span(pair.short, slot).and(RuleView::of_span(pair.long, slot)));
        views.fold(RuleView::Whole, RuleView::and)
    }

    fn check(&self) -> Result<(), String> {
        self.settings.check()?;
        // Written so that NaN is refused as well.
        if !(self.objective >= 0.5 && self.objective < 1.0) {
            return Err(format!("an objective of {} has no budget to burn: use 0.5 to 0.9999", self.objective));
        }
        Ok(())
    }
}

const NAME: &str = "burn";
const MINUTE: u64 = 60;
const PAIRS: [Pair; 2] = [
    Pair { long: Duration::from_secs(60 * MINUTE), short: Duration::from_secs(5 * MINUTE), rate: 14.4 },
    Pair { long: Duration::from_secs(360 * MINUTE), short: Duration::from_secs(30 * MINUTE), rate: 6.0 },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::readings::FixedReadings;

    /// Returns the state after failures per 10,000 requests in 5 minutes, half an hour, an hour and 6 hours.
    fn state(failed: [u64; 4]) -> State {
        let spans = [5, 30, 60, 360].map(|minutes| Duration::from_secs(minutes * MINUTE));
        let readings = spans
            .into_iter()
            .zip(failed)
            .fold(FixedReadings::default(), |readings, (span, failed)| readings.history(span, 10_000, failed));
        BurnRule::objective(0.999).read(&readings)[0].1
    }

    #[test]
    fn both_windows_of_a_pair_must_burn() {
        assert_eq!(state([145, 0, 145, 0]), State::Met);
        assert_eq!(state([143, 0, 145, 0]), State::Over, "it has ended");
        assert_eq!(state([145, 0, 143, 0]), State::Over, "it has just begun");
        assert_eq!(state([0, 61, 0, 61]), State::Met);
        assert_eq!(state([0, 61, 0, 59]), State::Over);
    }

    #[test]
    fn few_requests_do_not_burn() {
        let readings = FixedReadings::default().history(Duration::from_secs(3600), 99, 99);
        assert_eq!(BurnRule::objective(0.999).read(&readings)[0].1, State::Over);
    }

    #[test]
    fn a_bad_setting_is_refused_with_what_to_change() {
        for objective in [0.0, 1.0, 99.9, f64::NAN] {
            let refused = BurnRule::objective(objective).check().expect_err("must be refused");
            assert!(refused.contains("use 0.5 to 0.9999"), "{refused}");
        }
        assert_eq!(BurnRule::objective(0.99).check(), Ok(()));
    }
}
