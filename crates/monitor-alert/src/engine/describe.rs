//! The texts of alerts.

use crate::{
    alert::{Alert, Severity},
    fact::{FailureKind, IssueFact},
    rule::{condition::Condition, issue, text::fact},
    time::Now,
};

/// The program whose alerts these are. It has no identity of the process: two processes of a service fire one alert.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) service: String,
    pub(crate) environment: String,
    pub(crate) release: String,
}

/// The reason for an alert on an issue.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cause {
    New,
    Regressed,
}

impl Source {
    /// Returns the key of a rule's alert.
    pub(super) fn key(&self, rule: &str) -> String {
        format!("{}/{}/{rule}", self.service, self.environment)
    }

    pub(super) fn is_of(&self, alert: &Alert) -> bool {
        alert.service == self.service && alert.environment == self.environment
    }

    pub(super) fn issue_alert(&self, key: String, cause: Cause, issue: &IssueFact, now: Now) -> Alert {
        Alert {
            rule: issue::NAME.to_owned(),
            severity: severity(issue.kind),
            title: issue_title(cause, issue),
            facts: issue_facts(issue),
            fingerprint: Some(issue.fingerprint),
            release: issue.release.clone(),
            ..self.alert(key, now)
        }
    }

    pub(super) fn condition_alert(
        &self,
        key: String,
        rule: &dyn Condition,
        facts: Vec<(String, String)>,
        now: Now,
    ) -> Alert {
        Alert { rule: rule.name().to_owned(), title: rule.title(), facts, ..self.alert(key, now) }
    }

    fn alert(&self, key: String, now: Now) -> Alert {
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
    };
    let route = issue.routes.first().map(|route| format!(" in {route}")).unwrap_or_default();
    // A message captured by the program has no type.
    let name = if issue.type_name.is_empty() { head(&issue.message) } else { &issue.type_name };
    format!("{cause}: {name}{route}")
}

/// Returns the first line of a text, or the beginning of a long one.
fn head(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    line.char_indices().nth(MAX_HEAD).map_or(line, |(end, _)| &line[..end])
}

/// Number of characters of a message in a title.
const MAX_HEAD: usize = 80;

fn issue_facts(issue: &IssueFact) -> Vec<(String, String)> {
    let message = Some(&issue.message).filter(|message| !message.is_empty());
    let facts = [
        message.map(|message| fact("message", message.clone())),
        issue.location.as_ref().map(|location| fact("location", location.clone())),
        routes(&issue.routes).map(|routes| fact("route", routes)),
    ];
    facts.into_iter().flatten().collect()
}

fn routes(routes: &[String]) -> Option<String> {
    let (shown, hidden) = routes.split_at(routes.len().min(MAX_ROUTES));
    let more = if hidden.is_empty() { String::new() } else { format!(" and {} more", hidden.len()) };
    (!shown.is_empty()).then(|| shown.join(", ") + &more)
}

/// Number of routes that an alert lists.
const MAX_ROUTES: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_beyond_the_fifth_are_counted() {
        let all: Vec<_> = (0..8).map(|number| format!("GET /{number}")).collect();
        assert_eq!(routes(&all).as_deref(), Some("GET /0, GET /1, GET /2, GET /3, GET /4 and 3 more"));
        assert_eq!(routes(&all[..1]).as_deref(), Some("GET /0"));
        assert_eq!(routes(&[]), None);
    }
}
