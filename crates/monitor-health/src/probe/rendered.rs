//! What is published of a probe, written once for each run: what a caller gets is put together of it.

use std::fmt::Write as _;

use monitor_core::{HealthStatus, clock, escape};
use serde_json::Value;

use super::{Probe, outcome::milliseconds, status::ProbeStatus};
use crate::detail::DetailLevel;

/// The members of JSON objects, without braces, one text for each [`DetailLevel`].
#[derive(Debug, Default)]
pub(crate) struct Rendered {
    /// As the body of all checks has them, and that of one alone.
    pub(crate) plain: [String; 3],
    /// The measurements of [`application/health+json`](crate::draft), with their keys.
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

/// Returns the members of a probe of which nothing is known: it was never looked at, or too long ago.
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
    let values = sample.outcome.values.iter().filter(|(name, _)| !OURS.contains(&name.as_str()));
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

/// Appends one member. Keys and values are written as JSON wants them.
pub(crate) fn member(members: &mut String, name: &str, value: &Value) {
    let _ = write!(members, ",{}:{}", escape::json(&name), escape::json(value));
}

/// The status as the body has it, which knows no other word.
pub(crate) fn shown(status: HealthStatus) -> &'static str {
    match status {
        HealthStatus::Unknown => HealthStatus::Error.as_str(),
        known => known.as_str(),
    }
}

/// Names that a probe's own value does not take.
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
