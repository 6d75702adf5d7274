//! The schedule of probes.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering::Relaxed},
};

use monitor_health::{Health, HealthStatus, Probe, ProbeResult};
use tokio::time::Instant;

use crate::support::{Runs, built, get, ms, pass};

/// Returns the times of a probe's runs, in milliseconds.
async fn times(of: impl Fn(u32) -> ProbeResult + Send + Sync + 'static, until: u64) -> Vec<u64> {
    let (times, begun, runs) = (Arc::new(Mutex::new(Vec::new())), Instant::now(), Runs::default());
    let recorded = Arc::clone(&times);
    let health = built([runs.finding("database", move |run| {
        recorded
            .lock()
            .expect("no thread panics with it")
            .push(u64::try_from(begun.elapsed().as_millis()).unwrap_or(0));
        of(run)
    })]);
    pass(ms(until)).await;
    drop(health);
    times.lock().expect("no thread panics with it").clone()
}

fn pauses(times: &[u64]) -> Vec<u64> {
    times.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// Consul#954, envoy#6892: checks that were started together stay synchronized forever.
#[tokio::test(start_paused = true)]
async fn a_probe_runs_at_once_and_then_every_ten_seconds_or_so() {
    let (first, second) =
        (times(|_| ProbeResult::ok(), 1_000_000).await, times(|_| ProbeResult::ok(), 1_000_000).await);
    for times in [&first, &second] {
        assert_eq!(times[0], 0);
        let pauses = pauses(times);
        assert!(
            (4_000..=11_001).contains(&pauses[0]),
            "the second run comes sooner, by up to five seconds: {}",
            pauses[0]
        );
        assert!(pauses[1..].iter().all(|pause| (9_000..=11_001).contains(pause)), "{pauses:?}");
        assert!(times.len() > 90, "{}", times.len());
    }
    assert_ne!(first, second, "two that were started together drift apart");
}

/// Consul#954: instances that are started together.
#[tokio::test(start_paused = true)]
async fn the_second_run_comes_sooner_by_a_time_of_its_own() {
    let mut firsts = Vec::new();
    for _ in 0..30 {
        firsts.push(pauses(&times(|_| ProbeResult::ok(), 12_000).await)[0]);
    }
    let (least, most) = (firsts.iter().min().unwrap(), firsts.iter().max().unwrap());
    assert!(*least < 7_500 && most - least > 2_000, "{firsts:?}");
}

/// Dropwizard's `downtimeInterval`.
#[tokio::test(start_paused = true)]
async fn a_failed_probe_runs_about_every_thirty_seconds() {
    let pauses = pauses(&times(|_| ProbeResult::error("away"), 1_000_000).await);
    assert!((22_000..=33_001).contains(&pauses[0]), "{pauses:?}");
    assert!(pauses[1..].iter().all(|pause| (27_000..=33_001).contains(pause)), "{pauses:?}");
}

#[tokio::test(start_paused = true)]
async fn a_dependency_that_hangs_takes_the_service_out_of_readiness_within_twenty_seconds() {
    for _ in 0..20 {
        let hangs = Arc::new(AtomicU32::new(0));
        let hung = Arc::clone(&hangs);
        let probe = Probe::new("database", move || {
            let hangs = hung.load(Relaxed) == 1;
            async move { if hangs { std::future::pending().await } else { ProbeResult::ok() } }
        });
        let health = built([probe.critical().ready()]);
        pass(ms(25_000)).await;
        assert_eq!(get(&health, "/ready").await.0, 200);
        hangs.store(1, Relaxed);
        pass(ms(20_001)).await;
        assert_eq!(get(&health, "/ready").await.0, 503);
    }
}

#[tokio::test(start_paused = true)]
async fn until_the_thresholds_have_decided_a_probe_runs_every_one_to_one_and_a_half_seconds() {
    let of = |run| if (3..=5).contains(&run) { ProbeResult::error("away") } else { ProbeResult::ok() };
    let pauses = pauses(&times(of, 200_000).await);
    let is_soon = |pause: &u64| (1_000..=1_501).contains(pause);
    assert!(is_soon(&pauses[2]) && is_soon(&pauses[3]), "two more failures: {pauses:?}");
    assert!((27_000..=33_001).contains(&pauses[4]), "it is down: {pauses:?}");
    assert!(is_soon(&pauses[5]), "one more success: {pauses:?}");
    assert!((9_000..=11_001).contains(&pauses[6]), "it is up: {pauses:?}");
}

#[tokio::test(start_paused = true)]
async fn a_probe_with_a_shorter_interval_keeps_it_while_the_thresholds_have_not_decided() {
    let runs = Runs::default();
    let probe = runs.finding("database", |run| if run == 1 { ProbeResult::ok() } else { ProbeResult::error("away") });
    let health = built([probe.interval(ms(100)).critical().ready()]);
    pass(ms(500)).await;
    assert_eq!(get(&health, "/ready").await.0, 503);
}

#[tokio::test(start_paused = true)]
async fn at_most_eight_probes_run_side_by_side() {
    let (runs, in_flight, most) = (Runs::default(), Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let probes = (0..20).map(|number| {
        let (runs, in_flight, most) = (runs.clone(), Arc::clone(&in_flight), Arc::clone(&most));
        Probe::new(format!("p{number}"), move || {
            let (in_flight, most) = (Arc::clone(&in_flight), Arc::clone(&most));
            runs.add();
            async move {
                most.fetch_max(in_flight.fetch_add(1, Relaxed) + 1, Relaxed);
                pass(ms(100)).await;
                in_flight.fetch_sub(1, Relaxed);
                ProbeResult::ok()
            }
        })
    });
    let health = built(probes);
    let begun = Instant::now();
    assert_eq!(get(&health, "/").await.0, 200);
    assert_eq!(
        (begun.elapsed(), runs.count(), most.load(Relaxed)),
        (ms(300), 20, 8),
        "three times eight is enough for twenty"
    );
}

#[tokio::test(start_paused = true)]
async fn the_wait_for_a_concurrency_slot_does_not_count_towards_the_time_out() {
    let runs = Runs::default();
    let health = built((0..24).map(|number| {
        let probe = runs.taking(&format!("p{number}"), ms(150)).timeout(ms(160));
        probe.on_demand(ms(60_000)).critical()
    }));
    let first = tokio::spawn({
        let health = health.clone();
        async move { get(&health, "/").await.0 }
    });
    pass(ms(200)).await;
    let (status, body) = get(&health, "/").await;
    assert_eq!((status, runs.count()), (200, 24), "the last eight are waited for: {body:#}");
    assert_eq!(first.await.unwrap(), 200);
}

#[tokio::test(start_paused = true)]
async fn nothing_runs_after_the_last_handle_is_dropped() {
    let runs = Runs::default();
    let health = built([runs.finding("database", |_| ProbeResult::ok())]);
    pass(ms(25_000)).await;
    let before = runs.count();
    assert!(before >= 2);
    drop(health);
    pass(ms(100_000)).await;
    assert_eq!(runs.count(), before);
}

#[tokio::test(start_paused = true)]
async fn a_probe_is_dropped_with_the_last_handle_however_long_its_pause() {
    let held = Arc::new(());
    let holds = Arc::clone(&held);
    let probe = Probe::new("database", move || {
        let _pool = Arc::clone(&holds);
        async { ProbeResult::ok() }
    });
    let health = built([probe.interval(std::time::Duration::MAX)]);
    pass(ms(100)).await;
    drop(health);
    pass(ms(100)).await;
    assert_eq!(Arc::strong_count(&held), 1);
}

#[tokio::test(start_paused = true)]
async fn the_longest_times_do_no_harm() {
    let longest = std::time::Duration::MAX;
    let runs = Runs::default();
    let slow =
        runs.finding("slow", |_| ProbeResult::error("away")).critical().ready().max_unready(longest).timeout(longest);
    let slow =
        slow.interval(longest).interval_when_down(longest).failure_threshold(u32::MAX).success_threshold(u32::MAX);
    let health = built([slow, runs.finding("asked", |_| ProbeResult::ok()).on_demand(longest).timeout(longest)]);
    pass(ms(1_000_000_000)).await;
    let statuses = [get(&health, "/").await.0, get(&health, "/slow").await.0, get(&health, "/asked").await.0];
    assert_eq!((statuses, runs.count()), ([503, 503, 200], 2));
}

#[test]
fn built_outside_of_a_runtime_it_begins_with_the_first_request() {
    let runs = Runs::default();
    let health = built([runs.finding("database", |_| ProbeResult::ok())]);
    assert_eq!((runs.count(), health.reading().probes[0].status), (0, HealthStatus::Unknown));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        assert_eq!(get(&health, "/").await.0, 200);
        pass(ms(25_000)).await;
        assert!(runs.count() >= 2);
    });
}

