//! The report in English.

use super::{escape::Escape, words::Words};
use crate::incident::{IncidentEvent, IncidentStatus, Subject};

pub(super) const WORDS: Words = Words {
    file_suffix: "",
    decimal: ".",
    colon: ":",
    not_recorded: "not recorded",
    generated: "Drafted from recorded data. Edit it freely: an update keeps every block that was changed.",
    title: "Incident report and post-mortem",
    general: "General information",
    date: "Date and time",
    service: "Services affected",
    environment: "Environment",
    severity: "Severity",
    severe: "severe",
    moderate: "moderate",
    status: "Status",
    status_name,
    detected: "Detected",
    mitigated: "Mitigated",
    resolved: "Resolved",
    after: "after {}",
    impact: "Impact",
    what: "affected",
    number: "number",
    evidence: "evidence",
    failed: "failed requests",
    refused: "requests refused while their route was disabled",
    requests: "all requests that ended",
    users_of: "users of {}",
    chart: "Errors over time",
    chart_description: "{} of {} requests failed. Seconds per bar: {}.",
    summary: "Summary",
    summary_counts: "{} of {} requests failed from {} on.",
    summary_times: "A receiver had the first alert after {}, the errors were stopped after {}, and the incident was \
        over after {}.",
    timeline: "Timeline",
    time: "time",
    since_start: "since the first error",
    event: "event",
    full_timeline: "All events",
    left_out: "{} further events were not recorded.",
    detection: "Detection and diagnosis",
    detected_by: "The rule `{}` found the fault, and a receiver had its alert after {}.",
    notified: "Notifications",
    notifier: "notifier",
    rule: "rule",
    cause: "Root cause",
    cause_issue: "{}: \"{}\" at {}.",
    cause_message: "\"{}\" at {}.",
    factors: "Contributing factors",
    factor_release: "Release {} started.",
    factor_end: "A process ended: {}.",
    factor_health: "The probe {} failed.",
    to_complete: "*To be completed.*",
    actions: "Corrective actions and recovery",
    action: "action",
    owner: "owner",
    due: "due",
    done: "done at {}",
    disable: "Disable {}",
    enable: "Enable {} again",
    resolve: "Resolve the issue {}",
    lessons: "Lessons learned and preventive actions",
    well: "What went well",
    badly: "What went badly",
    luck: "Where we were lucky",
    well_detected: "The alert was out {} after the first error.",
    well_disabled: "{} was disabled without a redeploy.",
    badly_unacknowledged: "No person acknowledged an alert.",
    badly_rose: "The errors came back after they had been stopped.",
    end_name,
    event_text,
};

const fn status_name(status: IncidentStatus) -> &'static str {
    match status {
        IncidentStatus::Open => "open",
        IncidentStatus::Mitigated => "mitigated",
        IncidentStatus::Resolved => "resolved",
    }
}

fn event_text(event: &IncidentEvent, escape: Escape) -> String {
    match event {
        IncidentEvent::AlertTriggered { title, severity, .. } => format!("Alert ({severity}): {}", escape(title)),
        IncidentEvent::AlertResolved { title, .. } => format!("Alert over: {}", escape(title)),
        IncidentEvent::Notified { notifier, rule } => format!("{} had the alert of rule `{rule}`", escape(notifier)),
        IncidentEvent::Acknowledged { by, rule } => format!("{} acknowledged the alert of rule `{rule}`", escape(by)),
        IncidentEvent::IssueOpened(issue) => format!("New issue: {}", subject(issue, escape)),
        IncidentEvent::IssueRegressed(issue) => format!("Resolved issue came back: {}", subject(issue, escape)),
        IncidentEvent::IssueResolved { by: Some(by) } => format!("{} resolved the issue", escape(by)),
        IncidentEvent::IssueResolved { by: None } => String::from("Issue resolved"),
        IncidentEvent::RouteDisabled { route, by, reason } if reason.is_empty() => {
            format!("{} disabled {}", escape(by), escape(route))
        }
        IncidentEvent::RouteDisabled { route, by, reason } => {
            format!("{} disabled {}: {}", escape(by), escape(route), escape(reason))
        }
        IncidentEvent::RouteEnabled { route, by: Some(by) } => format!("{} enabled {}", escape(by), escape(route)),
        IncidentEvent::RouteEnabled { route, by: None } => format!("{} enabled by expiry", escape(route)),
        IncidentEvent::HealthChanged { probe, before, after } => {
            format!("{}: {before}, then {after}", probe.as_deref().map_or_else(|| "Health".to_owned(), escape))
        }
        IncidentEvent::ReleaseStarted { release } => format!("Release {} started", escape(release)),
        IncidentEvent::ProcessEnded { end, .. } => format!("The process before ended: {}", end_name(end)),
        IncidentEvent::RatioRose { failed, requests } => {
            format!("Errors again: {failed} of {requests} requests failed in the window")
        }
        IncidentEvent::Mitigated => String::from("Errors stopped"),
        IncidentEvent::Closed { by: Some(by) } => format!("{} closed the incident", escape(by)),
        IncidentEvent::Closed { by: None } => String::from("Incident closed after its quiet period"),
        IncidentEvent::Reopened => String::from("Incident reopened"),
        IncidentEvent::Note { by, text } => format!("{}: {}", escape(by), escape(text)),
        IncidentEvent::Other(_) => String::from("Event of a newer release"),
    }
}

fn subject(issue: &Subject, escape: Escape) -> String {
    let name = if issue.type_name.is_empty() { &issue.message } else { &issue.type_name };
    let route = issue.routes.first().map(|route| format!(" in {}", escape(route))).unwrap_or_default();
    format!("{}{route}", escape(name))
}

/// Returns the kind of a process's end.
fn end_name(end: &str) -> &str {
    match end {
        "by_itself" => "by itself",
        "out_of_memory" => "out of memory",
        "machine_restarted" => "with its machine",
        end => end,
    }
}
