//! The rule that alerts on the ratio of failed requests.

use std::time::Duration;

use monitor_core::traffic::{Lookback, WindowCounts};

use super::{
    condition::{Condition, Reading, Readings, State},
    text,
};

/// Alerts when the ratio of failed requests is above a threshold. Evaluated every second, over all routes. The alert is
/// [critical](crate::Severity::Critical).
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
#[derive(Clone, Debug)]
#[must_use]
pub struct ErrorRatioRule {
    name: String,
    above: f64,
    within: Lookback,
    at_least: u64,
    lasting: Duration,
    resolve_below: Option<f64>,
    resolve_after: Duration,
}

impl ErrorRatioRule {
    /// Creates a rule with this threshold, between 0 and 1: `0.05` is 5 %.
    pub fn above(ratio: f64) -> Self {
        Self {
            name: String::from("error-ratio"),
            above: ratio,
            within: Lookback::Seconds(60),
            at_least: 10,
            lasting: Duration::ZERO,
            resolve_below: None,
            resolve_after: Duration::from_secs(60),
        }
    }

    /// Sets the name, which tells rules of one program apart: lower-case letters, digits and `-`. A rule whose name is
    /// changed resolves the alert of its old name. Defaults to `error-ratio`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
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

    /// Sets the time for which the ratio must be above the threshold before the rule alerts. Defaults to 0: it alerts
    /// at once.
    pub fn lasting(mut self, time: Duration) -> Self {
        self.lasting = time;
        self
    }

    /// Sets the ratio below which the alert is over. Defaults to half of the threshold.
    pub fn resolve_below(mut self, ratio: f64) -> Self {
        self.resolve_below = Some(ratio);
        self
    }

    /// Sets the time for which the ratio must stay below before the alert is over. Defaults to 60 seconds.
    pub fn resolve_after(mut self, time: Duration) -> Self {
        self.resolve_after = time;
        self
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let Self { name, above, at_least, .. } = self;
        let lower = self.lower();
        let is_of_name = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if name.is_empty() || !name.bytes().all(is_of_name) {
            return Err(format!("`{name}` is no name of an alert rule: use lower-case letters, digits and `-`"));
        }
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

    fn state(&self, counts: &WindowCounts) -> State {
        match counts.error_ratio().filter(|_| counts.count >= self.at_least) {
            Some(ratio) if ratio > self.above => State::Met,
            Some(ratio) if ratio >= self.lower() => State::Between,
            _ => State::Over,
        }
    }

    fn lower(&self) -> f64 {
        self.resolve_below.unwrap_or(self.above / 2.0)
    }
}

impl Condition for ErrorRatioRule {
    fn name(&self) -> &str {
        &self.name
    }

    fn title(&self) -> String {
        format!("Error ratio above {} %", text::percent(self.above))
    }

    fn lasting(&self) -> Duration {
        self.lasting
    }

    fn resolve_after(&self) -> Duration {
        self.resolve_after
    }

    fn read(&self, readings: &dyn Readings) -> Reading {
        let counts = readings.window(self.within);
        let failed = format!("{} of {} requests", counts.failed, counts.count);
        let facts = vec![text::fact("failed", failed), text::fact("window", text::window(self.within))];
        Reading { state: self.state(&counts), facts }
    }
}

fn check_window(window: Lookback) -> Result<(), String> {
    match window {
        Lookback::Seconds(1..=60) | Lookback::Minutes(1..=60) => Ok(()),
        _ => Err(format!("`{window:?}` is no window of an alert rule: use 1 to 60 seconds, or 1 to 60 minutes")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::condition::counts;

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
}
