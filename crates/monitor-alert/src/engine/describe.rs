//! The texts of alerts.

use crate::{
    alert::{Alert, Severity},
    fact::{FailureKind, IssueFact},
    rule::{
        condition::{Condition, Group},
        issue, milestone,
        readings::Readings,
    },
    switch_command::SwitchCommand,
    time::Now,
};

/// The program whose alerts these are. It has no identity of the process: two processes of a service fire one alert.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) service: String,
    pub(crate) environment: String,
    pub(crate) release: String,
    /// The command that disables a route, for alerts about one.
    pub(crate) switch_command: Option<SwitchCommand>,
}

/// The reason for an alert on an issue.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cause {
    New,
    Regressed,
    /// It has reached this number of events.
    Milestone(u64),
}

impl Source {
    /// Returns the key of a rule's alert.
    pub(crate) fn key(&self, rule: &str) -> String {
        format!("{}/{}/{rule}", self.service, self.environment)
    }

    pub(super) fn is_of(&self, alert: &Alert) -> bool {
        alert.service == self.service && alert.environment == self.environment
    }

    pub(super) fn issue_alert(&self, cause: Cause, issue: &IssueFact, now: Now) -> Alert {
        let (rule, severity, milestone) = match cause {
            Cause::Milestone(events) => (milestone::NAME, Severity::Warning, format!("/{events}")),
            _ => (issue::NAME, severity(issue.kind), String::new()),
        };
        let key = format!("{}/{}{milestone}", self.key(rule), issue.fingerprint);
        Alert {
            rule: rule.to_owned(),
            severity,
            title: issue_title(cause, issue),
            facts: self.with_command(issue.facts(), |command| command.fact(&issue.routes)),
            fingerprint: Some(issue.fingerprint),
            release: issue.release.clone(),
            ..self.alert(key, now)
        }
    }

    pub(super) fn condition_alert(
        &self,
        key: String,
        rule: &dyn Condition,
        group: &Group,
        readings: &dyn Readings,
        now: Now,
    ) -> Alert {
        Alert {
            rule: rule.name().to_owned(),
            severity: rule.severity(),
            title: rule.title(group, readings),
            facts: self.with_command(rule.facts(group, readings), |command| command.fact_of(group)),
            fingerprint: group.fingerprint(),
            ..self.alert(key, now)
        }
    }

    fn with_command(
        &self,
        mut facts: Vec<(String, String)>,
        fact: impl FnOnce(&SwitchCommand) -> Option<(String, String)>,
    ) -> Vec<(String, String)> {
        facts.extend(self.switch_command.as_ref().and_then(fact));
        facts
    }

    pub(super) fn alert(&self, key: String, now: Now) -> Alert {
        Alert {
            key,
            rule: String::new(),
            severity: Severity::Critical,
            title: String::new(),
            facts: Vec::new(),
            fingerprint: None,
            service: self.service.clone(),
            environment: self.environment.clone(),
            release: self.release.clone(),
            at: now.wall,
        }
    }
}

fn severity(kind: FailureKind) -> Severity {
    match kind {
        FailureKind::Panic => Severity::Critical,
        FailureKind::Error => Severity::Warning,
    }
}

fn issue_title(cause: Cause, issue: &IssueFact) -> String {
    let cause = match cause {
        Cause::New => "New issue",
        Cause::Regressed => "Regressed issue",
        Cause::Milestone(events) => return format!("{events} events: {}", issue.name()),
    };
    format!("{cause}: {}", issue.name())
}
