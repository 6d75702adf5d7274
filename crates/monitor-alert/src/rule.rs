//! Rules: they decide when an alert fires, and when it is over.

pub(crate) mod burn;
pub(crate) mod condition;
pub(crate) mod duration;
pub(crate) mod error_ratio;
pub(crate) mod escalating;
pub(crate) mod file;
pub(crate) mod health;
pub(crate) mod issue;
pub(crate) mod issue_events;
pub(crate) mod memo;
pub(crate) mod milestone;
pub(crate) mod mute;
pub(crate) mod process_end;
pub(crate) mod readings;
mod scope;
mod settings;
pub(crate) mod silence;
pub(crate) mod slower;
pub(crate) mod text;
pub(crate) mod view;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use self::{
    burn::BurnRule, condition::Condition, duration::DurationRule, error_ratio::ErrorRatioRule,
    escalating::EscalatingRule, health::HealthRule, issue::IssueRule, issue_events::IssueEventsRule,
    milestone::MilestoneRule, process_end::ProcessEndRule, silence::SilenceRule, slower::SlowerRule, view::RuleView,
};
use crate::{alert::Severity, delivery_test, weekly_test};

/// A rule: decides when an alert fires, and when it is over.
///
/// # Which engine sees which fault
///
/// Rules run inside the process: they know issues, and alert within a second without a server. They see one process,
/// and nothing once it is gone. A Prometheus that scrapes all instances sees the others of these faults.
///
/// | fault | these rules | Prometheus | a missed ping of [`Watchdog`](crate::Watchdog) |
/// | --- | --- | --- | --- |
/// | a new error, a panic, an issue that came back | [`IssueRule`] | | |
/// | an error that occurs often, or more often than before | [`IssueEventsRule`], [`EscalatingRule`], [`MilestoneRule`] | | |
/// | failed or slow requests of this instance | [`ErrorRatioRule`], [`DurationRule`], [`SlowerRule`] | yes | |
/// | failed or slow requests of all instances together | | yes | |
/// | an error budget that is used up within hours | [`BurnRule`] | yes | |
/// | an error budget that is used up within days | | yes | |
/// | a dependency of which a probe learns | [`HealthRule`] | yes | |
/// | no requests, because those before the service fail | [`SilenceRule`] | yes | |
/// | a process that was killed and started again | [`ProcessEndRule`] | yes | |
/// | a process that hangs, or was not started again | | yes | yes |
/// | a network that no longer lets alerts out | | yes | yes |
///
/// A [`Backtest`](crate::Backtest) shows when rules would have fired over the recorded history.
///
/// # Example
///
/// ```
/// use monitor_kit::alert::{ErrorRatioRule, IssueRule, Rule};
///
/// let rules = [Rule::from(IssueRule::new()), Rule::from(ErrorRatioRule::above(0.02))];
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Rule {
    /// Alerts on issues.
    Issue(IssueRule),
    /// Alerts on the ratio of failed requests.
    ErrorRatio(ErrorRatioRule),
    /// Alerts on the milestones of issues.
    Milestone(MilestoneRule),
    /// Alerts on issues with many events.
    IssueEvents(IssueEventsRule),
    /// Alerts on issues with far more events than before.
    Escalating(EscalatingRule),
    /// Alerts on slow requests.
    Duration(DurationRule),
    /// Alerts on requests that have become slower.
    Slower(SlowerRule),
    /// Alerts on the absence of requests.
    Silence(SilenceRule),
    /// Alerts on an error budget that is used up fast.
    Burn(BurnRule),
    /// Alerts when the service is not ready.
    Health(HealthRule),
    /// Alerts when the process before was killed.
    ProcessEnd(ProcessEndRule),
}

impl Rule {
    /// Returns the rules of a program that sets none. [`Alerts::rules`](crate::Alerts::rules) lists them.
    pub(crate) fn defaults() -> Vec<Self> {
        vec![
            IssueRule::new().into(),
            ErrorRatioRule::above(0.05).into(),
            IssueEventsRule::more_than(100).into(),
            SlowerRule::than_last_release(1.5).into(),
            HealthRule::readiness().into(),
            ProcessEndRule::new().into(),
        ]
    }