#[test]
fn on_another_runtime_it_goes_on() {
    let runs = Runs::default();
    let health = built([runs.finding("database", |_| ProbeResult::ok()).critical().ready()]);
    for runtimes in 1..=3 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            // The result from the previous runtime may still be fresh.
            get(&health, "/ready").await;
            pass(ms(25_000)).await;
            assert_eq!(get(&health, "/ready").await.0, 200);
        });
        assert!(runs.count() >= 2 * runtimes, "{} runs on {runtimes} runtimes", runs.count());
    }
}

/// Xabaril#752, #404: without a memory of earlier runs, one lost packet is an outage.
#[tokio::test(start_paused = true)]
async fn it_takes_three_failures_to_be_down_and_two_successes_to_be_up() {
    let runs = Runs::default();
    let probe = runs.finding("database", |run| match run {
        2..=4 => ProbeResult::error("away"),
        _ => ProbeResult::ok(),
    });
    let health = built([probe.critical().on_demand(ms(1_000))]);
    let mut seen = Vec::new();
    for _ in 0..6 {
        let (status, body) = get(&health, "/").await;
        let check = &body["checks"]["database"];
        seen.push((status, check["status"].as_str().unwrap().to_owned(), check["message"].as_str().map(String::from)));
        pass(ms(1_001)).await;
    }
    let expected = [
        (200, "ok", None),
        (200, "warning", Some("away (1/3)")),
        (200, "warning", Some("away (2/3)")),
        (503, "error", Some("away")),
        (503, "error", Some("away (recovering, 1/2)")),
        (200, "ok", None),
    ];
    assert_eq!(seen, expected.map(|(status, word, text)| (status, word.to_owned(), text.map(String::from))));
}

