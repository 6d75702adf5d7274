//! An event of PagerDuty.

use monitor_core::{clock, escape};
use serde::Serialize;
use serde_json::{Map, Value};

use super::dedup_key;
use crate::alert::{Alert, Notification, Severity, Transition};

/// Returns the body of a request.
pub(super) fn json(routing_key: &str, notification: &Notification) -> String {
    let is_trigger = notification.transition == Transition::Triggered;
    escape::json(&Event {
        routing_key,
        event_action: if is_trigger { "trigger" } else { "resolve" },
        dedup_key: &dedup_key(&notification.alert.key),
        client: "monitor-kit",
        links: links(notification),
        // The incident has the rest already.
        payload: is_trigger.then(|| Payload::new(&notification.alert)),
    })
}

#[derive(Serialize)]
struct Event<'a> {
    routing_key: &'a str,
    event_action: &'a str,
    dedup_key: &'a str,
    client: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<Link<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Payload<'a>>,
}

#[derive(Serialize)]
struct Link<'a> {
    href: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct Payload<'a> {
    summary: String,
    source: &'a str,
    severity: &'a str,
    timestamp: String,
    component: &'a str,
    group: &'a str,
    class: &'a str,
    custom_details: Map<String, Value>,
}

impl<'a> Payload<'a> {
    fn new(alert: &'a Alert) -> Self {
        Self {
            summary: cut(&alert.title, MAX_SUMMARY),
            source: &alert.service,
            severity: severity(alert.severity),
            timestamp: clock::rfc3339(alert.at),
            component: &alert.environment,
            group: &alert.service,
            class: &alert.rule,
            custom_details: details(alert),
        }
    }
}

/// Returns PagerDuty's name of a severity.
fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

fn links(notification: &Notification) -> Vec<Link<'_>> {
    let links = notification.acknowledge_url.iter();
    links.map(|href| Link { href, text: "Acknowledge in the service" }).collect()
}

fn details(alert: &Alert) -> Map<String, Value> {
    let facts = alert.facts.iter().map(|(name, value)| (name.clone(), cut(value, MAX_DETAIL).into()));
    let more = [("environment", &alert.environment), ("release", &alert.release)];
    facts.chain(more.map(|(name, value)| (name.to_owned(), value.as_str().into()))).collect()
}

/// Returns the first `limit` characters of a text, the last of them an ellipsis if more follow.
fn cut(text: &str, limit: usize) -> String {
    if text.chars().nth(limit).is_none() {
        return text.to_owned();
    }
    text.chars().take(limit - 1).chain(['…']).collect()
}

/// PagerDuty's limit.
const MAX_SUMMARY: usize = 1024;
/// An event may have 512 KB.
const MAX_DETAIL: usize = 8_000;
