//! The report as JSON, for programs.

use serde_json::{Value, json};

use crate::incident::{Incident, IncidentEntry};

pub(super) fn write(incident: &Incident) -> Value {
    let is_short = |entry: &&IncidentEntry| entry.is_pinned || entry.event.is_change();
    let short: Vec<_> = incident.timeline.iter().filter(is_short).collect();
    json!({ "status": incident.status().as_str(), "short_timeline": short, "incident": incident })
}
