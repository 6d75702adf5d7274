//! The incident report: filled from what was observed and recorded, with blanks where nothing was.

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    ratio::{THRESHOLD, WINDOW},
    story::percent,
    timeline::{Timeline, between},
};

/// What the story has observed.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) first_error: Timestamp,
    pub(crate) explained: Option<Timestamp>,
    pub(crate) noticed: Option<Timestamp>,
    pub(crate) switched_off: Option<Timestamp>,
    pub(crate) mitigated: Option<Timestamp>,
    pub(crate) rolled_out: Option<Timestamp>,
    pub(crate) recovered: Option<Timestamp>,
    pub(crate) errors: u64,
    pub(crate) refused: u32,
    pub(crate) requests: u64,
    pub(crate) requests_during_rollout: u64,
    pub(crate) peak_ratio: f64,
    pub(crate) issue: Value,
    pub(crate) logged_location: String,
    pub(crate) handled_as: String,
}

impl Facts {
    pub(crate) fn new(first_error: Timestamp) -> Self {
        Self {
            first_error,
            explained: None,
            noticed: None,
            switched_off: None,
            mitigated: None,
            rolled_out: None,
            recovered: None,
            errors: 0,
            refused: 0,
            requests: 0,
            requests_during_rollout: 0,
            peak_ratio: 0.0,
            issue: Value::Null,
            logged_location: String::new(),
            handled_as: String::new(),
        }
    }

    /// A half of all requests or more is severe, one route of a service moderate.
    fn severity(&self) -> &'static str {
        if self.peak_ratio >= 0.5 { "severe" } else { "moderate" }
    }

    fn after(&self, at: Option<Timestamp>) -> String {
        at.map_or_else(|| String::from("not recorded"), |at| between(self.first_error, at))
    }

    fn issue(&self, key: &str) -> String {
        match &self.issue[key] {
            Value::Null => String::from("not recorded"),
            Value::String(text) => text.clone(),
            value => value.to_string(),
        }
    }
}

/// Returns the report as Markdown.
pub(crate) fn write(facts: &Facts, timeline: &Timeline) -> String {
    let sections = [
        general(facts, timeline),
        summary(facts),
        events(facts, timeline),
        detection(facts),
        cause(facts),
        actions(facts),
        lessons(facts),
    ];
    let body = HEADINGS[1..].iter().zip(sections).map(|(heading, section)| format!("{heading}\n\n{section}"));
    format!("{}\n\n{}", HEADINGS[0], body.collect::<Vec<_>>().join("\n"))
}

fn general(facts: &Facts, timeline: &Timeline) -> String {
    let begun = timeline.local(facts.first_error).strftime("%d %B %Y, %H:%M:%S %Z (UTC%:z)").to_string();
    let rows = [
        ("Date and time", begun),
        ("Services affected", String::from("API TODO (`todo-api`), route `/error`")),
        ("Severity", facts.severity().to_owned()),
        ("Users affected", facts.issue("users_affected")),
        (
            "Requests affected",
            format!("{} of {} ({} at the peak)", facts.errors, facts.requests, percent(facts.peak_ratio)),
        ),
        ("Mitigated", format!("after {}", facts.after(facts.mitigated))),
        ("Duration", facts.after(facts.recovered)),
    ];
    rows.iter().map(|(what, value)| format!("- **{what}**: {value}\n")).collect()
}

fn summary(facts: &Facts) -> String {
    format!(
        "`GET /error` of release 1.0.0 answered {} requests with HTTP 500: \"{}\". The error ratio crossed {} after {}. \
         The route was switched off after {}, without a redeploy, and the ratio was back at 0 after {}. Release 1.0.1, which \
         handles the division and does not serve the route, took over without losing a request after {}. The incident of 29 July 2025 took 35 minutes.\n",
        facts.errors,
        facts.issue("message"),
        percent(THRESHOLD),
        facts.after(facts.noticed),
        facts.after(facts.switched_off),
        facts.after(facts.mitigated),
        facts.after(facts.rolled_out),
    )
}

fn events(facts: &Facts, timeline: &Timeline) -> String {
    let rows = timeline.events().into_iter().map(|event| {
        let clock = timeline.local(event.at).strftime("%H:%M:%S%.1f %Z").to_string();
        let offset = event.at.duration_since(facts.first_error).as_secs_f64();
        format!("| {clock} | {offset:+.1} s | {} | {} |\n", event.text.replace('|', "\\|"), event.source.as_str())
    });
    format!("| time | since the first 500 | event | source |\n| --- | ---: | --- | --- |\n{}", rows.collect::<String>())
}

fn detection(facts: &Facts) -> String {
    format!(
        "- **Noticed** after {}, by the error ratio over {} s from `/metrics` (threshold {}).\n\
         - **Explained** after {}: the request ID of the answer led to the log line with message, file and line.\n\
         - **Grouped** as one issue, `{}`: {} events, first seen {}, last seen {}.\n",
        facts.after(facts.noticed),
        WINDOW.as_secs(),
        percent(THRESHOLD),
        facts.after(facts.explained),
        facts.issue("fingerprint"),
        facts.issue("count"),
        facts.issue("first_seen"),
        facts.issue("last_seen"),
    )
}

fn cause(facts: &Facts) -> String {
    format!(
        "The route divides by zero: `{}` at `{}`, a {} that nothing handled.\n\n\
         ### Contributing factors\n\n\
         - The route fails on purpose, and release 1.0.0 served it beside the productive ones (`--fault-routes`).\n\
         - The error was not handled where it happened.\n",
        facts.issue("message"),
        facts.issue("location"),
        facts.issue("kind"),
    )
}

fn actions(facts: &Facts) -> String {
    format!(
        "- The route was switched off after {}, by hand and without a redeploy; {} further calls of it were refused with 503 \
         and a time to come back, and the rest of the service went on.\n\
         - Release 1.0.1 handles the division: `{}` is answered as a problem with status 422 and captured as handled.\n\
         - Release 1.0.1 is in service without the test routes; `/error` is a 404.\n\
         - It was rolled out after {} with {} requests on the way, none of them lost: the old process turned its readiness \
         to 503, then stopped accepting, then ended.\n\
         - The issue was known to release 1.0.1 with its whole count, {}, and is resolved by it: should it come back in that \
         release or a later one, it is a regression.\n\
         - The error ratio was back at 0 after {}, and stayed there without the switch until {}.\n",
        facts.after(facts.switched_off),
        facts.refused,
        facts.handled_as,
        facts.after(facts.rolled_out),
        facts.requests_during_rollout,
        facts.issue("count"),
        facts.after(facts.mitigated),
        facts.after(facts.recovered),
    )
}

fn lessons(facts: &Facts) -> String {
    format!(
        "- Test routes are kept apart from production ones: they are served only with `--fault-routes`.\n\
         - The panic was answered, counted and captured; the process lived and every other route was served.\n\
         - An automatic alert on a rise of errors is still to be set up; the ratio crossed its threshold after {}.\n\
         - The expected behaviour of every route needs unit and integration tests, its failures included.\n",
        facts.after(facts.noticed),
    )
}

/// The headings, in their order.
pub(crate) const HEADINGS: [&str; 8] = [
    "# Incident report and post-mortem",
    "## General information",
    "## Summary",
    "## Timeline",
    "## Detection and diagnosis",
    "## Root cause",
    "## Corrective actions and recovery",
    "## Lessons learned and preventive actions",
];
