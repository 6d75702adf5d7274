//! The rule that alerts on slow requests.

use std::time::Duration;

use monitor_core::traffic::{Lookback, WindowCounts};

use super::{
    condition::{Condition, Group, State},
    error_ratio::{check_window, length},
    readings::Readings,
    scope::Scope,
    settings::{Settings, common, setters},
    text,
    view::RuleView,
};
use crate::alert::Severity;

/// Alerts when a quantile of the durations of requests, by default the 95 % that are fastest, is above a threshold.
/// Evaluated every second, over all routes or for each one. The alert is a [warning](Severity::Warning) by default.
///
/// Durations are known by their [buckets](monitor_core::names::DURATION_BOUNDS), and interpolated within one. The alert
/// is over once the quantile is below nine tenths of the threshold.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use monitor_kit::{alert::DurationRule, traffic::Lookback};
///
/// let slow = Duration::from_millis(500);
/// let rule = DurationRule::p95_above(slow).within(Lookback::Minutes(5)).at_least(100).per_route();
/// let tail = DurationRule::p95_above(Duration::from_secs(2)).quantile(0.99).name("p99");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct DurationRule {
    settings: Settings,
    above: Duration,
    quantile: f64,
    within: Lookback,
    at_least: u64,
    scope: Scope,
}

impl DurationRule {
    /// Creates a rule that alerts when over 5 % of the requests take longer than this.
    pub fn p95_above(threshold: Duration) -> Self {
        Self {
            settings: Settings::new(NAME, Severity::Warning),
            above: threshold,
            quantile: 0.95,
            within: Lookback::Minutes(5),
            at_least: 10,
            scope: Scope::Service,
        }
    }

    setters!("slow");

    /// Sets the share of the requests that must be faster, between 0 and 1. Defaults to 0.95.
    pub fn quantile(mut self, share: f64) -> Self {
        self.quantile = share;
        self
    }

    /// Sets the window. Defaults to the last 5 minutes.
    pub fn within(mut self, window: Lookback) -> Self {
        self.within = window;
        self
    }

    /// Sets the number of requests in the window below which the rule does not alert. Defaults to 10.
    pub fn at_least(mut self, requests: u64) -> Self {
        self.at_least = requests;
        self
    }

    /// Evaluates each method and route by itself, with an alert of its own. Defaults to all routes together.
    pub fn per_route(mut self) -> Self {
        self.scope = Scope::EachRoute;
        self
    }

    /// Returns whether it counts all routes together.
    pub(crate) fn is_of_service(&self) -> bool {
        self.scope == Scope::Service
    }

    fn state(&self, counts: &WindowCounts) -> State {
        let above = self.above.as_secs_f64();
        match counts.quantile(self.quantile).filter(|_| counts.count >= self.at_least) {
            Some(seconds) if seconds > above => State::Met,
            Some(seconds) if seconds > above * LOWER => State::Between,
            _ => State::Over,
        }
    }
}

impl Condition for DurationRule {
    common!();

    fn read(&self, readings: &dyn Readings) -> Vec<(Group, State)> {
        self.scope.states(&readings.window(self.within), |counts| self.state(counts))
    }

    fn title(&self, group: &Group, _: &dyn Readings) -> String {
        let percent = text::percent(self.quantile);
        group.title(format!("p{percent} above {}", text::duration(self.above.as_secs_f64())))
    }

    fn facts(&self, group: &Group, readings: &dyn Readings) -> Vec<(String, String)> {
        let counts = group.counts(&readings.window(self.within));
        let quantile = counts.quantile(self.quantile).map_or_else(|| "none".to_owned(), text::duration);
        let name = format!("p{}", text::percent(self.quantile));
        let facts = vec![
            text::fact(&name, quantile),
            text::fact("requests", counts.count.to_string()),
            text::fact("window", text::window(self.within)),
        ];
        group.with_route(facts)
    }

    fn view(&self, slot: Duration) -> RuleView {
        RuleView::of_window(length(self.within), slot)
    }

    fn check(&self) -> Result<(), String> {
        let Self { settings, above, quantile, at_least, .. } = self;
        settings.check()?;
        if above.is_zero() || *above >= MAX_DURATION {
            return Err(format!(
                "durations above {above:?} cannot alert: use more than 0 and less than {MAX_DURATION:?}, the highest \
                 bound of a bucket"
            ));
        }
        // Written so that NaN is refused as well.
        if !(*quantile > 0.0 && *quantile < 1.0) {
            return Err(format!("`quantile({quantile})` is none: use one between 0 and 1, such as 0.95"));
        }
        if *at_least == 0 {
            return Err(String::from("`at_least(0)` has no quantile: use 1 or more requests"));
        }
        check_window(self.within)
    }
}

const NAME: &str = "slow";
/// Share of the threshold below which an alert is over.
const LOWER: f64 = 0.9;
/// Longer durations are in one bucket.
const MAX_DURATION: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::readings::{FixedReadings, counts};

    /// Returns counts of requests that take up to 100 ms, and of some between 0.5 and 0.75 s.
    fn durations(fast: u64, slow: u64) -> WindowCounts {
        let mut counts = counts(fast + slow, 0);
        (counts.durations[5], counts.durations[8]) = (fast, slow);
        counts
    }

    #[test]
    fn a_quantile_above_the_threshold_alerts_if_there_are_enough_requests() {
        let rule = DurationRule::p95_above(Duration::from_millis(300));
        let states = [(94, 6), (96, 4), (0, 9), (0, 0)].map(|(fast, slow)| rule.state(&durations(fast, slow)));
        assert_eq!(states, [State::Met, State::Over, State::Over, State::Over]);
        let near = DurationRule::p95_above(Duration::from_millis(100));
        assert_eq!(near.state(&durations(96, 4)), State::Between);
    }

    #[test]
    fn an_alert_shows_the_quantile_and_its_route() {
        let mut readings = FixedReadings::default();
        readings.window.routes.insert("GET /a".to_owned(), durations(0, 100));
        let rule = DurationRule::p95_above(Duration::from_millis(300)).per_route();
        let group = Group::Route("GET /a".to_owned());
        assert_eq!(rule.read(&readings), [(group.clone(), State::Met)]);
        assert_eq!(rule.title(&group, &readings), "p95 above 300 ms: GET /a");
        let facts = rule.facts(&group, &readings);
        assert_eq!((facts[0].1.as_str(), facts[3].1.as_str()), ("738 ms", "GET /a"));
    }

    #[test]
    fn a_bad_setting_is_refused_with_what_to_change() {
        let rule = DurationRule::p95_above(Duration::from_millis(300));
        let refused = |rule: DurationRule| rule.check().expect_err("must be refused");
        assert!(refused(DurationRule::p95_above(Duration::ZERO)).contains("use more than 0"));
        assert!(refused(DurationRule::p95_above(Duration::from_secs(10))).contains("less than 10s"));
        assert!(refused(rule.clone().quantile(95.0)).contains("such as 0.95"));
        assert!(refused(rule.clone().quantile(f64::NAN)).contains("such as 0.95"));
        assert!(refused(rule.clone().at_least(0)).contains("use 1 or more"));
        assert_eq!(rule.check(), Ok(()));
    }
}
