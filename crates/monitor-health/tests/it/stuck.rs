//! Probes that block or never end, next to one that works.

use std::{future::pending, thread, time::Duration};

use monitor_core::clock;
use monitor_health::{Probe, ProbeResult};

use crate::support::{Door, Opens, Runs, built, get, ms, pass, until, well};

/// monitoring-plugins#867, oshi#3410, hellofresh/health-go#224: a check of a dead mount never returns, and each minute
/// another one is started.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_probe_that_blocks_for_ever_holds_one_thread_and_says_so() {
    let (door, runs, others) = (Door::default(), Runs::default(), Runs::default());
    let _opens = Opens(door.clone());
    let probe = door.probe("mount", &runs).timeout(ms(30)).interval(ms(20)).interval_when_down(ms(20)).critical();
    let health = built([probe, well(&others)]);
    let said = |body: &serde_json::Value| body["checks"]["mount"]["message"].as_str().unwrap_or_default().to_owned();
    until(&health, "/", |body| said(body) == "no answer within 30 ms").await;
    until(&health, "/", |body| said(body).starts_with("still running after")).await;
    let before = others.count();
    until(&health, "/", |_| others.count() > before + 5).await;
    assert_eq!(runs.count(), 1, "one thread and no more");
    assert_eq!(get(&health, "/live").await.0, 200);
    door.open();
    until(&health, "/", |body| body["checks"]["mount"]["status"] == "ok").await;
    assert!(runs.count() >= 3, "it is asked again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_stuck_probes_than_run_side_by_side_hold_up_no_other() {
    let (door, others) = (Door::default(), Runs::default());
    let _opens = Opens(door.clone());
    let stuck = (0..12).map(|number| {
        let probe = door.probe(&format!("mount{number}"), &Runs::default());
        probe.timeout(ms(30)).interval(ms(20)).interval_when_down(ms(20))
    });
    let health = built(stuck.chain([well(&others)]));
    until(&health, "/", |body| body["checks"]["mount11"]["message"].as_str().is_some_and(|it| it.starts_with("still")))
        .await;
    let before = others.count();
    until(&health, "/", |_| others.count() > before + 5).await;
    door.open();
}

/// smallrye-health#537, and nidus-http 1.0.13, where a blocking check took 2 s despite its time-out of 200 ms.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn an_asynchronous_probe_that_blocks_its_thread_harms_no_other() {
    let (door, runs, others) = (Door::default(), Runs::default(), Runs::default());
    let _opens = Opens(door.clone());
    let (closed, counted) = (door.clone(), runs.clone());
    let probe = Probe::new("bad", move || {
        counted.add();
        let closed = closed.clone();
        async move {
            closed.pass();
            ProbeResult::ok()
        }
    });
    let probe = probe.timeout(ms(30)).interval(ms(20)).interval_when_down(ms(20));
    let health = built([probe, well(&others)]);
    until(&health, "/", |body| body["checks"]["bad"]["message"].as_str().is_some_and(|it| it.starts_with("still")))
        .await;
    let before = others.count();
    until(&health, "/", |_| others.count() > before + 5).await;
    assert_eq!(runs.count(), 1);
    door.open();
    until(&health, "/", |body| body["checks"]["bad"]["status"] == "ok").await;
}

/// A blocked thread of the runtime prevents `main` from returning, forever in the case of a dead mount.
#[test]
fn a_probe_that_blocks_for_ever_does_not_keep_the_program_from_ending() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let door = Door::default();
    let _opens = Opens(door.clone());
    runtime.block_on(async {
        let health = built([door.probe("mount", &Runs::default())]);
        pass(ms(50)).await;
        drop(health);
    });
    let (sender, receiver) = std::sync::mpsc::channel();
    thread::spawn(move || {
        drop(runtime);
        let _ = sender.send(());
    });
    assert!(receiver.recv_timeout(Duration::from_secs(10)).is_ok(), "the runtime waits for the probe");
    door.open();
}

#[test]
fn a_probe_that_is_stuck_is_not_asked_again_on_another_runtime() {
    let (door, runs) = (Door::default(), Runs::default());
    let _opens = Opens(door.clone());
    let probe = door.probe("mount", &runs);
    let health = built([probe.on_demand(ms(10)).timeout(ms(20))]);
    for _ in 0..3 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(get(&health, "/"));
    }
    assert_eq!(runs.count(), 1);
    door.open();
}

#[tokio::test(start_paused = true)]
async fn probes_that_take_their_time_leave_turns_to_others() {
    let runs = Runs::default();
    let slow =
        (0..8).map(|number| Probe::new(format!("slow{number}"), || async { pending().await }).timeout(Duration::MAX));
    let health = built(slow.chain([runs.finding("fast", |_| ProbeResult::ok()).critical()]));
    pass(Duration::from_secs(30)).await;
    assert_eq!(get(&health, "/fast").await.0, 200);
    assert!(runs.count() >= 2);
}

#[tokio::test(start_paused = true)]
async fn callers_do_not_wait_for_a_run_past_its_time_out() {
    let door = Door::default();
    let _opens = Opens(door.clone());
    let probe = door.probe("mount", &Runs::default());
    let health = built([probe.on_demand(ms(10)).timeout(ms(30))]);
    assert_eq!(get(&health, "/mount").await.1["message"], "no answer within 30 ms");
    pass(ms(100)).await;
    let begun = tokio::time::Instant::now();
    assert_eq!(get(&health, "/mount").await.1["stale"], true);
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

/// hellofresh/health-go#89, #90: a check that never ends is leaked together with its memory.
#[tokio::test(start_paused = true)]
async fn a_probe_whose_future_never_ends_is_dropped_when_its_time_is_over() {
    struct Held(Runs);
    impl Drop for Held {
        fn drop(&mut self) {
            self.0.add();
        }
    }
    let (runs, dropped, others) = (Runs::default(), Runs::default(), Runs::default());
    let (counted, held) = (runs.clone(), dropped.clone());
    let probe = Probe::new("leaking", move || {
        counted.add();
        let held = Held(held.clone());
        async move {
            let _held = held;
            pending::<()>().await;
            ProbeResult::ok()
        }
    });
    let probe = probe.timeout(ms(100)).interval(ms(100)).interval_when_down(ms(100));
    let health = built([probe, well(&others)]);
    pass(ms(10_000)).await;
    let (_, body) = get(&health, "/").await;
    assert_eq!(body["checks"]["leaking"]["message"], "no answer within 100 ms");
    assert!(runs.count() > 40 && runs.count() - dropped.count() <= 1, "{} of {}", dropped.count(), runs.count());
    assert!(others.count() > 400);
}

/// Of other implementations, only etcd's check, Kubernetes' `log` check and health 0.2.0 reject an old result.
#[test]
fn a_result_is_not_believed_once_it_is_older_than_three_intervals() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let runs = Runs::default();
    let probe = || runs.finding("database", |_| ProbeResult::ok()).critical().ready().interval(ms(20)).timeout(ms(20));
    let health = runtime.block_on(async {
        let health = built([probe()]);
        assert_eq!(get(&health, "/ready").await.0, 200);
        health
    });
    // The runtime is no longer driven, so no probe runs.
    let begun = clock::now();
    while health.reading().is_ready {
        assert!(begun.elapsed() < Duration::from_secs(10), "it is believed for ever");
        thread::yield_now();
    }
    assert!(begun.elapsed() >= ms(20), "not before its time");
}
