//! The incident report, filled from observations and recorded data; what was not recorded is left blank.

mod detection;

use jiff::{Timestamp, ToSpan};
use serde_json::Value;

use crate::{
    ratio::{Peak, THRESHOLD, WINDOW},
    receivers::Received,
    story::percent,
    timeline::{Timeline, between},
};

/// Observations of the story.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) first_error: Timestamp,
    /// The time at which the first receiver had the alert.
    pub(crate) noticed: Option<Timestamp>,
    pub(crate) ratio_crossed: Option<Timestamp>,
    pub(crate) explained: Option<Timestamp>,
    pub(crate) switched_off: Option<Timestamp>,
    pub(crate) mitigated: Option<Timestamp>,
    pub(crate) rolled_out: Option<Timestamp>,
    /// The time at which the last receiver had the end of the alert.
    pub(crate) all_clear: Option<Timestamp>,
    pub(crate) recovered: Option<Timestamp>,
    /// The notifications in the timeline, in the order of their arrival.
    pub(crate) alerts: Vec<Received>,
    pub(crate) errors: u64,
    pub(crate) refused: u32,
    pub(crate) requests: u64,
    pub(crate) requests_during_rollout: u64,
    pub(crate) peak: Peak,
    pub(crate) issue: Value,
    pub(crate) logged_location: String,
    pub(crate) handled_as: String,
}

impl Facts {
    pub(crate) fn new(first_error: Timestamp) -> Self {
        Self {
            first_error,
            noticed: None,
            ratio_crossed: None,
            explained: None,
            switched_off: None,
            mitigated: None,
            rolled_out: None,
            all_clear: None,
            recovered: None,
            alerts: Vec::new(),
            errors: 0,
            refused: 0,
            requests: 0,
            requests_during_rollout: 0,
            peak: Peak::default(),
            issue: Value::Null,
            logged_location: String::new(),
            handled_as: String::new(),
        }
    }

    /// Returns the severity: severe if at least half of all requests failed, else moderate.
    fn severity(&self) -> &'static str {
        if self.peak.ratio >= 0.5 { "severe" } else { "moderate" }
    }

    /// Returns the number of requests that were neither answered with a 500 nor refused.
    fn succeeded(&self) -> u64 {
        self.requests.saturating_sub(self.errors + u64::from(self.refused))
    }

    /// Returns the error ratio of the whole play. Refused requests are not part of it.
    fn whole_ratio(&self) -> f64 {
        self.errors as f64 / (self.errors + self.succeeded()).max(1) as f64
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
        detection::section(facts),
        cause(facts),
        actions(facts, timeline),
        lessons(facts),
    ];
    let body = HEADINGS[1..].iter().zip(sections).map(|(heading, section)| format!("{heading}\n\n{section}"));
    format!("{}\n\n{}", HEADINGS[0], body.collect::<Vec<_>>().join("\n"))
}

fn general(facts: &Facts, timeline: &Timeline) -> String {
    let begun = timeline.local(facts.first_error).strftime("%d %B %Y, %H:%M:%S %Z (UTC%:z)").to_string();
    let rows = [
        ("Date and time", begun),
        ("Nature", String::from("simulated, on one machine and with traffic made for it")),
        ("Services affected", String::from("API TODO (`todo-api`), route `GET /error`")),
        ("Severity", format!("{} (one route failed, every other request succeeded)", facts.severity())),
        ("Users affected", facts.issue("users_affected")),
        ("Noticed", format!("after {}, by an alert", facts.after(facts.noticed))),
        ("Mitigated", format!("after {}", facts.after(facts.mitigated))),
        ("Recovered", format!("after {}", facts.after(facts.recovered))),
    ];
    let rows = rows.iter().map(|(what, value)| format!("- **{what}**: {value}\n")).collect::<String>();
    format!("{rows}\n### Impact\n\n{}", impact(facts, timeline))
}

fn impact(facts: &Facts, timeline: &Timeline) -> String {
    let Peak { ratio, failed, ended, at } = facts.peak;
    format!(
        "| requests | number |\n| --- | ---: |\n\
         | failed with 500 | {} |\n\
         | refused with 503 while the route was off | {} |\n\
         | answered as expected | {} |\n\
         | all, from the start of the traffic to the recovery | {} |\n\n\
         The error ratio is the failed requests over those that were not refused: {} for the whole time, and {} at its \
         peak, when {failed} of the {ended} requests of the last {} s had failed ({}).\n",
        facts.errors,
        facts.refused,
        facts.succeeded(),
        facts.requests,
        percent(facts.whole_ratio()),
        percent(ratio),
        WINDOW.as_secs(),
        timeline.local(at).strftime("%H:%M:%S%.3f"),
    )
}

