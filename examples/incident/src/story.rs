//! The story, step by step. Each step is checked from outside; the first that does not hold ends it.

use std::{path::Path, time::Duration};

use http::{Method, StatusCode};
use jiff::Timestamp;
use monitor_kit::clock;
use serde_json::Value;
use tokio::time::sleep;

use crate::{
    check::{Checked, Failure, POLL, START, at, expect, find, problem, sent, text, unmet, until},
    client::{self, Connection},
    load::Load,
    ratio::{RatioWatch, THRESHOLD, WINDOW},
    report::{self, Facts},
    scrape::Scrape,
    server::Server,
    timeline::{BOLD, Source, Timeline, between},
    world::{Release, World},
};

const FIRST: Release = Release { version: "1.0.0", fault_routes: true, divides: "unhandled", name: "1.0.0" };
const SECOND: Release = Release { version: "1.0.1", fault_routes: false, divides: "handled", name: "1.0.1" };
const SECOND_ASIDE: Release =
    Release { version: "1.0.1", fault_routes: true, divides: "handled", name: "1.0.1-with-fault-routes" };

/// Tells the whole story.
pub(crate) async fn tell(world: &mut World, timeline: &mut Timeline, report: &Path) -> Result<(), Failure> {
    timeline.say(&timeline.paint(BOLD, "The incident of the TODO API, played again"));
    let mut facts = Facts::new(Timestamp::now());

    timeline.step(1, "release 1.0.0 is in service");
    let (mut old, load, watch) = at(1, begin(world, timeline).await)?;
    world.go_on_after(1).await;

    timeline.step(2, "somebody calls /error");
    let before = at(2, scrape(world).await)?;
    let id = at(2, first_error(world, timeline, &mut old, &mut facts).await)?;
    world.go_on_after(2).await;

    timeline.step(3, "/metrics counts it");
    at(3, counted(world, timeline, &before, &mut facts).await)?;
    world.go_on_after(3).await;

    timeline.step(4, "the log explains it");
    at(4, explained(world, timeline, &id, &mut facts).await)?;
    world.go_on_after(4).await;

    timeline.step(5, "it is one issue");
    at(5, grouped(world, timeline, &mut facts).await)?;
    world.go_on_after(5).await;

    timeline.step(6, "the error ratio crosses its threshold");
    at(6, noticed(timeline, &watch, &mut facts).await)?;
    world.go_on_after(6).await;

    timeline.step(7, "release 1.0.1 takes over");
    let new = at(7, rolled_out(world, timeline, &mut old, &load, &mut facts).await)?;
    world.go_on_after(7).await;

    timeline.step(8, "the error ratio is back at 0");
    at(8, recovered(timeline, &watch, &load, &mut facts).await)?;
    world.go_on_after(8).await;

    timeline.step(9, "the report is written");
    at(9, written_up(timeline, report, &facts))?;
    drop(new);
    summary(timeline, &facts);
    Ok(())
}

async fn begin(world: &mut World, timeline: &mut Timeline) -> Checked<(Server, Load, RatioWatch)> {
    let mut old = world.start(FIRST).map_err(|error| unmet("release 1.0.0 starts", error))?;
    let ready = ready(world, &mut old).await?;
    expect("readiness is 200", "ready", &ready["status"])?;
    timeline.note(Source::Deploy, format!("release 1.0.0 serves on {} and is ready", world.addr()));
    let watch = RatioWatch::start(world.addr());
    let load = world.start_load();
    until("60 requests of the background traffic are answered", || load.answered() >= 60).await?;
    expect("all of them are answered as expected", Vec::<String>::new(), load.surprises())?;
    expect("the error ratio is 0", 0.0, watch.ratio())?;
    timeline.holds(&format!("health is ready, {} requests succeeded, error ratio 0", load.answered()));
    Ok((old, load, watch))
}

async fn first_error(
    world: &World,
    timeline: &mut Timeline,
    server: &mut Server,
    facts: &mut Facts,
) -> Checked<String> {
    facts.first_error = Timestamp::now();
    let response = sent(client::send(world.addr(), Method::GET, "/error", "1", "").await)?;
    let id = problem(&response, StatusCode::INTERNAL_SERVER_ERROR)?;
    let known = ["request_id", "status", "title", "type"];
    let body = response.json();
    let keys: Vec<_> = body.as_object().into_iter().flat_map(|body| body.keys().map(String::as_str)).collect();
    expect("the problem has no other keys", known.to_vec(), keys)?;
    expect("the process lives", true, server.is_running())?;
    timeline.note_at(facts.first_error, Source::Http, format!("GET /error answers 500, request {id}"));
    timeline.holds("the answer is a problem with a request ID and nothing of the inside; the process lives");
    facts.errors = 1;
    Ok(id)
}

async fn counted(world: &World, timeline: &mut Timeline, before: &Scrape, facts: &mut Facts) -> Checked {
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
    timeline.note(Source::Metrics, format!("{name}{{http_route=\"/error\",…=\"500\"}} has risen by {risen}"));
    timeline.holds(&format!("{CALLS} calls by {USERS} users, {risen} counted"));
    Ok(())
}

