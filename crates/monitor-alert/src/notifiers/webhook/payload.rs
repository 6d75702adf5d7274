//! The body of a webhook.

use monitor_core::{Fingerprint, clock, escape};
use serde::{Serialize, Serializer};

use crate::alert::{Alert, Notification};

/// Returns the body of a request. The documentation of [`Webhook`](super::Webhook) shows one.
pub(super) fn json(notification: &Notification) -> String {
    escape::json(&Payload {
        version: 1,
        id: &notification.id,
        transition: notification.transition.as_str(),
        attempt: notification.attempt,
        persisted: notification.is_saved,
        acknowledge_url: notification.acknowledge_url.as_deref(),
        alert: AlertPayload::new(&notification.alert),
    })
}

#[derive(Serialize)]
struct Payload<'a> {
    version: u32,
    id: &'a str,
    transition: &'a str,
    attempt: u32,
    persisted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledge_url: Option<&'a str>,
    alert: AlertPayload<'a>,
}

#[derive(Serialize)]
struct AlertPayload<'a> {
    key: &'a str,
    rule: &'a str,
    severity: &'a str,
    title: &'a str,
    #[serde(serialize_with = "object")]
    facts: &'a [(String, String)],
    fingerprint: Option<Fingerprint>,
    service: &'a str,
    environment: &'a str,
    release: &'a str,
    at: String,
}

impl<'a> AlertPayload<'a> {
    fn new(alert: &'a Alert) -> Self {
        Self {
            key: &alert.key,
            rule: &alert.rule,
            severity: alert.severity.as_str(),
            title: &alert.title,
            facts: &alert.facts,
            fingerprint: alert.fingerprint,
            service: &alert.service,
            environment: &alert.environment,
            release: &alert.release,
            at: clock::rfc3339(alert.at),
        }
    }
}

/// Writes the facts as an object, in their order.
fn object<S: Serializer>(facts: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(facts.iter().map(|(name, value)| (name, value)))
}
