//! Acknowledgements from PagerDuty, through its webhooks of version 3.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use sha2::Sha256;

/// A person who has acknowledged an incident of PagerDuty.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct PagerDutyAck {
    /// The deduplication key of the event that opened the incident.
    pub(super) dedup_key: String,
    pub(super) by: String,
}

#[derive(Deserialize)]
struct Payload {
    event: Event,
}

#[derive(Deserialize)]
struct Event {
    event_type: String,
    #[serde(default)]
    agent: Option<Agent>,
    data: Incident,
}

#[derive(Deserialize)]
struct Agent {
    #[serde(default)]
    summary: Option<String>,
}

#[derive(Deserialize)]
struct Incident {
    #[serde(default)]
    incident_key: Option<String>,
}

/// Returns whether one of the signatures in the header `X-PagerDuty-Signature` is of this body.
/// [PagerDuty](https://developer.pagerduty.com/docs/verifying-webhook-signatures) sends one for each secret.
pub(super) fn is_signed(secret: &str, header: &str, body: &[u8]) -> bool {
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
    let mac = mac.chain_update(body);
    let mut signatures = header.split(',').filter_map(|signature| signature.trim().strip_prefix("v1="));
    signatures.any(|signature| hex::decode(signature).is_ok_and(|bytes| mac.clone().verify_slice(&bytes).is_ok()))
}

/// Returns the acknowledgement in a payload; `None` for any other event.
pub(super) fn acknowledgement(body: &[u8]) -> Option<PagerDutyAck> {
    let Payload { event } = serde_json::from_slice(body).ok()?;
    let dedup_key = event.data.incident_key.filter(|_| event.event_type == "incident.acknowledged")?;
    let by = event.agent.and_then(|agent| agent.summary).unwrap_or_else(|| "PagerDuty".to_owned());
    Some(PagerDutyAck { dedup_key, by })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"event":{"id":"01","event_type":"incident.acknowledged","resource_type":"incident",
        "occurred_at":"2026-11-28T07:00:00Z","agent":{"id":"P1","type":"user_reference","summary":"Ada Lovelace"},
        "data":{"id":"Q1","type":"incident","incident_key":"shop/production/issue/0123","status":"acknowledged"}}}"#;

    #[test]
    fn an_acknowledgement_is_read_and_other_events_are_not() {
        let ack = PagerDutyAck { dedup_key: "shop/production/issue/0123".into(), by: "Ada Lovelace".into() };
        assert_eq!(acknowledgement(BODY), Some(ack));
        let text = String::from_utf8_lossy(BODY);
        for other in [text.replace("incident.acknowledged", "incident.resolved"), text.replace("incident_key", "key")] {
            assert_eq!(acknowledgement(other.as_bytes()), None);
        }
        assert_eq!(acknowledgement(b"[]"), None);
    }

    #[test]
    fn any_of_the_signatures_may_be_ours_and_the_body_must_be_unchanged() {
        let mac = Hmac::<Sha256>::new_from_slice(b"secret").expect("any length").chain_update(BODY);
        let ours = hex::encode(mac.finalize().into_bytes());
        let header = format!("v1={}, v1={ours}", "0".repeat(64));
        assert!(is_signed("secret", &header, BODY));
        assert!(!is_signed("other", &header, BODY));
        assert!(!is_signed("secret", &header, &BODY[1..]));
        for header in ["", "v1=", &ours, &format!("v2={ours}"), &format!("v1={}", &ours[..62])] {
            assert!(!is_signed("secret", header, BODY), "{header}");
        }
    }
}
