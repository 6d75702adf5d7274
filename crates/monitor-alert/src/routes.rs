//! Routes: which notifiers deliver which alerts.

use std::collections::BTreeSet;

use crate::{
    alert::{Alert, Severity},
    rule::{issue, issue_events, slower},
    weekly_test,
};

/// Sends the alerts of a rule, or of a severity, to some notifiers. Added by [`Alerts::route`](crate::Alerts::route).
///
/// An alert goes to the notifiers of all routes that match it, and to every notifier if none does.
///
/// # Example
///
/// ```
/// use monitor_kit::alert::{Alerts, Route, Severity, Slack, Webhook};
///
/// let alerts = Alerts::to(Slack::new("https://hooks.slack.com/services/T000/B000/XXXX")?)
///     .and(Webhook::new("https://ops.example.org/page")?.name("pager"))
///     .route(Route::rule("issue").to("slack"))
///     .route(Route::severity(Severity::Critical).to("slack").to("pager"));
/// # Ok::<(), monitor_kit::alert::NotifierError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Route {
    matches: Match,
    to: Vec<String>,
}

#[derive(Clone, Debug)]
enum Match {
    Rule(String),
    Severity(Severity),
}

/// The routes of a program, and its notifiers in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routes {
    notifiers: Vec<String>,
    routes: Vec<Route>,
}

impl Route {
    /// Matches the alerts of the rule with this name, such as `issue` or `error-ratio`.
    pub fn rule(name: impl Into<String>) -> Self {
        Self { matches: Match::Rule(name.into()), to: Vec::new() }
    }

    /// Matches the alerts of this severity.
    pub fn severity(severity: Severity) -> Self {
        Self { matches: Match::Severity(severity), to: Vec::new() }
    }

    /// Adds the notifier with this name.
    pub fn to(mut self, notifier: impl Into<String>) -> Self {
        self.to.push(notifier.into());
        self
    }

    fn is_of(&self, alert: &Alert) -> bool {
        match &self.matches {
            Match::Rule(name) => *name == alert.rule,
            Match::Severity(severity) => *severity == alert.severity,
        }
    }

    fn check(&self, rules: &BTreeSet<&str>, notifiers: &[String]) -> Result<(), String> {
        if let Match::Rule(name) = &self.matches
            && !rules.contains(name.as_str())
        {
            let known: Vec<_> = rules.iter().copied().collect();
            return Err(format!(
                "a route is of the rule `{name}`, which does not exist: use one of `{}`",
                known.join("`, `")
            ));
        }
        if self.to.is_empty() {
            return Err(String::from("a route has no notifier: add one with `Route::to`, or remove the route"));
        }
        let unknown = self.to.iter().find(|name| !notifiers.contains(name));
        unknown.map_or(Ok(()), |name| {
            Err(format!(
                "a route leads to the notifier `{name}`, which does not exist: use one of `{}`",
                notifiers.join("`, `")
            ))
        })
    }
}

impl Routes {
    pub(crate) fn new(notifiers: Vec<String>, routes: Vec<Route>) -> Self {
        Self { notifiers, routes }
    }

    /// Returns the routes of a program that sets none: an issue goes to Slack, one with many events is mailed, a slower
    /// route goes to both, and what is critical goes to PagerDuty. Notifiers with other names have every alert.
    pub(crate) fn defaults<'a>(notifiers: &[String], rules: impl IntoIterator<Item = &'a str>) -> Vec<Route> {
        let rules: BTreeSet<_> = rules.into_iter().collect();
        let of_rules =
            [(issue::NAME, [SLACK].as_slice()), (issue_events::NAME, &[EMAIL]), (slower::NAME, &[SLACK, EMAIL])];
        let of_rules = of_rules.into_iter().filter(|(rule, _)| rules.contains(rule));
        let of_rules = of_rules.map(|(rule, to)| (Route::rule(rule), to));
        let all = of_rules.chain([(Route::severity(Severity::Critical), [PAGERDUTY].as_slice())]);
        let with_notifiers = all.filter_map(|(route, to)| {
            // Without its notifier the route would hide the alert from all others.
            notifiers.iter().find(|name| to.contains(&name.as_str()))?;
            let is_of_route = |name: &&String| to.contains(&name.as_str()) || !ROUTED.contains(&name.as_str());
            Some(notifiers.iter().filter(is_of_route).fold(route, |route, name| route.to(name)))
        });
        with_notifiers.collect()
    }

    /// Checks all routes.
    ///
    /// # Errors
    ///
    /// Returns a sentence that says what to change.
    pub(crate) fn check<'a>(&self, rules: impl IntoIterator<Item = &'a str>) -> Result<(), String> {
        let rules = rules.into_iter().collect();
        self.routes.iter().try_for_each(|route| route.check(&rules, &self.notifiers))
    }

    /// Returns the notifiers of an alert, in their order. A test alert goes to all of them.
    pub(crate) fn notifiers(&self, alert: &Alert) -> Vec<String> {
        if alert.rule == weekly_test::RULE {
            return self.notifiers.clone();
        }
        let named: BTreeSet<_> = self.routes.iter().filter(|route| route.is_of(alert)).flat_map(|r| &r.to).collect();
        let is_named = |name: &&String| named.is_empty() || named.contains(name);
        self.notifiers.iter().filter(is_named).cloned().collect()
    }

    /// Returns all notifiers, in their order.
    pub(crate) fn all(&self) -> &[String] {
        &self.notifiers
    }
}

