//! The incident of the service: noted on, closed, and counted exactly.

use http::Method;
use jiff::Timestamp;
use monitor_kit::clock;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    check::{Checked, POLL, START, expect, text, unmet},
    facts::Facts,
    story::{ACTOR, CALLS, USERS},
    timeline::{Source, Timeline, between},
    world::World,
};

/// Waits until the incident is closed, and compares it with the story.
pub(crate) async fn closed(world: &World, timeline: &Timeline, facts: &mut Facts) -> Checked {
    let incident = over(world).await?;
    expect("the incident has counted the failed requests exactly", json!(CALLS), incident["failed"].clone())?;
    expect("it has counted the refused requests exactly", json!(facts.refused), incident["refused"].clone())?;
    let issues = incident["issues"].as_array().cloned().unwrap_or_default();
    expect("it is about one issue", 1, issues.len())?;
    expect("it has the issue's events", json!(CALLS), issues[0]["events"].clone())?;
    expect("it has the issue's users", json!(USERS), issues[0]["users"].clone())?;
    let location = text(&issues[0]["location"]);
    expect("it names file and line as the log does", facts.logged_location.as_str(), location.as_str())?;
    let times = ["detected_ms", "mitigated_ms", "resolved_ms"].map(|name| incident[name].as_u64());
    let is_ordered = times.iter().all(Option::is_some) && times.is_sorted();
    expect("it was detected, then mitigated, then resolved", true, is_ordered)?;

    facts.incident = text(&incident["id"]);
    let path = format!("/incidents/{}/report?format=json", facts.incident);
    let report = world.operate(Method::GET, &path, "").await?.json();
    let events = report["incident"]["timeline"].as_array().cloned().unwrap_or_default();
    in_order(&events)?;
    let closed = events.iter().rfind(|event| event["event"] == "closed").and_then(|event| event["at_ms"].as_i64());
    facts.closed = closed.and_then(|at| Timestamp::from_millisecond(at).ok());
    let at = facts.closed.ok_or_else(|| unmet("its end has a time", &report["status"]))?;
    let [requests, id] = [incident["requests"].to_string(), facts.incident.clone()];
    timeline.note_at(at, Source::Incident, format!("incident {id} is closed after its quiet period"));
    timeline.holds(&format!(
        "closed {} after the first 500; {CALLS} of {requests} requests failed, {} refused, {USERS} users; {} events in \
         order",
        between(facts.first_error, at),
        facts.refused,
        events.len(),
    ));
    Ok(())
}

/// Notes the explanation on the open incident, for its report.
pub(crate) async fn noted(world: &World, explanation: &str) -> Checked {
    let incidents = world.operate(Method::GET, "/incidents", "").await?.json();
    let note = json!({ "incident": incidents[0]["id"], "text": explanation, "actor": ACTOR });
    let answer = world.operate(Method::POST, "/admin/incidents/note", &note.to_string()).await?;
    expect("the note on the open incident is taken", 200, answer.status.as_u16())
}

/// Waits until the only incident of the service is over.
async fn over(world: &World) -> Checked<Value> {
    let deadline = clock::now() + START;
    loop {
        let incidents = world.operate(Method::GET, "/incidents", "").await?.json();
        let incidents = incidents.as_array().cloned().unwrap_or_default();
        match incidents.as_slice() {
            [incident] if incident["status"] == "resolved" => return Ok(incident.clone()),
            seen if clock::now() >= deadline => {
                let seen: Vec<_> = seen.iter().map(|incident| text(&incident["status"])).collect();
                return Err(unmet("the service has closed its one incident", format!("{seen:?}")));
            }
            _ => sleep(POLL).await,
        }
    }
}

/// Checks that the steps of the story are in the incident's timeline, in their order.
fn in_order(events: &[Value]) -> Checked {
    let mut names = events.iter().map(|event| text(&event["event"]));
    let missing = STEPS.iter().find(|step| !names.any(|name| name == **step));
    expect("its timeline has every step in order", None, missing.copied())
}

const STEPS: [&str; 10] = [
    "issue_opened",
    "alert_triggered",
    "notified",
    "note",
    "route_disabled",
    "release_started",
    "route_enabled",
    "issue_resolved",
    "alert_resolved",
    "closed",
];
