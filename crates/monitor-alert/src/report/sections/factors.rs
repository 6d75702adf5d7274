//! Contributing factors: what was recorded before and during the errors. Which of it mattered is for people to say.

use std::{collections::BTreeSet, time::Duration};

use super::{Facts, escape, fill};
use crate::incident::IncidentEvent;

pub(super) fn write(facts: &Facts<'_>) -> String {
    // What began after the errors had been stopped did not cause them.
    let end = facts.incident.mitigated.unwrap_or(Duration::MAX);
    let before = facts.incident.timeline.iter().filter(|entry| entry.since_start <= end);
    let factors: BTreeSet<String> = before.filter_map(|entry| factor(facts, &entry.event)).collect();
    let factors: String = factors.iter().map(|factor| format!("- {factor}\n")).collect();
    format!("{factors}- {}\n", facts.words.to_complete)
}

fn factor(facts: &Facts<'_>, event: &IncidentEvent) -> Option<String> {
    let words = facts.words;
    match event {
        IncidentEvent::ReleaseStarted { release } => Some(fill(words.factor_release, &[&escape::text(release)])),
        IncidentEvent::ProcessEnded { end, .. } if end != "by_itself" => {
            Some(fill(words.factor_end, &[(words.end_name)(end)]))
        }
        IncidentEvent::HealthChanged { probe: Some(probe), after, .. } if after == "error" => {
            Some(fill(words.factor_health, &[&escape::text(probe)]))
        }
        _ => None,
    }
}