async fn explained(world: &World, timeline: &mut Timeline, id: &str, facts: &mut Facts) -> Checked {
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
    timeline.holds("the request ID leads to message, file and line");
    facts.logged_location = location;
    facts.explained = Some(Timestamp::now());
    Ok(())
}

async fn grouped(world: &World, timeline: &mut Timeline, facts: &mut Facts) -> Checked {
    let issues = sent(client::get(world.addr(), "/issues").await)?.json();
    let issues = issues.as_array().cloned().unwrap_or_default();
    expect("/issues shows one issue", 1, issues.len())?;
    let issue = &issues[0];
    expect("its count is exact", CALLS, issue["count"].clone())?;
    expect("it says how many users it affects", USERS, issue["users_affected"].clone())?;
    let seen = |key: &str| text(&issue[key]).parse::<Timestamp>();
    let (Ok(first), Ok(last)) = (seen("first_seen"), seen("last_seen")) else {
        return Err(unmet("it says when it was first and last seen", issue));
    };
    // The issue keeps milliseconds.
    let begun = facts.first_error - Duration::from_millis(1);
    expect("it was first seen at the first call, and last seen after it", true, begun <= first && first < last)?;
    timeline.note(Source::Issues, format!("one issue: {}, {CALLS} times, {USERS} users", text(&issue["message"])));
    timeline.holds("exact count, first and last seen, users affected");
    facts.issue = issue.clone();
    Ok(())
}

async fn noticed(timeline: &mut Timeline, watch: &RatioWatch, facts: &mut Facts) -> Checked {
    let limit = format!("the ratio over {} s reaches {}", WINDOW.as_secs(), percent(THRESHOLD));
    let deadline = clock::now() + Duration::from_secs(6);
    while watch.crossed().is_none() && clock::now() < deadline {
        sleep(POLL).await;
    }
    let Some(crossed) = watch.crossed() else {
        return Err((limit, format!("at most {}", percent(watch.peak()))));
    };
    let after = between(facts.first_error, crossed);
    timeline.note_at(crossed, Source::Metrics, format!("error ratio crosses {}", percent(THRESHOLD)));
    timeline.holds(&format!("noticed {after} after the first 500; the original took 1 minute"));
    facts.noticed = Some(crossed);
    Ok(())
}

async fn rolled_out(
    world: &mut World,
    timeline: &mut Timeline,
    old: &mut Server,
    load: &Load,
    facts: &mut Facts,
) -> Checked<Server> {
    // Opened and used before there is a second process, so that it is the old one's.
    let mut to_old = sent(Connection::open(world.addr()).await)?;
    expect("the old release is ready", 200, sent(to_old.get("/health/ready").await)?.status.as_u16())?;
    let sent_before = load.sent();
    let mut new = world.start(SECOND).map_err(|error| unmet("release 1.0.1 starts", error))?;
    answers_as(world, SECOND.version, &mut new).await?;
    timeline.note(Source::Deploy, "release 1.0.1 serves on the same socket");

    old.terminate().map_err(|error| unmet("the old release takes SIGTERM", error))?;
    drained(&mut to_old).await?;
    timeline.note(Source::Health, "release 1.0.0 is told to stop; its readiness turns 503");
    let ended = old.ended(Duration::from_secs(10)).await.map_err(|error| unmet("the old release ends", error))?;
    expect("the old release ends well", true, ended)?;
    facts.rolled_out = Some(Timestamp::now());
    timeline.note(Source::Deploy, "release 1.0.0 has ended");

    let during = load.sent();
    until("background traffic goes on", || load.sent() >= during + 10).await?;
    expect("every request of the background traffic got its expected status", Vec::<String>::new(), load.surprises())?;
    let not_found = sent(client::get(world.addr(), "/error").await)?;
    problem(&not_found, StatusCode::NOT_FOUND)?;
    handled(world, timeline, facts).await?;
    facts.requests_during_rollout = load.sent() - sent_before;
    let lost = format!("{} requests during the rollout, none lost", facts.requests_during_rollout);
    timeline.holds(&format!("{lost}; /error is a 404 in service"));
    Ok(new)
}

/// On an instance of its own: release 1.0.1 deals with the division.
async fn handled(world: &mut World, timeline: &mut Timeline, facts: &mut Facts) -> Checked {
    let (mut aside, addr) =
        world.start_aside(SECOND_ASIDE).map_err(|error| unmet("an instance aside starts", error))?;
    ready_at(addr, &mut aside).await?;
    let response = sent(client::get(addr, "/error").await)?;
    let id = problem(&response, StatusCode::UNPROCESSABLE_ENTITY)?;
    let mut line = Value::Null;
    let found = until("its log shows the error captured as handled", || {
        line = find(&world.log(SECOND_ASIDE), &id, "handled_exception");
        !line.is_null()
    });
    found.await?;
    let error_type = text(&line["exception_type"]);
    expect("the error is a type of its own", true, error_type.ends_with("::DivisionByZero"))?;
    let scrape = sent(Scrape::of(addr).await)?;
    expect("nothing is counted as failed", 0.0, scrape.sum("http_server_errors_total", &[]))?;
    timeline.note(Source::Log, format!("aside, with fault routes: release 1.0.1 answers 422 and handles {error_type}"));
    facts.handled_as = error_type;
    Ok(())
}

