//! Steps 9 and 10: the next release takes over with the data of the old one, and the service recovers.

use std::time::Duration;

use http::{Method, StatusCode};
use jiff::Timestamp;
use monitor_kit::clock;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    alerts::{each_once, note_new},
    check::{Checked, POLL, expect, find, problem, sent, text, unmet, until},
    client::{self, Connection},
    facts::Facts,
    load::Load,
    ratio::RatioWatch,
    scrape::Scrape,
    server::Server,
    story::{ACTOR, CALLS, SECOND, SECOND_ASIDE},
    timeline::{Source, Timeline, between},
    wait::{answers_as, drained, ready_at},
    world::World,
};

pub(crate) async fn rolled_out(
    world: &mut World,
    timeline: &Timeline,
    old: &mut Server,
    load: &Load,
    facts: &mut Facts,
) -> Checked<Server> {
    // Opened and used before the second process starts, so that the old one accepts it.
    let mut to_old = sent(Connection::open(world.addr()).await)?;
    expect("the old release is ready", 200, sent(to_old.get("/health/ready").await)?.status.as_u16())?;
    let sent_before = load.sent();
    let mut new = world.start(SECOND).map_err(|error| unmet("release 1.0.1 starts", error))?;
    answers_as(world, SECOND.version, &mut new).await?;
    timeline.note(Source::Deploy, "release 1.0.1 serves on the same socket");

    old.terminate().map_err(|error| unmet("the old release takes SIGTERM", error))?;
    drained(&mut to_old).await?;
    timeline.note(Source::Health, "release 1.0.0 is asked to stop; its readiness turns 503");
    let ended = old.ended(Duration::from_secs(10)).await.map_err(|error| unmet("the old release ends", error))?;
    expect("the old release ends well", true, ended)?;
    facts.rolled_out = Some(Timestamp::now());
    timeline.note(Source::Deploy, "release 1.0.0 has ended");

    let during = load.sent();
    until("background traffic goes on", || load.sent() >= during + 10).await?;
    expect("every request of the background traffic got its expected status", Vec::<String>::new(), load.surprises())?;
    let not_found = sent(client::get(world.addr(), "/error").await)?;
    problem(&not_found, StatusCode::NOT_FOUND)?;
    handled(world, timeline).await?;
    note_new(world, timeline, facts);
    let during = load.sent() - sent_before;
    timeline.holds(&format!("{during} requests during the rollout, none lost; /error is a 404 in service"));
    Ok(new)
}

/// Checks on a separate instance that release 1.0.1 handles the division.
async fn handled(world: &mut World, timeline: &Timeline) -> Checked {
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
    timeline.note(
        Source::Log,
        format!("an instance of 1.0.1 with fault routes answers /error with 422 and handles {error_type}"),
    );
    Ok(())
}

/// Checks that the new release has loaded the disabled route, and the issue with its count.
pub(crate) async fn resolved(world: &World, timeline: &Timeline, facts: &mut Facts) -> Checked {
    let mut issue = Value::Null;
    let deadline = clock::now() + Duration::from_secs(5);
    while issue.is_null() && clock::now() < deadline {
        sleep(POLL).await;
        issue = world.operate(Method::GET, "/issues", "").await?.json()[0].clone();
    }
    expect("the new release knows the issue", &facts.issue["fingerprint"], &issue["fingerprint"])?;
    expect("its count is unbroken", CALLS, issue["count"].clone())?;
    expect("so is when it was first seen", &facts.issue["first_seen"], &issue["first_seen"])?;
    let order = json!({ "route": "/error", "method": "GET", "actor": ACTOR });
    let answer = world.operate(Method::POST, "/admin/routes/enable", &order.to_string()).await?;
    expect("the route was off in the new release as well, and is switched on", 200, answer.status.as_u16())?;
    let order = json!({
        "fingerprint": issue["fingerprint"], "action": "resolve", "release": SECOND.version, "actor": ACTOR,
    });
    let path = "/admin/issues/triage";
    let decided = Timestamp::now();
    let answer = world.operate(Method::POST, path, &order.to_string()).await?;
    expect("the order to resolve the issue is taken", 200, answer.status.as_u16())?;
    let issue = world.operate(Method::GET, "/issues", "").await?.json()[0].clone();
    expect("the issue is resolved", "resolved", issue["status"]["state"].clone())?;
    expect("by the new release", SECOND.version, issue["status"]["in_release"].clone())?;
    timeline.note_at(decided, Source::Issues, format!("{ACTOR} resolves the issue by release {}", SECOND.version));
    timeline.note_at(decided, Source::Issues, format!("its count is unbroken over the rolling release: {CALLS}"));
    facts.issue = issue;
    Ok(())
}

pub(crate) async fn recovered(
    world: &World,
    timeline: &Timeline,
    watch: &RatioWatch,
    load: &Load,
    facts: &mut Facts,
) -> Checked {
    let (answered, deadline) = (load.answered(), clock::now() + Duration::from_secs(10));
    while load.answered() < answered + 40 && load.surprises().is_empty() && clock::now() < deadline {
        expect("the error ratio is 0", 0.0, watch.ratio())?;
        sleep(POLL).await;
    }
    expect("background traffic succeeds", Vec::<String>::new(), load.surprises())?;
    expect("it goes on", true, load.answered() >= answered + 40)?;
    expect("the error ratio is 0", 0.0, watch.ratio())?;
    let recovered = Timestamp::now();
    timeline.note_at(recovered, Source::Metrics, "error ratio 0 with release 1.0.1 alone");
    each_once(world, timeline, facts)?;
    let after = between(facts.first_error, recovered);
    timeline.holds(&format!("recovered {after} after the first 500 (original: 35 minutes); no alert rang twice"));
    facts.recovered = Some(recovered);
    Ok(())
}
