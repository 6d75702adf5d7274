//! The stored form of an alert: its fields, flattened into the value that has one.

use std::{sync::Arc, time::SystemTime};

use monitor_core::Fingerprint;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::time;
use crate::alert::{Alert, Severity, Transition};

pub(crate) fn serialize<S: Serializer>(alert: &Arc<Alert>, serializer: S) -> Result<S::Ok, S::Error> {
    StoredAlert::serialize(alert, serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<Alert>, D::Error> {
    StoredAlert::deserialize(deserializer).map(Arc::new)
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Alert")]
struct StoredAlert {
    key: String,
    rule: String,
    #[serde(with = "StoredSeverity")]
    severity: Severity,
    title: String,
    facts: Vec<(String, String)>,
    fingerprint: Option<Fingerprint>,
    service: String,
    environment: String,
    release: String,
    #[serde(rename = "at_ms", with = "time")]
    at: SystemTime,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Severity", rename_all = "lowercase")]
pub(crate) enum StoredSeverity {
    Warning,
    Critical,
}

#[derive(Deserialize, Serialize)]
#[serde(remote = "Transition", rename_all = "lowercase")]
pub(crate) enum StoredTransition {
    Triggered,
    Resolved,
}
