//! Many concurrent requests.

use std::time::Duration;

use monitor_health::{Probe, ProbeResult};
use tokio::{task::JoinSet, time::Instant};

use crate::support::{Runs, built, get, ms, pass};

/// axum-health 0.2.1 ran three probes of 300 ms in sequence, and responded after 905 ms.
#[tokio::test(start_paused = true)]
async fn three_probes_are_answered_for_in_the_time_of_one() {
    for on_demand in [false, true] {
        let runs = Runs::default();
        let health = built(["a", "b", "c"].map(|name| {
            let probe = runs.taking(name, ms(300));
            if on_demand { probe.on_demand(ms(5_000)) } else { probe }
        }));
        let begun = Instant::now();
        assert_eq!(get(&health, "/").await.0, 200);
        assert_eq!((begun.elapsed(), runs.count()), (ms(300), 3), "on demand: {on_demand}");
    }
}

/// dotnet/aspnetcore#59561, ClickHouse/mcp-clickhouse#228: each request runs all checks, so that a storm of requests
/// becomes a storm on the database.
#[tokio::test(start_paused = true)]
async fn two_hundred_callers_at_once_cause_one_run_of_each_probe() {
    let (slow, slower) = (Runs::default(), Runs::default());
    let health = built([slow.taking("slow", ms(300)).on_demand(ms(1_000)), slower.taking("slower", ms(400))]);
    let mut callers = JoinSet::new();
    for _ in 0..200 {
        let health = health.clone();
        callers.spawn(async move { get(&health, "/").await.0 });
    }
    assert_eq!(callers.join_all().await, vec![200; 200]);
    assert_eq!((slow.count(), slower.count()), (1, 1));
    let begun = Instant::now();
    assert_eq!(get(&health, "/").await.0, 200);
    assert_eq!((begun.elapsed(), slow.count()), (Duration::ZERO, 1), "it is still fresh");
    pass(ms(1_000)).await;
    get(&health, "/").await;
    assert_eq!(slow.count(), 2, "its time to live is over");
}

/// In alexliesenfeld/health the request's context drives the check, so that a client that disconnects causes a failure.
#[tokio::test(start_paused = true)]
async fn a_caller_that_leaves_takes_no_run_with_it() {
    let runs = Runs::default();
    let health = built([runs.taking("database", ms(300)).critical().on_demand(ms(5_000))]);
    assert!(tokio::time::timeout(ms(50), get(&health, "/")).await.is_err(), "it has left");
    let begun = Instant::now();
    let (status, body) = get(&health, "/").await;
    assert_eq!((status, &body["checks"]["database"]["status"]), (200, &"ok".into()));
    assert_eq!((begun.elapsed(), runs.count()), (ms(250), 1));
}

/// spring-boot#37068, #43449: one slow indicator delays the whole endpoint, until the kubelet gives up after a second.
#[tokio::test(start_paused = true)]
async fn callers_wait_800_ms_at_most_and_get_the_last_result_as_stale() {
    let runs = Runs::default();
    let asked = runs.clone();
    let probe = Probe::new("search", move || {
        let run = asked.add();
        async move {
            pass(if run == 1 { ms(10) } else { ms(1_500) }).await;
            ProbeResult::ok().value("run", run)
        }
    });
    let health = built([probe.on_demand(ms(5_000))]);
    let (_, body) = get(&health, "/").await;
    assert_eq!((&body["checks"]["search"]["run"], body["checks"]["search"].get("stale")), (&1.into(), None));
    pass(ms(6_000)).await;
    let begun = Instant::now();
    let ((status, body), (_, alone)) = tokio::join!(get(&health, "/"), get(&health, "/search"));
    assert_eq!((status, begun.elapsed(), &alone["stale"]), (200, ms(800), &true.into()));
    assert_eq!((&body["checks"]["search"]["run"], &body["checks"]["search"]["stale"]), (&1.into(), &true.into()));
    pass(ms(700)).await;
    let (_, body) = get(&health, "/").await;
    assert_eq!((&body["checks"]["search"]["run"], runs.count()), (&2.into(), 2));
}

/// On one thread the requests would interleave only at their await points.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_on_several_threads_cause_one_run_too() {
    for _ in 0..500 {
        let runs = Runs::default();
        let health = built([runs.finding("quick", |_| ProbeResult::ok()).on_demand(Duration::from_secs(3_600))]);
        let mut callers = JoinSet::new();
        for _ in 0..16 {
            let health = health.clone();
            callers.spawn(async move { get(&health, "/quick").await.0 });
        }
        assert_eq!((callers.join_all().await, runs.count()), (vec![200; 16], 1));
    }
}

/// The kubelet sends no other probe before the startup probe has succeeded.
#[tokio::test(start_paused = true)]
async fn a_critical_probe_that_runs_on_demand_is_asked_for_by_the_startup_probe() {
    let runs = Runs::default();
    let health = built([runs.finding("costly", |_| ProbeResult::ok()).critical().on_demand(ms(5_000))]);
    assert_eq!((get(&health, "/startup").await.0, runs.count()), (200, 1));
}

/// microprofile-health#269: a service with a pending check is not ready, but one without checks is.
#[tokio::test(start_paused = true)]
async fn a_probe_that_never_ran_fails_readiness() {
    let health = built([Runs::default().taking("database", ms(3_000)).timeout(ms(5_000)).critical().ready()]);
    let (status, body) = get(&health, "/").await;
    assert_eq!((status, &body["checks"]["database"]["message"]), (503, &"not sampled yet".into()));
    assert_eq!(body["checks"]["database"].get("stale"), None);
    assert_eq!(get(&health, "/ready").await.0, 503);
    assert_eq!(get(&health, "/startup").await.1["error"], "database");
    pass(ms(2_000)).await;
    assert_eq!((get(&health, "/ready").await.0, get(&health, "/startup").await.0), (200, 200));
    assert_eq!(get(&built([]), "/ready").await.0, 200);
}
