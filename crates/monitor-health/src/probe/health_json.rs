//! The members of `application/health+json`, as [draft-inadarei-api-health-check-06] defines them. The draft has
//! expired, but its media type is still in use.
//!
//! [draft-inadarei-api-health-check-06]: https://datatracker.ietf.org/doc/html/draft-inadarei-api-health-check-06

use monitor_core::{HealthStatus, clock, escape};
use serde_json::{Value, json};

use super::{Probe, result::milliseconds, status::ProbeStatus};
use crate::detail::DetailLevel;

/// Returns the draft's word for the status.
pub(crate) fn word(status: HealthStatus) -> &'static str {
    match status {
        HealthStatus::Ok => "pass",
        HealthStatus::Warning => "warn",
        HealthStatus::Error | HealthStatus::Unknown => "fail",
    }
}

/// Returns the measurements of a probe: its response time, and every value that is a number. Measurements with the same
/// name share one list.
pub(crate) fn measurements(probe: &Probe, standing: &ProbeStatus, detail: DetailLevel) -> String {
    let status = standing.status();
    let Some(sample) = standing.last().filter(|_| detail > DetailLevel::Status) else {
        return listed([(format!("{}:status", probe.name), one(&probe.name, status))]);
    };
    let message = standing.message(&probe.pace);
    let measured = |measurement: &str, value: Value, unit: Option<&str>| {
        let mut entry = one(&probe.name, status);
        entry["observedValue"] = value;
        entry["time"] = clock::rfc3339(sample.at_wall).into();
        if let Some(unit) = unit {
            entry["observedUnit"] = unit.into();
        }
        if !message.is_empty() {
            entry["output"] = message.as_str().into();
        }
        // The draft separates component and measurement by a colon.
        (format!("{}:{}", probe.name, measurement.replace(':', "_")), entry)
    };
    let took = measured("responseTime", milliseconds(sample.took).into(), Some("ms"));
    let numbers = sample.result.values.iter().filter(|(_, value)| value.is_number());
    listed([took].into_iter().chain(numbers.map(|(name, value)| measured(name, value.clone(), None))))
}

/// Returns the measurements of a probe without a valid result.
pub(crate) fn unknown(name: &str, reason: &str, detail: DetailLevel) -> String {
    let mut entry = one(name, HealthStatus::Unknown);
    if detail > DetailLevel::Status {
        entry["output"] = reason.into();
    }
    listed([(format!("{name}:status"), entry)])
}

/// Returns the members of an object whose values are the lists of entries with the same key.
fn listed(entries: impl IntoIterator<Item = (String, Value)>) -> String {
    let mut lists = serde_json::Map::new();
    for (key, entry) in entries {
        if let Value::Array(list) = lists.entry(key).or_insert_with(|| json!([])) {
            list.push(entry);
        }
    }
    let object = escape::json(&lists);
    object.strip_prefix('{').and_then(|object| object.strip_suffix('}')).unwrap_or_default().to_owned()
}

fn one(name: &str, status: HealthStatus) -> Value {
    json!({ "componentId": name, "status": word(status) })
}
