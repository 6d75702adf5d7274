//! Bodies as [draft-inadarei-api-health-check-06] has them. The draft has expired; its media type is in use all the same.
//!
//! [draft-inadarei-api-health-check-06]: https://datatracker.ietf.org/doc/html/draft-inadarei-api-health-check-06

use monitor_core::{HealthStatus, clock};
use serde_json::{Value, json};

use crate::{
    Detail, Probe,
    said::{member, milliseconds},
    standing::Standing,
};

/// Returns the status as the draft has it.
pub(crate) fn word(status: HealthStatus) -> &'static str {
    match status {
        HealthStatus::Ok => "pass",
        HealthStatus::Warning => "warn",
        HealthStatus::Error | HealthStatus::Unknown => "fail",
    }
}

/// Returns what was measured of a probe: how long it took, and every number among its values.
pub(crate) fn measurements(probe: &Probe, standing: &Standing, detail: Detail) -> String {
    let mut members = String::new();
    let status = standing.status();
    let Some(sample) = standing.last().filter(|_| detail > Detail::Status) else {
        return measured(&members, &probe.name, "status", one(&probe.name, status));
    };
    let mut add = |measurement: &str, value: Value, unit: Option<&str>| {
        let mut entry = one(&probe.name, status);
        entry["observedValue"] = value;
        entry["time"] = clock::rfc3339(sample.at_wall).into();
        if let Some(unit) = unit {
            entry["observedUnit"] = unit.into();
        }
        let message = standing.message(&probe.pace);
        if !message.is_empty() {
            entry["output"] = message.into();
        }
        members = measured(&members, &probe.name, measurement, entry);
    };
    add("responseTime", milliseconds(sample.took).into(), Some("ms"));
    for (name, value) in sample.outcome.values.iter().filter(|(_, value)| value.is_number()) {
        add(&name.replace(':', "_"), value.clone(), None);
    }
    members
}

/// Returns what is said of a probe of which nothing is known.
pub(crate) fn unknown(name: &str, reason: &str, detail: Detail) -> String {
    let mut entry = one(name, HealthStatus::Unknown);
    if detail > Detail::Status {
        entry["output"] = reason.into();
    }
    measured("", name, "status", entry)
}

fn one(name: &str, status: HealthStatus) -> Value {
    json!({ "componentId": name, "status": word(status) })
}

fn measured(before: &str, name: &str, measurement: &str, entry: Value) -> String {
    let mut members = before.to_owned();
    member(&mut members, &format!("{name}:{measurement}"), &json!([entry]));
    // The first has no comma before it.
    if before.is_empty() { members.split_off(1) } else { members }
}
