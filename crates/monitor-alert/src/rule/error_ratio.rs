//! The rule that alerts on the ratio of failed requests.

use std::time::Duration;

use monitor_core::traffic::{Lookback, WindowCounts};

use super::{
    condition::{Condition, Group, State},
    readings::Readings,
    scope::Scope,
    settings::{Settings, common, setters},
    text,
    view::RuleView,
};
use crate::alert::Severity;

/// Alerts when the ratio of failed requests is above a threshold. Evaluated every second, over all routes or for each
/// one. The alert is [critical](Severity::Critical) by default.
///
/// The alert is over once the ratio has been below a second, lower threshold for a while, so that a ratio around the
/// first one does not alert again and again. A window with too few requests never alerts; while the alert is active it
/// counts as one below the lower threshold.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use monitor_kit::{alert::ErrorRatioRule, traffic::Lookback};
///
/// let rule = ErrorRatioRule::above(0.02)
///     .name("slow-burn")
///     .within(Lookback::Minutes(30))
///     .at_least(200)
///     .lasting(Duration::from_secs(120))
///     .resolve_below(0.01)
///     .resolve_after(Duration::from_secs(300));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct ErrorRatioRule {
    settings: Settings,
    above: f64,
    within: Lookback,
    at_least: u64,
    resolve_below: Option<f64>,
    scope: Scope,
}

impl ErrorRatioRule {
    /// Creates a rule with this threshold, between 0 and 1: `0.05` is 5 %.
    pub fn above(ratio: f64) -> Self {
        Self {
            settings: Settings::new(NAME, Severity::Critical),
            above: ratio,
            within: Lookback::Seconds(60),
            at_least: 10,
            resolve_below: None,
            scope: Scope::Service,
        }
    }

    setters!("error-ratio");

    /// Evaluates each method and route by itself, with an alert of its own. Defaults to one ratio of all routes.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::alert::{ErrorRatioRule, Severity};
    ///
    /// let rule = ErrorRatioRule::above(0.5).per_route().name("route-errors").severity(Severity::Warning);
    /// ```
    pub fn per_route(mut self) -> Self {
        self.scope = Scope::EachRoute;
        self
    }

    /// Sets the window. Defaults to the last 60 seconds. [`Lookback::Minutes`] counts whole minutes and the current
    /// one: just after a minute has begun, `Minutes(1)` has almost no requests.
    pub fn within(mut self, window: Lookback) -> Self {
        self.within = window;
        self
    }

    /// Sets the number of requests in the window below which the rule does not alert. Defaults to 10.
    pub fn at_least(mut self, requests: u64) -> Self {
        self.at_least = requests;
        self
    }

    /// Sets the ratio below which the alert is over. Defaults to half of the threshold.
    pub fn resolve_below(mut self, ratio: f64) -> Self {
        self.resolve_below = Some(ratio);
        self
    }

    pub(crate) fn state(&self, counts: &WindowCounts) -> State {
        match counts.error_ratio().filter(|_| counts.count >= self.at_least) {
            Some(ratio) if ratio > self.above => State::Met,
            Some(ratio) if ratio >= self.lower() => State::Between,
            _ => State::Over,
        }
    }

    /// Returns whether it counts all routes together.
    pub(crate) fn is_of_service(&self) -> bool {
        self.scope == Scope::Service
    }

    /// Returns the window.
    pub(crate) fn window(&self) -> Lookback {
        self.within
    }

    /// Returns the length of the window.
    pub(crate) fn window_time(&self) -> Duration {
        length(self.within)
    }

    fn lower(&self) -> f64 {
        self.resolve_below.unwrap_or(self.above / 2.0)
    }
}

impl Condition for ErrorRatioRule {
    common!();

    fn read(&self, readings: &dyn Readings) -> Vec<(Group, State)> {
        self.scope.states(&readings.window(self.within), |counts| self.state(counts))
    }

    fn title(&self, group: &Group, _: &dyn Readings) -> String {
        group.title(format!("Error ratio above {} %", text::percent(self.above)))
    }

    fn facts(&self, group: &Group, readings: &dyn Readings) -> Vec<(String, String)> {
        let counts = group.counts(&readings.window(self.within));
        let failed = format!("{} of {} requests", counts.failed, counts.count);
        group.with_route(vec![text::fact("failed", failed), text::fact("window", text::window(self.within))])
    }

