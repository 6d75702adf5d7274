//! Actions: those that were recorded, and those that follow from them.

use std::collections::BTreeSet;

use monitor_core::Fingerprint;

use super::{Facts, escape, fill};
use crate::incident::{IncidentEntry, IncidentEvent};

pub(super) fn write(facts: &Facts<'_>) -> String {
    let words = facts.words;
    let rows = facts.incident.timeline.iter().filter_map(|entry| done(facts, entry));
    let rows: String = rows.chain(open_routes(facts)).chain(open_issues(facts)).collect();
    format!(
        "| {} | {} | {} |\n| --- | --- | --- |\n{rows}| {} | | |\n",
        words.action, words.owner, words.due, words.to_complete
    )
}

/// Returns an action that a person or program took.
fn done(facts: &Facts<'_>, entry: &IncidentEntry) -> Option<String> {
    let words = facts.words;
    let (action, by) = match &entry.event {
        IncidentEvent::RouteDisabled { route, by, .. } => (fill(words.disable, &[&escape::text(route)]), Some(by)),
        IncidentEvent::RouteEnabled { route, by: Some(by) } => (fill(words.enable, &[&escape::text(route)]), Some(by)),
        IncidentEvent::IssueResolved { by } => {
            (fill(words.resolve, &[&issue_name(facts, entry.issues().next()?)]), by.as_ref())
        }
        _ => return None,
    };
    let by = by.map_or_else(|| words.not_recorded.to_owned(), |by| escape::text(by));
    Some(format!("| {action} | {by} | {} |\n", fill(words.done, &[&facts.clock(entry.at)])))
}

/// Returns the actions for routes that are still disabled.
fn open_routes(facts: &Facts<'_>) -> Vec<String> {
    let mut disabled = BTreeSet::new();
    for entry in &facts.incident.timeline {
        match &entry.event {
            IncidentEvent::RouteDisabled { route, .. } => _ = disabled.insert(route),
            IncidentEvent::RouteEnabled { route, .. } => _ = disabled.remove(route),
            _ => {}
        }
    }
    let action = |route: &String| format!("| {} | | |\n", fill(facts.words.enable, &[&escape::text(route)]));
    disabled.into_iter().map(action).collect()
}

/// Returns the actions for issues that are not resolved.
fn open_issues(facts: &Facts<'_>) -> Vec<String> {
    let mut open = Vec::new();
    for entry in &facts.incident.timeline {
        match &entry.event {
            IncidentEvent::IssueOpened(_) | IncidentEvent::IssueRegressed(_) => open.extend(entry.issues()),
            IncidentEvent::IssueResolved { .. } => {
                open.retain(|issue| !entry.issues().any(|resolved| resolved == *issue));
            }
            _ => {}
        }
    }
    open.dedup();
    let action = |issue: Fingerprint| format!("| {} | | |\n", fill(facts.words.resolve, &[&issue_name(facts, issue)]));
    open.into_iter().map(action).collect()
}

fn issue_name(facts: &Facts<'_>, issue: Fingerprint) -> String {
    facts.issue_name(issue).map_or_else(|| escape::code(&issue.to_string()), escape::text)
}
