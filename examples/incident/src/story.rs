//! The story, step by step. Each step is checked from outside; the first failed check ends the story.

use std::time::Duration;

use http::{Method, StatusCode};
use jiff::Timestamp;
use monitor_kit::clock;
use serde_json::Value;
use tokio::time::sleep;

use crate::{
    alerts::{alerted, alerted_of_ratio, all_clear},
    check::{Checked, Failure, POLL, at, expect, find, problem, sent, text, unmet, until},
    client,
    closing::{closed, noted},
    comparison::intervals,
    facts::Facts,
    language::Language,
    load::Load,
    mitigation::mitigated,
    ratio::{RatioWatch, THRESHOLD, WINDOW},
    report::{Files, written_up},
    rollout::{recovered, resolved, rolled_out},
    scrape::Scrape,
    server::Server,
    timeline::{BOLD, Source, Timeline, between},
    wait::{ready, scrape},
    world::{Release, World},
};

pub(crate) const FIRST: Release = Release { version: "1.0.0", fault_routes: true, divides: "unhandled", name: "1.0.0" };
pub(crate) const SECOND: Release = Release { version: "1.0.1", fault_routes: false, divides: "handled", name: "1.0.1" };
pub(crate) const SECOND_ASIDE: Release =
    Release { version: "1.0.1", fault_routes: true, divides: "handled", name: "1.0.1-with-fault-routes" };

/// Plays the whole story.
pub(crate) async fn run(world: &mut World, timeline: &Timeline, files: Files) -> Result<(), Failure> {
    timeline.line(&timeline.paint(BOLD, "The incident of the TODO API, played again"));
    timeline.line("");
    timeline.paragraph(ORIGINAL);
    let mut facts = Facts::new(Timestamp::now());

    timeline.step(1, "release 1.0.0 is in service");
    let (mut old, load, watch) = at(1, begin(world, timeline).await)?;
    world.go_on_after(1).await;

    timeline.step(2, "a user calls /error");
    let before = at(2, scrape(world).await)?;
    let id = at(2, first_error(world, timeline, &mut old, &mut facts).await)?;
    world.go_on_after(2).await;

    timeline.step(3, "the alert rings");
    at(3, alerted(world, timeline, &mut facts).await)?;
    world.go_on_after(3).await;

    timeline.step(4, "/metrics counts the failures");
    at(4, counted(world, timeline, &before, &mut facts).await)?;
    world.go_on_after(4).await;

    timeline.step(5, "the error ratio crosses its threshold");
    at(5, crossed(world, timeline, &watch, &mut facts).await)?;
    world.go_on_after(5).await;

    timeline.step(6, "the log explains the error");
    at(6, explained(world, timeline, &id, &mut facts).await)?;
    world.go_on_after(6).await;

    timeline.step(7, "all of the errors are one issue");
    at(7, grouped(world, timeline, &mut facts).await)?;
    world.go_on_after(7).await;

    timeline.step(8, "the route is switched off");
    at(8, mitigated(world, timeline, &mut old, &watch, &load, &mut facts).await)?;
    world.go_on_after(8).await;

    timeline.step(9, "release 1.0.1 takes over");
    let new = at(9, rolled_out(world, timeline, &mut old, &load, &mut facts).await)?;
    world.go_on_after(9).await;

    timeline.step(10, "the issue is resolved, and the error ratio stays at 0 without the switch");
    at(10, resolved(world, timeline, &mut facts).await)?;
    at(10, all_clear(world, timeline, &mut facts).await)?;
    at(10, recovered(world, timeline, &watch, &load, &mut facts).await)?;
    world.go_on_after(10).await;

    timeline.step(11, "the incident is closed");
    at(11, closed(world, timeline, &mut facts).await)?;

    timeline.step(12, "the report is written");
    at(12, written_up(world, timeline, files, &mut facts).await)?;
    drop(new);
    summary(timeline, &facts);
    Ok(())
}

async fn begin(world: &mut World, timeline: &Timeline) -> Checked<(Server, Load, RatioWatch)> {
    let mut old = world.start(FIRST).map_err(|error| unmet("release 1.0.0 starts", error))?;
    let ready = ready(world, &mut old).await?;
    expect("readiness is 200", "ready", &ready["status"])?;
    timeline.note(Source::Deploy, format!("release 1.0.0 serves on {} and is ready", world.addr()));
    let watch = RatioWatch::start(world.addr());
    let load = world.start_load();
    until("40 requests of the background traffic are answered", || load.answered() >= 40).await?;
    expect("all of them are answered as expected", Vec::<String>::new(), load.surprises())?;
    expect("the error ratio is 0", 0.0, watch.ratio())?;
    timeline.holds(&format!("readiness is 200, {} requests succeeded, the error ratio is 0", load.answered()));
    Ok((old, load, watch))
}

async fn first_error(world: &World, timeline: &Timeline, server: &mut Server, facts: &mut Facts) -> Checked<String> {
    facts.first_error = Timestamp::now();
    let response = sent(client::send(world.addr(), Method::GET, "/error", "1", "").await)?;
    let id = problem(&response, StatusCode::INTERNAL_SERVER_ERROR)?;
    let known = ["request_id", "status", "title", "type"];
    let body = response.json();
    let keys: Vec<_> = body.as_object().into_iter().flat_map(|body| body.keys().map(String::as_str)).collect();
    expect("the problem has no other keys", known.to_vec(), keys)?;
    expect("the process lives", true, server.is_running())?;
    timeline.note_at(facts.first_error, Source::Http, format!("GET /error answers 500, request ID {id}"));
    timeline.holds("the response is a problem with a request ID and no inner detail; the process is alive");
    facts.errors = 1;
    Ok(id)
}

