//! Step 8: the route is switched off, and the error ratio falls to 0.

use std::time::Duration;

use http::{Method, StatusCode};
use jiff::Timestamp;
use monitor_kit::clock;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    check::{Checked, POLL, expect, find, problem, sent, unmet, until},
    client,
    facts::Facts,
    load::Load,
    ratio::{RatioWatch, WINDOW},
    server::Server,
    story::{ACTOR, FIRST, MESSAGE, percent},
    timeline::{Source, Timeline, between},
    wait::scrape,
    world::World,
};

pub(crate) async fn mitigated(
    world: &World,
    timeline: &Timeline,
    server: &mut Server,
    watch: &RatioWatch,
    load: &Load,
    facts: &mut Facts,
) -> Checked {
    let order = json!({ "route": "/error", "method": "GET", "actor": ACTOR, "reason": MESSAGE, "seconds": 3600 });
    let path = "/admin/routes/disable";
    let answer = world.operate(Method::POST, path, &order.to_string()).await?;
    expect("the order to switch the route off is taken", 200, answer.status.as_u16())?;
    let refusal = sent(client::send(world.addr(), Method::GET, "/error", "1", "").await)?;
    problem(&refusal, StatusCode::SERVICE_UNAVAILABLE)?;
    facts.switched_off = Some(Timestamp::now());
    timeline.note(Source::Http, format!("{ACTOR} switches GET /error off; it answers 503"));
    let wait: u64 = refusal.header("retry-after").parse().unwrap_or_default();
    expect("the refusal says when to come back", true, (1..=3600).contains(&wait))?;
    let mut line = Value::Null;
    let found = until("the log says who switched the route off, and why", || {
        line = find(&world.log(FIRST), ACTOR, "route_disabled");
        !line.is_null()
    });
    found.await?;
    expect("it says why", MESSAGE, &line["reason"])?;

    // The users of the route are not aware of it and keep calling it.
    let answered = load.answered();
    let deadline = clock::now() + WINDOW + Duration::from_secs(5);
    let mut refused: u64 = 1;
    while (watch.ratio() > 0.0 || load.answered() < answered + 20) && clock::now() < deadline {
        let refusal = sent(client::send(world.addr(), Method::GET, "/error", "2", "").await)?;
        expect("every call of /error is refused", 503, refusal.status.as_u16())?;
        refused += 1;
        sleep(4 * POLL).await;
    }
    let Some(mitigated) = watch.back_at_zero() else {
        return Err(unmet(&format!("the ratio over {} s is 0", WINDOW.as_secs()), percent(watch.ratio())));
    };
    expect("the rest of the traffic goes on", true, load.answered() >= answered + 20)?;
    expect("it is answered as expected", Vec::<String>::new(), load.surprises())?;
    expect("the ratio was above 0 until then", true, facts.switched_off.is_some_and(|at| mitigated > at))?;
    let after = scrape(world).await?;
    let route = [("http_route", "/error"), ("http_request_method", "GET")];
    expect(
        "the refused requests are counted",
        refused as f64,
        after.sum("http_server_requests_refused_total", &route),
    )?;
    expect("the route is shown as disabled", 1.0, after.sum("http_server_route_disabled", &route))?;
    expect("the process is the same", true, server.is_running())?;
    timeline.note_at(mitigated, Source::Metrics, "error ratio 0");
    let after = |at: Option<Timestamp>| at.map_or_else(String::new, |at| between(facts.first_error, at));
    timeline.holds(&format!(
        "switched off {} after the first 500, without a redeploy; error ratio 0 after {}; {refused} calls refused",
        after(facts.switched_off),
        after(Some(mitigated)),
    ));
    facts.refused = refused;
    facts.mitigated = Some(mitigated);
    Ok(())
}