const SLACK: &str = "slack";
const EMAIL: &str = "email";
const PAGERDUTY: &str = "pagerduty";
/// The names of the notifiers that have some alerts only, unless the program sets routes.
const ROUTED: [&str; 3] = [SLACK, EMAIL, PAGERDUTY];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::example;

    fn routes(routes: impl IntoIterator<Item = Route>) -> Routes {
        let notifiers = ["slack", "pager", "email"].map(String::from);
        Routes::new(notifiers.into(), routes.into_iter().collect())
    }

    fn notifiers(routes: &Routes, rule: &str, severity: Severity) -> String {
        let mut alert = example::alert();
        (alert.rule, alert.severity) = (rule.to_owned(), severity);
        routes.notifiers(&alert).join(" ")
    }

    #[test]
    fn an_alert_goes_to_the_notifiers_of_all_its_routes_or_to_every_one() {
        let critical = Route::severity(Severity::Critical).to("pager");
        let routes = routes([Route::rule("issue").to("email").to("slack"), critical]);
        assert_eq!(notifiers(&routes, "issue", Severity::Warning), "slack email");
        assert_eq!(notifiers(&routes, "issue", Severity::Critical), "slack pager email");
        assert_eq!(notifiers(&routes, "error-ratio", Severity::Critical), "pager");
        assert_eq!(notifiers(&routes, "weekly-test", Severity::Critical), "slack pager email", "all are tested");
        assert_eq!(notifiers(&routes, "error-ratio", Severity::Warning), "slack pager email");
    }

    #[test]
    fn without_routes_of_the_program_issues_go_to_slack_and_pages_to_pagerduty() {
        let rules = ["issue", "issue-events", "slower", "error-ratio"];
        let table = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            let routes = Routes::new(names.clone(), Routes::defaults(&names, rules));
            assert_eq!(routes.check(rules), Ok(()));
            let of = |rule, severity| notifiers(&routes, rule, severity);
            [
                of("issue", Severity::Warning),
                of("issue", Severity::Critical),
                of("issue-events", Severity::Warning),
                of("slower", Severity::Warning),
                of("error-ratio", Severity::Critical),
            ]
        };
        let all = ["slack", "slack pagerduty", "email", "slack email", "pagerduty"];
        assert_eq!(table(&["slack", "email", "pagerduty"]), all);
        let with_webhook = all.map(|names| format!("{names} webhook"));
        assert_eq!(table(&["slack", "email", "pagerduty", "webhook"]), with_webhook);
        let only = ["slack", "slack", "slack email", "slack email", "slack email"];
        assert_eq!(table(&["slack", "email"])[..2], only[..2]);
        assert_eq!(table(&["slack"]), ["slack"; 5]);
        assert_eq!(table(&["slack", "webhook"]), ["slack webhook"; 5]);
        assert_eq!(Routes::defaults(&["slack".to_owned()], ["error-ratio"]).len(), 0);
    }

    #[test]
    fn a_bad_route_is_refused_with_what_to_change() {
        let refused = |route| routes([route]).check(["issue", "error-ratio"]).expect_err("must be refused");
        assert!(refused(Route::rule("isue").to("slack")).contains("use one of `error-ratio`, `issue`"));
        assert!(refused(Route::rule("issue").to("teams")).contains("use one of `slack`, `pager`, `email`"));
        assert!(refused(Route::severity(Severity::Warning)).contains("add one with `Route::to`"));
        assert_eq!(routes([Route::rule("issue").to("slack")]).check(["issue"]), Ok(()));
    }
}
