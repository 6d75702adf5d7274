//! Routes that are disabled by an alert.

use std::{sync::Arc, time::Duration};

use monitor_core::{DisableRoute, KnownMethod, Monitor};

use crate::{
    alert::Alert,
    rule::{Rule, error_ratio::ErrorRatioRule, readings::Readings},
};

/// Disables a route when an alert on its error ratio begins. Off by default; turned on by
/// [`Alerts::auto_disable`](crate::Alerts::auto_disable).
///
/// A client that can make requests fail can have a route disabled for all clients. Use it only for routes that can be
/// missed, and [protect](monitor_core::MonitorBuilder::protected_routes) all others.
///
/// - One route at a time: while a route is disabled by an alert, no other is.
/// - Only a route with [enough requests](Self::at_least) in the window of the rule.
/// - Never a protected route.
/// - For [a limited time](Self::expires_in). If requests fail afterwards, the alert begins anew, and the route is
///   disabled again.
///
/// The order has the actor `alert rule <name>` and the title of the alert as its reason, in the signal, in the log and
/// in the incident. A route that is not disabled for one of these reasons is a line in the log.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use monitor_kit::alert::{Alerts, AutoDisable, ErrorRatioRule, IssueRule, Slack};
///
/// let failing = ErrorRatioRule::above(0.5).per_route().name("failing-route");
/// let alerts = Alerts::to(Slack::new("https://hooks.slack.com/services/T000/B000/XXXX")?)
///     .rules([IssueRule::new().into(), failing.into()])
///     .auto_disable(AutoDisable::by("failing-route").at_least(200).expires_in(Duration::from_secs(300)));
/// # Ok::<(), monitor_kit::alert::NotifierError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct AutoDisable {
    rule: String,
    at_least: u64,
    expires_in: Duration,
}

/// The routes that are disabled by the alerts of a rule.
#[derive(Clone, Debug)]
pub(crate) struct AutoSwitch {
    rule: ErrorRatioRule,
    settings: AutoDisable,
    actor: String,
}

impl AutoDisable {
    /// Disables the routes for which the [rule](ErrorRatioRule::per_route) with this name begins an alert. Building the
    /// monitor fails if there is no such rule.
    pub fn by(rule: impl Into<String>) -> Self {
        Self { rule: rule.into(), at_least: 100, expires_in: Duration::from_secs(10 * 60) }
    }

    /// Sets the number of requests of the route in the window of the rule below which it is not disabled. Defaults to
    /// 100.
    pub fn at_least(mut self, requests: u64) -> Self {
        self.at_least = requests;
        self
    }

    /// Sets the time after which the route is enabled again, at most a day. Defaults to 10 minutes.
    pub fn expires_in(mut self, time: Duration) -> Self {
        self.expires_in = time;
        self
    }

    /// Finds the rule.
    ///
    /// # Errors
    ///
    /// Returns a sentence that says what to change.
    pub(crate) fn with_rules(self, rules: &[Rule]) -> Result<AutoSwitch, String> {
        let name = &self.rule;
        let by_name = rules.iter().find(|rule| rule.name() == name);
        let rule = match by_name {
            Some(Rule::ErrorRatio(rule)) if !rule.is_of_service() => rule.clone(),
            Some(_) => {
                return Err(format!("the rule `{name}` disables no route: use an `ErrorRatioRule` with `per_route()`"));
            }
            None => return Err(format!("routes are disabled by the rule `{name}`, which does not exist: add it")),
        };
        if self.expires_in.is_zero() || self.expires_in > MAX_TIME {
            return Err(String::from("a route can be disabled by a rule for 1 second to 1 day: change `expires_in`"));
        }
        let actor = format!("alert rule {name}");
        Ok(AutoSwitch { rule, settings: self, actor })
    }
}

impl AutoSwitch {
    /// Disables the route of an alert that has just begun.
    pub(crate) fn disable(&self, begun: &[Arc<Alert>], readings: &dyn Readings, monitor: &Monitor) {
        for alert in begun.iter().filter(|alert| alert.rule == self.settings.rule) {
            let Some((_, name)) = alert.facts.iter().find(|(fact, _)| fact == "route") else { continue };
            let result = self.try_disable(name, alert, readings, monitor);
            if let Err(reason) = result {
                tracing::warn!(
                    target: "monitor",
                    route = name,
                    rule = self.settings.rule,
                    reason,
                    "a route is not disabled by the rule"
                );
            }
        }
    }

    /// Returns the reason if the route is not disabled.
    fn try_disable(&self, name: &str, alert: &Alert, readings: &dyn Readings, monitor: &Monitor) -> Result<(), String> {
        let (method, route) = name.split_once(' ').ok_or("it has no method")?;
        let method = KnownMethod::from_name(method);
        if method == KnownMethod::Other {
            return Err(String::from("its method is not known"));
        }
        let window = readings.window(self.rule.window());
        let requests = window.routes.get(name).map_or(0, |counts| counts.count);
        if requests < self.settings.at_least {
            return Err(format!("it had {requests} requests, fewer than {}", self.settings.at_least));
        }
        if let Some(other) = monitor.disabled_routes().iter().find(|disabled| disabled.actor == self.actor) {
            return Err(format!("{} is disabled by the rule already", other.name()));
        }
        let order = DisableRoute::new(route, &self.actor)
            .method(method)
            .reason(&alert.title)
            .expires_in(self.settings.expires_in);
        monitor.disable_route(order).map(|_| ()).map_err(|error| error.to_string())
    }
}

/// The longest time for which a rule can disable a route.
const MAX_TIME: Duration = Duration::from_secs(24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::issue::IssueRule;

    #[track_caller]
    fn refused(by: AutoDisable, advice: &str) {
        let routes = ErrorRatioRule::above(0.5).per_route().name("routes");
        let rules = [IssueRule::new().into(), ErrorRatioRule::above(0.5).into(), routes.into()];
        let reason = by.with_rules(&rules).expect_err("must be refused");
        assert!(reason.contains(advice), "{reason}");
    }

    #[test]
    fn a_rule_that_has_no_routes_is_refused() {
        refused(AutoDisable::by("route"), "`route`, which does not exist");
        refused(AutoDisable::by("error-ratio"), "use an `ErrorRatioRule` with `per_route()`");
        refused(AutoDisable::by("issue"), "use an `ErrorRatioRule` with `per_route()`");
        refused(AutoDisable::by("routes").expires_in(Duration::ZERO), "change `expires_in`");
        refused(AutoDisable::by("routes").expires_in(MAX_TIME + Duration::from_secs(1)), "change `expires_in`");
    }
}