async fn counted(world: &World, timeline: &Timeline, before: &Scrape, facts: &mut Facts) -> Checked {
    for call in facts.errors..CALLS {
        let user = (1 + call % USERS).to_string();
        let response = sent(client::send(world.addr(), Method::GET, "/error", &user, "").await)?;
        expect("every call of /error answers 500", 500, response.status.as_u16())?;
    }
    facts.errors = CALLS;
    let after = scrape(world).await?;
    let route = [("http_route", "/error"), ("http_response_status_code", "500")];
    let name = "http_server_requests_total";
    let risen = after.sum(name, &route) - before.sum(name, &route);
    expect(&format!("{name} of /error with status 500 has risen by the {CALLS} calls made"), CALLS as f64, risen)?;
    timeline.note(Source::Metrics, format!("{name} of /error with status 500 rises by {risen}"));
    timeline.holds(&format!("{CALLS} calls by {USERS} users, {risen} counted"));
    Ok(())
}

async fn explained(world: &World, timeline: &Timeline, id: &str, facts: &mut Facts) -> Checked {
    let mut line = Value::Null;
    let found = until("the log holds the request ID, the panic message, file and line", || {
        line = find(&world.log(FIRST), id, "unhandled_exception");
        !line.is_null()
    });
    found.await?;
    expect("the log holds the panic's message", MESSAGE, &line["exception"])?;
    let location = text(&line["location"]);
    let in_source = location.contains("fault.rs:");
    expect("the log holds file and line of the division", true, in_source)?;
    let request = find(&world.log(FIRST), id, "request_error");
    expect("the request's own line says 500", 500, request["status_code"].clone())?;
    timeline.note(Source::Log, format!("\"{MESSAGE}\" at {location}"));
    let now = Timestamp::now();
    let after = between(facts.first_error, now);
    timeline.holds(&format!("explained {after} after the first 500, by its request ID (original: 10 minutes)"));
    facts.logged_location = location;
    facts.explained = Some(now);
    noted(world, &format!("{MESSAGE} at {}", facts.logged_location)).await
}

async fn grouped(world: &World, timeline: &Timeline, facts: &mut Facts) -> Checked {
    let issues = world.operate(Method::GET, "/issues", "").await?.json();
    let issues = issues.as_array().cloned().unwrap_or_default();
    expect("/issues shows one issue", 1, issues.len())?;
    let issue = &issues[0];
    expect("its count is exact", CALLS, issue["count"].clone())?;
    expect("it says how many users it affects", USERS, issue["users_affected"].clone())?;
    let seen = |key: &str| text(&issue[key]).parse::<Timestamp>();
    let (Ok(first), Ok(last)) = (seen("first_seen"), seen("last_seen")) else {
        return Err(unmet("it says when it was first and last seen", issue));
    };
    // Timestamps of an issue have millisecond precision.
    let begun = facts.first_error - Duration::from_millis(1);
    expect("it was first seen at the first call, and last seen after it", true, begun <= first && first < last)?;
    timeline.note(Source::Issues, format!("one issue: {}, {CALLS} times, {USERS} users", text(&issue["message"])));
    timeline.holds("exact count, first and last seen, users affected");
    facts.issue = issue.clone();
    Ok(())
}

async fn crossed(world: &World, timeline: &Timeline, watch: &RatioWatch, facts: &mut Facts) -> Checked {
    let limit = format!("the ratio over {} s reaches {}", WINDOW.as_secs(), percent(THRESHOLD));
    let deadline = clock::now() + Duration::from_secs(6);
    while watch.crossed().is_none() && clock::now() < deadline {
        sleep(POLL).await;
    }
    let Some(crossed) = watch.crossed() else {
        return Err((limit, format!("at most {}", percent(watch.peak().ratio))));
    };
    timeline.note_at(crossed, Source::Metrics, format!("error ratio crosses {}", percent(THRESHOLD)));
    let alerted = alerted_of_ratio(world, timeline, facts).await?;
    let after = between(facts.first_error, crossed);
    timeline.holds(&format!("crossed {after} after the first 500; the alert on it arrived after {alerted}"));
    Ok(())
}

/// Prints each interval beside that of the original.
fn summary(timeline: &Timeline, facts: &Facts) {
    let row = |[name, original, now]: [String; 3]| format!("{name:<16}{original:>10}{now:>14}");
    let head = row(["from first 500", "original", "now"].map(String::from));
    timeline.line(&format!("\n   {}", timeline.paint(BOLD, &head)));
    for interval in intervals(facts) {
        timeline.line(&format!("   {}", row(interval.cells(facts.first_error, Language::English))));
    }
}

pub(crate) fn percent(ratio: f64) -> String {
    format!("{:.1} %", ratio * 100.0)
}

const ORIGINAL: &str = "On 29 July 2025, calls of /error, which divides by zero, failed with HTTP 500 on a TODO API. \
    The error rate was noticed after 1 minute, explained after 10, and normal after 35, when a corrected release was \
    deployed. That is \"the original\" below. Here the same happens to a TODO API that uses monitor-kit, in processes \
    of its own on this machine, and every step is checked over HTTP.";
pub(crate) const MESSAGE: &str = "attempt to divide by zero";
pub(crate) const ACTOR: &str = "on-call";
pub(crate) const CALLS: u64 = 10;
pub(crate) const USERS: u64 = 4;
