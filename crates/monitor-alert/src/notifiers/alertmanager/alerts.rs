//! Alerts as Alertmanager's API takes them.

use std::collections::BTreeMap;

use monitor_core::{clock, escape};
use serde::Serialize;

use crate::{
    active::ActiveAlert,
    alert::{Alert, Notification, Transition},
};

/// Returns the body of a request for the change of one alert.
pub(super) fn of_notification(notification: &Notification) -> String {
    let alert = &notification.alert;
    let mut posted = Posted::new(alert);
    if let Some(url) = &notification.acknowledge_url {
        posted.annotations.insert("acknowledge_url".to_owned(), url.clone());
    }
    if notification.transition == Transition::Resolved {
        posted.ends_at = Some(clock::rfc3339(alert.at));
    }
    escape::json(&[posted])
}

/// Returns the body of a request that repeats these alerts.
pub(super) fn of_active(active: &[ActiveAlert]) -> String {
    escape::json(&active.iter().map(|active| Posted::new(&active.alert)).collect::<Vec<_>>())
}

/// An alert. Without a beginning and an end, Alertmanager sets both by its own clock.
#[derive(Serialize)]
struct Posted<'a> {
    labels: BTreeMap<&'a str, &'a str>,
    annotations: BTreeMap<String, String>,
    #[serde(rename = "endsAt", skip_serializing_if = "Option::is_none")]
    ends_at: Option<String>,
}

impl<'a> Posted<'a> {
    fn new(alert: &'a Alert) -> Self {
        let labels = [
            ("alertname", alert.rule.as_str()),
            ("environment", &alert.environment),
            ("key", &alert.key),
            ("service", &alert.service),
            ("severity", alert.severity.as_str()),
        ];
        let facts = alert.facts.iter().map(|(name, value)| (label_name(name), value.clone()));
        let fixed = [("summary", &alert.title), ("release", &alert.release)];
        let annotations = facts.chain(fixed.map(|(name, value)| (name.to_owned(), value.clone())));
        // Alertmanager drops labels without a value.
        let labels = labels.into_iter().filter(|(_, value)| !value.is_empty());
        Self { labels: labels.collect(), annotations: annotations.collect(), ends_at: None }
    }
}

/// Returns a name with only letters, digits and `_`, which does not begin with a digit.
fn label_name(name: &str) -> String {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut changed: String = name.chars().map(|c| if is_allowed(c) { c } else { '_' }).collect();
    if changed.is_empty() || changed.starts_with(|c: char| c.is_ascii_digit()) {
        changed.insert(0, '_');
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::label_name;

    #[test]
    fn any_name_becomes_one_that_alertmanager_takes() {
        let names = ["message", "in flight", "95 %", "größe", ""].map(label_name);
        assert_eq!(names, ["message", "in_flight", "_95__", "gr__e", "_"]);
    }
}
