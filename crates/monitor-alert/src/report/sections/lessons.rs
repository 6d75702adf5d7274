//! Lessons: what went well and badly as far as that was recorded. Luck is for people to say.

use super::{Facts, escape, fill};
use crate::incident::IncidentEvent;

pub(super) fn write(facts: &Facts<'_>) -> String {
    let words = facts.words;
    let part = |heading: &str, lessons: Vec<String>| {
        let lessons: String = lessons.iter().map(|lesson| format!("- {lesson}\n")).collect();
        format!("### {heading}\n\n{lessons}- {}\n", words.to_complete)
    };
    [part(words.well, well(facts)), part(words.badly, badly(facts)), part(words.luck, Vec::new())].join("\n")
}

fn well(facts: &Facts<'_>) -> Vec<String> {
    let words = facts.words;
    let detected = facts.incident.detected.map(|time| fill(words.well_detected, &[&facts.duration(Some(time))]));
    let disabled = facts.incident.timeline.iter().filter_map(|entry| match &entry.event {
        IncidentEvent::RouteDisabled { route, .. } => Some(fill(words.well_disabled, &[&escape::text(route)])),
        _ => None,
    });
    detected.into_iter().chain(disabled).collect()
}

fn badly(facts: &Facts<'_>) -> Vec<String> {
    let has = |wanted: fn(&IncidentEvent) -> bool| facts.incident.timeline.iter().any(|entry| wanted(&entry.event));
    let mut lessons = Vec::new();
    if !has(|event| matches!(event, IncidentEvent::Acknowledged { .. })) {
        lessons.push(facts.words.badly_unacknowledged.to_owned());
    }
    if has(|event| matches!(event, IncidentEvent::RatioRose { .. })) {
        lessons.push(facts.words.badly_rose.to_owned());
    }
    lessons
}
