//! The JSON of one probe, rendered once per run and copied into every response.

use std::fmt::Write as _;

use monitor_core::{HealthStatus, clock, escape};
use serde_json::Value;

use super::{Probe, result::milliseconds, status::ProbeStatus};
use crate::detail::DetailLevel;

/// The members of JSON objects, without braces, one text per [`DetailLevel`].
#[derive(Debug, Default)]
pub(crate) struct Rendered {
    /// Members of the `application/json` bodies, both of all checks and of one probe.
    pub(crate) plain: [String; 3],
    /// Members of [`application/health+json`](crate::probe::health_json): measurements with their keys.
    pub(crate) draft: [String; 3],
}

impl Rendered {
    pub(crate) fn new(probe: &Probe, standing: &ProbeStatus) -> Self {
        let said = [DetailLevel::Status, DetailLevel::Messages, DetailLevel::Full];
        Self {
            plain: said.map(|detail| plain(probe, standing, detail)),
            draft: said.map(|detail| crate::probe::health_json::measurements(probe, standing, detail)),
        }
    }
}

/// Returns the members of a probe without a valid result: it has never run, or its result has expired.
pub(crate) fn unknown(reason: &str, detail: DetailLevel) -> String {
    let mut members = String::from("\"status\":\"error\"");
    if detail > DetailLevel::Status {
        member(&mut members, "message", &reason.into());
    }
    members
}

fn plain(probe: &Probe, standing: &ProbeStatus, detail: DetailLevel) -> String {
    let mut members = format!("\"status\":\"{}\"", shown(standing.status()));
    let Some(sample) = standing.last().filter(|_| detail > DetailLevel::Status) else { return members };
    let message = standing.message(&probe.pace);
    if !message.is_empty() {
        member(&mut members, "message", &message.into());
    }
    let values = sample.result.values.iter().filter(|(name, _)| !OURS.contains(&name.as_str()));
    values.for_each(|(name, value)| member(&mut members, name, value));
    if detail == DetailLevel::Full {
        let time = |at| clock::rfc3339(at).into();
        member(&mut members, "latency_ms", &milliseconds(sample.took).into());
        member(&mut members, "checked_at", &time(sample.at_wall));
        member(&mut members, "consecutive_failures", &standing.failures().into());
        for (name, at) in [("last_success", standing.last_success), ("last_failure", standing.last_failure)] {
            if let Some(at) = at {
                member(&mut members, name, &time(at));
            }
        }
    }
    members
}

/// Appends one member, with its name and value escaped for JSON.
pub(crate) fn member(members: &mut String, name: &str, value: &Value) {
    let _ = write!(members, ",{}:{}", escape::json(&name), escape::json(value));
}

/// Returns the status in the health body, which has no word for `Unknown`: it is an error there.
pub(crate) fn shown(status: HealthStatus) -> &'static str {
    match status {
        HealthStatus::Unknown => HealthStatus::Error.as_str(),
        known => known.as_str(),
    }
}

/// Member names that a probe's own values cannot override.
const OURS: [&str; 10] = [
    "status",
    "message",
    "critical",
    "age_ms",
    "stale",
    "latency_ms",
    "checked_at",
    "consecutive_failures",
    "last_success",
    "last_failure",
];