    /// Returns the name, which is part of the keys of the rule's alerts.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Milestone(_) => milestone::NAME,
            _ => self.as_condition().map_or(issue::NAME, Condition::name),
        }
    }

    /// Returns the severity of its alerts; `None` for a rule that acts on signals.
    pub(crate) fn severity(&self) -> Option<Severity> {
        self.as_condition().map(Condition::severity)
    }

    /// Returns whether it has an alert for each route.
    pub(crate) fn is_per_route(&self) -> bool {
        match self {
            Self::ErrorRatio(rule) => !rule.is_of_service(),
            Self::Duration(rule) => !rule.is_of_service(),
            _ => false,
        }
    }

    /// Returns how slots of this length show the rule in a backtest.
    pub(crate) fn view(&self, slot: Duration) -> RuleView {
        let reason = match self {
            Self::Milestone(_) => "the history does not record the totals of issues",
            _ => "the history does not record which events open an issue",
        };
        self.as_condition().map_or(RuleView::Missing(reason), |rule| rule.view(slot))
    }

    /// Returns the rule as one that is evaluated every second; `None` for one that acts on signals.
    pub(crate) fn into_condition(self) -> Option<Arc<dyn Condition>> {
        match self {
            Self::Issue(_) | Self::Milestone(_) => None,
            Self::ErrorRatio(rule) => Some(Arc::new(rule)),
            Self::IssueEvents(rule) => Some(Arc::new(rule)),
            Self::Escalating(rule) => Some(Arc::new(rule)),
            Self::Duration(rule) => Some(Arc::new(rule)),
            Self::Slower(rule) => Some(Arc::new(rule)),
            Self::Silence(rule) => Some(Arc::new(rule)),
            Self::Burn(rule) => Some(Arc::new(rule)),
            Self::Health(rule) => Some(Arc::new(rule)),
            Self::ProcessEnd(rule) => Some(Arc::new(rule)),
        }
    }

    fn as_condition(&self) -> Option<&dyn Condition> {
        match self {
            Self::Issue(_) | Self::Milestone(_) => None,
            Self::ErrorRatio(rule) => Some(rule),
            Self::IssueEvents(rule) => Some(rule),
            Self::Escalating(rule) => Some(rule),
            Self::Duration(rule) => Some(rule),
            Self::Slower(rule) => Some(rule),
            Self::Silence(rule) => Some(rule),
            Self::Burn(rule) => Some(rule),
            Self::Health(rule) => Some(rule),
            Self::ProcessEnd(rule) => Some(rule),
        }
    }

    /// Checks all rules of a program.
    ///
    /// # Errors
    ///
    /// Returns a sentence that says what to change.
    pub(crate) fn check(rules: &[Self]) -> Result<(), String> {
        let mut names = BTreeSet::new();
        for rule in rules {
            rule.as_condition().map_or(Ok(()), Condition::check)?;
            let name = rule.name();
            if RESERVED.contains(&name) {
                return Err(format!("the alert rule `{name}` has the name of a test alert: give it another"));
            }
            if !names.insert(name) {
                return Err(format!("two alert rules are called `{name}`: give each a name of its own"));
            }
        }
        Ok(())
    }
}

/// Implements the conversion of a rule of each type.
macro_rules! from {
    ($($variant:ident($rule:ty)),*) => {$(
        impl From<$rule> for Rule {
            fn from(rule: $rule) -> Self {
                Self::$variant(rule)
            }
        }
    )*};
}

from!(
    Issue(IssueRule),
    Milestone(MilestoneRule),
    ErrorRatio(ErrorRatioRule),
    IssueEvents(IssueEventsRule),
    Escalating(EscalatingRule),
    Duration(DurationRule),
    Slower(SlowerRule),
    Silence(SilenceRule),
    Burn(BurnRule),
    Health(HealthRule),
    ProcessEnd(ProcessEndRule)
);

/// Names of the alerts that test notifiers.
const RESERVED: [&str; 3] = [delivery_test::RULE, weekly_test::RULE, weekly_test::MISSED_RULE];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_rules_are_good() {
        assert_eq!(Rule::check(&Rule::defaults()), Ok(()));
    }

    #[test]
    fn rules_have_different_names() {
        let fast = ErrorRatioRule::above(0.5);
        let same = [fast.clone().into(), ErrorRatioRule::above(0.05).into()];
        let refused = "two alert rules are called `error-ratio`: give each a name of its own";
        assert_eq!(Rule::check(&same), Err(refused.to_owned()));
        assert_eq!(Rule::check(&[fast.name("fast").into(), ErrorRatioRule::above(0.05).into()]), Ok(()));
        let issues = Rule::check(&[IssueRule::new().into(), ErrorRatioRule::above(0.5).name("issue").into()]);
        assert!(issues.is_err());
        let reserved = Rule::check(&[ErrorRatioRule::above(0.5).name("weekly-test").into()]);
        assert!(reserved.expect_err("it is the name of a test").contains("give it another"));
    }
}