async fn recovered(timeline: &mut Timeline, watch: &RatioWatch, load: &Load, facts: &mut Facts) -> Checked {
    let answered = load.answered();
    let deadline = clock::now() + WINDOW + Duration::from_secs(5);
    while (watch.ratio() > 0.0 || load.answered() < answered + 20) && clock::now() < deadline {
        sleep(POLL).await;
    }
    let expected = format!("the ratio over {} s is 0", WINDOW.as_secs());
    if watch.ratio() > 0.0 {
        return Err((expected, percent(watch.ratio())));
    }
    expect("background traffic succeeds", Vec::<String>::new(), load.surprises())?;
    let Some(recovered) = watch.recovered() else { return Err(unmet(&expected, "it was never seen back at 0")) };
    timeline.note_at(recovered, Source::Metrics, "error ratio 0");
    let after = between(facts.first_error, recovered);
    timeline.holds(&format!("recovered {after} after the first 500; the original took 35 minutes"));
    facts.peak_ratio = watch.peak();
    facts.recovered = Some(recovered);
    facts.requests = load.sent() + facts.errors;
    Ok(())
}

fn written_up(timeline: &Timeline, path: &Path, facts: &Facts) -> Checked {
    let location = text(&facts.issue["location"]);
    expect("the issue names file and line as the log does", facts.logged_location.as_str(), location.as_str())?;
    let report = report::write(facts, timeline);
    std::fs::write(path, &report).map_err(|error| unmet(&format!("{} is written", path.display()), error))?;
    let written = std::fs::read_to_string(path).unwrap_or_default();
    let missing: Vec<_> = report::HEADINGS.iter().filter(|heading| !written.contains(*heading)).collect();
    expect("the report has every heading", Vec::<&&str>::new(), missing)?;
    expect("the report names the cause", true, written.contains(&location))?;
    timeline.holds(&format!("{} has every heading and names the cause: {location}", path.display()));
    Ok(())
}

fn summary(timeline: &Timeline, facts: &Facts) {
    let row = |what: &str, original: &str, at: Option<Timestamp>| {
        let now = at.map_or_else(|| String::from("not recorded"), |at| between(facts.first_error, at));
        timeline.say(&format!("   {what:<12}{original:>12}{now:>12}"));
    };
    timeline.say(&format!("\n   {}", timeline.paint(BOLD, &format!("{:<12}{:>12}{:>12}", "", "original", "now"))));
    row("noticed", "1 min", facts.noticed);
    row("explained", "10 min", facts.explained);
    row("recovered", "35 min", facts.recovered);
}

// What steps are made of.

async fn scrape(world: &World) -> Checked<Scrape> {
    sent(Scrape::of(world.addr()).await)
}

async fn ready(world: &World, server: &mut Server) -> Checked<Value> {
    ready_at(world.addr(), server).await
}

/// Waits until the service at `addr` answers readiness with 200.
async fn ready_at(addr: std::net::SocketAddr, server: &mut Server) -> Checked<Value> {
    let mut last = String::from("no answer");
    let deadline = clock::now() + START;
    while clock::now() < deadline && server.is_running() {
        match client::get(addr, "/health/ready").await {
            Ok(response) if response.status == StatusCode::OK => return Ok(response.json()),
            Ok(response) => last = response.body,
            Err(error) => last = error.to_string(),
        }
        sleep(POLL).await;
    }
    Err(unmet("the service becomes ready", format!("{last} {}", server.stderr())))
}

/// Waits until some answer comes from the release called `version`.
async fn answers_as(world: &World, version: &str, server: &mut Server) -> Checked {
    let deadline = clock::now() + START;
    while clock::now() < deadline && server.is_running() {
        if sent(client::get(world.addr(), "/health").await)?.json()["version"] == version {
            return Ok(());
        }
        sleep(POLL).await;
    }
    Err(unmet(&format!("release {version} answers"), server.stderr()))
}

/// Waits until readiness over this connection turns 503.
async fn drained(connection: &mut Connection) -> Checked {
    let mut last = String::from("no answer");
    for _ in 0..40 {
        match connection.get("/health/ready").await {
            Ok(response) if response.status == StatusCode::SERVICE_UNAVAILABLE => return Ok(()),
            Ok(response) => last = response.status.to_string(),
            Err(error) => return Err(unmet("the old release's readiness turns 503", format!("{last}, then {error}"))),
        }
        sleep(POLL).await;
    }
    Err(unmet("the old release's readiness turns 503", last))
}

pub(crate) fn percent(ratio: f64) -> String {
    format!("{:.1} %", ratio * 100.0)
}

const MESSAGE: &str = "attempt to divide by zero";
const CALLS: u64 = 10;
const USERS: u64 = 4;