/// AWS Builders' Library: when a dependency is down for all instances, none is left to serve.
#[tokio::test(start_paused = true)]
async fn readiness_returns_after_max_unready() {
    let probe = || Runs::default().finding("database", |_| ProbeResult::error("away")).critical().ready();
    let (held, given) = (built([probe()]), built([probe().max_unready(ms(60_000))]));
    pass(ms(55_000)).await;
    assert_eq!((get(&held, "/ready").await.0, get(&given, "/ready").await.0), (503, 503));
    pass(ms(10_000)).await;
    assert_eq!((get(&held, "/ready").await.0, get(&given, "/ready").await.0), (503, 200));
    assert!(given.reading().is_ready);
    let (status, body) = get(&given, "/").await;
    assert_eq!((status, &body["checks"]["database"]["status"]), (503, &"error".into()), "it is not well for all that");
}

/// rancher-desktop-2#370: a refused connection is not a transient failure.
#[tokio::test(start_paused = true)]
async fn a_decisive_failure_counts_at_once() {
    let runs = Runs::default();
    let probe = runs
        .finding("database", |run| if run == 1 { ProbeResult::ok() } else { ProbeResult::error("refused").decisive() });
    let health: Health = built([probe.critical().on_demand(ms(1_000))]);
    assert_eq!(get(&health, "/").await.0, 200);
    pass(ms(1_001)).await;
    assert_eq!(get(&health, "/").await.0, 503);
}