fn summary(facts: &Facts) -> String {
    format!(
        "`GET /error` of release 1.0.0 answered {} requests with HTTP 500: \"{}\". An alert on the first one was \
         received after {}, the error ratio crossed {} after {}, and the log explained the error after {}. The route \
         was switched off after {}, without a redeploy: {} further requests of it were refused with 503, and the ratio \
         was back at 0 after {}. Release 1.0.1, which handles the division and does not serve the route, took over \
         after {} without losing a request.\n\n\
         This is a simulation of the incident of 29 July 2025, which took 35 minutes from the first 500 to normal \
         operation.\n",
        facts.errors,
        facts.issue("message"),
        facts.after(facts.noticed),
        percent(THRESHOLD),
        facts.after(facts.ratio_crossed),
        facts.after(facts.explained),
        facts.after(facts.switched_off),
        facts.refused,
        facts.after(facts.mitigated),
        facts.after(facts.rolled_out),
    )
}

fn events(facts: &Facts, timeline: &Timeline) -> String {
    let rows = timeline.events().into_iter().map(|event| {
        let clock = timeline.local(event.at).strftime("%H:%M:%S%.3f").to_string();
        let offset = event.at.duration_since(facts.first_error).as_secs_f64();
        format!("| {clock} | {offset:+.3} s | {} | {} |\n", event.text.replace('|', "\\|"), event.source.as_str())
    });
    let zone = timeline.local(facts.first_error).strftime("%Z").to_string();
    let head = format!("| time ({zone}) | since the first 500 | event | source |\n| --- | ---: | --- | --- |\n");
    format!("{head}{}", rows.collect::<String>())
}

fn cause(facts: &Facts) -> String {
    format!(
        "The handler of `/error` divides by zero: `{}` at `{}`, a {} that nothing handled.\n\n\
         ### Contributing factors\n\n\
         - A test route was in production. `/error` fails on purpose, for drills of the monitoring, and is part of the \
         same program as the real routes. Release 1.0.0 was started with `--fault-routes`, which serves it; no check \
         of the deployment refuses that option outside of tests.\n\
         - The divisor was not checked, and no test called the route.\n",
        facts.issue("message"),
        facts.issue("location"),
        facts.issue("kind"),
    )
}

fn actions(facts: &Facts, timeline: &Timeline) -> String {
    format!(
        "- The route was switched off after {}, by hand and without a redeploy. Further calls got a 503 with a \
         `Retry-After`; the rest of the service was not affected.\n\
         - Release 1.0.1 handles the division: `{}` is answered with 422 and captured as a handled error.\n\
         - Release 1.0.1 serves no test routes: `/error` is a 404.\n\
         - It took over after {} with {} requests on the way, none of them lost: the old process turned its readiness \
         to 503, stopped accepting connections, and ended.\n\
         - The issue was known to release 1.0.1 with its whole count, {}, and is resolved by it: an event in that \
         release or a later one is a regression. Both receivers had the all clear after {}.\n\
         - The error ratio was back at 0 after {}, and stayed there without the switch until {}.\n\n\
         {}",
        facts.after(facts.switched_off),
        facts.handled_as,
        facts.after(facts.rolled_out),
        facts.requests_during_rollout,
        facts.issue("count"),
        facts.after(facts.all_clear),
        facts.after(facts.mitigated),
        facts.after(facts.recovered),
        action_table(facts, timeline),
    )
}

/// Returns the table of actions with owner and date. Actions of the play are marked as done; the rest is proposed.
fn action_table(facts: &Facts, timeline: &Timeline) -> String {
    let done = |at: Option<Timestamp>| {
        at.map_or_else(|| String::from("not recorded"), |at| timeline.local(at).strftime("done %H:%M:%S").to_string())
    };
    let within =
        |days: i64| timeline.local(facts.first_error).saturating_add(days.days()).strftime("%d %B %Y").to_string();
    let rows = [
        ("Switch `GET /error` off", "on-call", done(facts.switched_off)),
        ("Deploy a release that handles the division and serves no test routes", "API team", done(facts.rolled_out)),
        ("Refuse `--fault-routes` in the deployment of production", "platform team", within(7)),
        ("Test the expected failures of every route", "API team", within(14)),
    ];
    let rows = rows.iter().map(|(what, owner, due)| format!("| {what} | {owner} | {due} |\n"));
    format!("### Actions\n\n| action | owner | due |\n| --- | --- | --- |\n{}", rows.collect::<String>())
}

fn lessons(facts: &Facts) -> String {
    format!(
        "- Test routes do not belong in production: the option that serves them is for drills.\n\
         - Central error handling limits the damage: the panic was answered, counted and captured, and the process \
         went on serving every other route.\n\
         - An alert on the first error is faster than a curve: the first receiver had it {} after the first 500. In \
         the original, without alerts, the error rate was noticed after 1 minute.\n\
         - Failures are behaviour: they need unit and integration tests as successes do.\n",
        facts.after(facts.noticed),
    )
}

/// The headings in order.
pub(crate) const HEADINGS: [&str; 8] = [
    "# Incident report and post-mortem (simulated)",
    "## General information",
    "## Summary",
    "## Timeline",
    "## Detection and diagnosis",
    "## Root cause",
    "## Corrective actions and recovery",
    "## Lessons learned and preventive actions",
];
