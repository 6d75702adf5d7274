//! Probes that block, panic or never end, beside one that does what it should.

use std::{
    future::pending,
    sync::{Arc, Condvar, Mutex},
    thread,
    time::Duration,
};

use monitor_core::clock;
use monitor_health::{Health, Outcome, Probe};

use crate::support::{Runs, built, get, ms, pass};

/// Waits until the body says so; real time, for a thread that blocks is not paused.
async fn until(health: &Health, path: &str, wanted: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
    let begun = clock::now();
    loop {
        let (_, body) = get(health, path).await;
        if wanted(&body) {
            return body;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{body:#}");
        pass(ms(5)).await;
    }
}

/// A door that blocks whoever comes to it while it is closed.
#[derive(Clone, Default)]
struct Door(Arc<(Mutex<bool>, Condvar)>);

impl Door {
    fn pass(&self) {
        let (open, opened) = &*self.0;
        let _guard = opened
            .wait_while(open.lock().expect("nobody panics with it"), |open| !*open)
            .expect("nobody panics with it");
    }

    fn open(&self) {
        *self.0.0.lock().expect("nobody panics with it") = true;
        self.0.1.notify_all();
    }
}

fn well(runs: &Runs) -> Probe {
    runs.finding("well", |_| Outcome::ok()).interval(ms(20))
}

/// monitoring-plugins#867, oshi#3410, hellofresh/health-go#224: a check of a dead mount never returns, and each minute there
/// is one more of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_probe_that_blocks_for_ever_holds_one_thread_and_says_so() {
    let (door, runs, others) = (Door::default(), Runs::default(), Runs::default());
    let (closed, counted) = (door.clone(), runs.clone());
    let probe = Probe::blocking("mount", move || {
        counted.add();
        closed.pass();
        Outcome::ok()
    });
    let probe = probe.timeout(ms(30)).interval(ms(20)).interval_when_down(ms(20)).critical();
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
    let stuck = (0..12).map(|number| {
        let closed = door.clone();
        let probe = Probe::blocking(format!("mount{number}"), move || {
            closed.pass();
            Outcome::ok()
        });
        probe.timeout(ms(30)).interval(ms(20)).interval_when_down(ms(20))
    });
    let health = built(stuck.chain([well(&others)]));
    until(&health, "/", |body| body["checks"]["mount11"]["message"].as_str().is_some_and(|it| it.starts_with("still")))
        .await;
    let before = others.count();
    until(&health, "/", |_| others.count() > before + 5).await;
    door.open();
}

/// smallrye-health#537, and nidus-http 1.0.13, where a blocking check answered after 2 s in spite of its 200 ms.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn an_asynchronous_probe_that_blocks_its_thread_harms_no_other() {
    let (door, runs, others) = (Door::default(), Runs::default(), Runs::default());
    let (closed, counted) = (door.clone(), runs.clone());
    let probe = Probe::new("bad", move || {
        counted.add();
        let closed = closed.clone();
        async move {
            closed.pass();
            Outcome::ok()
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

/// With axum-health 0.2.1 a panic ends the connection; with health 0.2.0 the loop, and the status stays healthy for ever.
#[tokio::test(start_paused = true)]
async fn a_probe_that_panics_is_asked_again_and_says_nothing_of_why() {
    let (runs, others) = (Runs::default(), Runs::default());
    let probe = runs.finding("broken", |run| {
        assert!(run > 2, "postgres://app:hunter2@db/app");
        Outcome::ok()
    });
    let probe = probe.critical().interval(ms(20)).interval_when_down(ms(20));
    let health = built([probe, well(&others)]);
    let (status, body) = get(&health, "/").await;
    assert_eq!((status, &body["checks"]["broken"]["message"]), (503, &"probe panicked".into()));
    assert!(!body.to_string().contains("hunter2"), "{body}");
    pass(ms(200)).await;
    assert_eq!(get(&health, "/").await.0, 200, "two good runs, and it is up");
    assert!(others.count() > 5);
}

#[tokio::test(start_paused = true)]
async fn an_error_that_panics_while_it_is_shown_is_an_error_all_the_same() {
    #[derive(Debug)]
    struct Rude;
    impl std::error::Error for Rude {}
    impl std::fmt::Display for Rude {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("not to be shown")
        }
    }
    let runs = Runs::default();
    let health = built([runs.finding("rude", |_| Outcome::error("away").source(Rude)).interval_when_down(ms(20))]);
    let (_, body) = get(&health, "/").await;
    assert_eq!(body["checks"]["rude"]["message"], "away");
    pass(ms(200)).await;
    assert!(runs.count() > 3);
}

/// hellofresh/health-go#89, #90: a check that never ends is left behind, and its memory with it.
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
            Outcome::ok()
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

/// In etcd's and Kubernetes' `log` check and in health 0.2.0 alone an old result is no good result.
#[test]
fn a_result_is_not_believed_once_it_is_older_than_three_intervals() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let runs = Runs::default();
    let probe = || runs.finding("database", |_| Outcome::ok()).critical().ready().interval(ms(20)).timeout(ms(20));
    let health = runtime.block_on(async {
        let health = built([probe()]);
        assert_eq!(get(&health, "/ready").await.0, 200);
        health
    });
    // Nobody drives the runtime: the registry is not looked after any more.
    let begun = clock::now();
    while health.reading().is_ready {
        assert!(begun.elapsed() < Duration::from_secs(10), "it is believed for ever");
        thread::yield_now();
    }
    assert!(begun.elapsed() >= ms(20), "not before its time");
}