    fn view(&self, slot: Duration) -> RuleView {
        RuleView::of_window(self.window_time(), slot)
    }

    fn check(&self) -> Result<(), String> {
        let Self { settings, above, at_least, .. } = self;
        let lower = self.lower();
        settings.check()?;
        // Written so that NaN is refused as well.
        if !(*above > 0.0 && *above < 1.0) {
            return Err(format!("an error ratio above {above} cannot alert: use one between 0 and 1, such as 0.05"));
        }
        if !(lower > 0.0 && lower <= *above) {
            return Err(format!("`resolve_below({lower})` must be above 0 and at most the threshold, {above}"));
        }
        if *at_least == 0 {
            return Err(String::from("`at_least(0)` has no ratio: use 1 or more requests"));
        }
        check_window(self.within)
    }
}

const NAME: &str = "error-ratio";

/// Returns the length of a window.
pub(super) fn length(window: Lookback) -> Duration {
    match window {
        Lookback::Minutes(minutes) => Duration::from_secs(60 * u64::from(minutes)),
        Lookback::Seconds(seconds) => Duration::from_secs(u64::from(seconds)),
        _ => Duration::ZERO,
    }
}

/// Refuses a window that the traffic does not have.
pub(super) fn check_window(window: Lookback) -> Result<(), String> {
    match window {
        Lookback::Seconds(1..=60) | Lookback::Minutes(1..=60) => Ok(()),
        _ => Err(format!("`{window:?}` is no window of an alert rule: use 1 to 60 seconds, or 1 to 60 minutes")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::readings::{FixedReadings, counts};

    #[test]
    fn a_window_with_too_few_requests_never_alerts_and_ends_an_alert() {
        let rule = ErrorRatioRule::above(0.5);
        let states = [(10, 6), (10, 5), (9, 9), (0, 0)].map(|(count, failed)| rule.state(&counts(count, failed)));
        assert_eq!(states, [State::Met, State::Between, State::Over, State::Over]);
    }

    #[test]
    fn between_the_thresholds_an_alert_neither_begins_nor_ends() {
        let rule = ErrorRatioRule::above(0.5);
        let states = [30, 25, 24].map(|failed| rule.state(&counts(100, failed)));
        assert_eq!(states, [State::Between, State::Between, State::Over]);
        assert_eq!(rule.resolve_below(0.4).state(&counts(100, 39)), State::Over);
    }

    #[track_caller]
    fn refused(rule: &ErrorRatioRule, advice: &str) {
        let refused = rule.check().expect_err("must be refused");
        assert!(refused.contains(advice), "{refused}");
    }

    #[test]
    fn a_bad_setting_is_refused_with_what_to_change() {
        for ratio in [0.0, -0.5, 1.0, 5.0, f64::NAN, f64::INFINITY] {
            refused(&ErrorRatioRule::above(ratio), "use one between 0 and 1");
        }
        let rule = ErrorRatioRule::above(0.05);
        for ratio in [0.0, 0.06, f64::NAN] {
            refused(&rule.clone().resolve_below(ratio), "must be above 0 and at most the threshold, 0.05");
        }
        refused(&rule.clone().at_least(0), "use 1 or more");
        for window in [Lookback::Seconds(0), Lookback::Minutes(61)] {
            refused(&rule.clone().within(window), "use 1 to 60 seconds");
        }
        for name in ["", "Fast", "a/b", "a b"] {
            refused(&rule.clone().name(name), "use lower-case letters, digits and `-`");
        }
        assert_eq!(rule.resolve_below(0.05).check(), Ok(()));
    }

    #[test]
    fn each_route_can_have_a_ratio_of_its_own() {
        let readings = FixedReadings::total(200, 60).route("GET /a", 100, 60).route("GET /b", 100, 0);
        let read = ErrorRatioRule::above(0.5).per_route().read(&readings);
        let route = |name: &str| Group::Route(name.to_owned());
        assert_eq!(read, [(route("GET /a"), State::Met), (route("GET /b"), State::Over)]);
        let rule = ErrorRatioRule::above(0.5).per_route();
        assert_eq!(rule.title(&route("GET /a"), &readings), "Error ratio above 50 %: GET /a");
        assert_eq!(rule.facts(&route("GET /a"), &readings)[0].1, "60 of 100 requests");
        assert_eq!(rule.facts(&route("GET /gone"), &readings)[0].1, "0 of 0 requests");
    }
}
