//! Probes that block, panic or never end, beside one that does what it should.

use std::{
    future::pending,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use monitor_core::clock;
use monitor_health::{Health, Outcome, Probe};

use tracing_subscriber::layer::SubscriberExt;

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

/// Opens a door when the test ends, also when it fails: a runtime waits for its blocked threads.
struct Opens(Door);

impl Drop for Opens {
    fn drop(&mut self) {
        self.0.open();
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
    let _opens = Opens(door.clone());
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
    let _opens = Opens(door.clone());
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
    let _opens = Opens(door.clone());
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

/// What an error does when it is dropped is the program's own code, too.
#[derive(Debug)]
struct Rude(fn());

impl std::fmt::Display for Rude {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("rude")
    }
}

impl std::error::Error for Rude {}

impl Drop for Rude {
    fn drop(&mut self) {
        if !thread::panicking() {
            (self.0)();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_that_panics_or_waits_when_it_is_dropped_holds_up_nobody() {
    let (door, in_flight, runs) = (Door::default(), Arc::new(Mutex::new((0, 0))), Runs::default());
    let _opens = Opens(door.clone());
    let (closed, counted, asked) = (door.clone(), Arc::clone(&in_flight), runs.clone());
    let mount = Probe::blocking("mount", move || {
        if asked.add() == 1 {
            return Outcome::error("away").source(Rude(|| panic!("dropped")));
        }
        let most = |by: i32| {
            let mut counted = counted.lock().expect("nobody panics with it");
            counted.0 += by;
            counted.1 = counted.1.max(counted.0);
        };
        most(1);
        closed.pass();
        most(-1);
        Outcome::ok()
    });
    let mount = mount.timeout(ms(30)).interval(ms(20)).interval_when_down(ms(20));
    let slow = Runs::default().finding("slow", |_| Outcome::error("away").source(Rude(|| thread::sleep(ms(1_500)))));
    let health = built([mount, slow]);
    let begun = clock::now();
    get(&health, "/").await;
    assert!(begun.elapsed() < ms(1_400), "{:?}", begun.elapsed());
    until(&health, "/mount", |body| body["message"].as_str().is_some_and(|it| it.starts_with("still"))).await;
    door.open();
    until(&health, "/mount", |body| body["status"] == "ok").await;
    assert_eq!(in_flight.lock().unwrap().1, 1, "one at a time");
}

/// A log that panics whenever health speaks, while it is told to.
#[derive(Clone, Default)]
struct BrokenLog(Arc<AtomicBool>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for BrokenLog {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        let is_ours = event.metadata().target() == "monitor::health";
        assert!(!(is_ours && self.0.load(Relaxed)), "the log is broken");
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_that_panics_ends_no_probe() {
    let log = BrokenLog::default();
    let _subscribed = tracing::subscriber::set_default(tracing_subscriber::registry().with(log.clone()));
    let runs = Runs::default();
    let health =
        built([runs.finding("flickering", |run| if run % 2 == 0 { Outcome::ok() } else { Outcome::warning("odd") })]);
    log.0.store(true, Relaxed);
    pass(ms(100_000)).await;
    log.0.store(false, Relaxed);
    let before = runs.count();
    pass(ms(100_000)).await;
    assert!(before > 8 && runs.count() > before + 8, "{before} and {} runs", runs.count());
    drop(health);
}

/// A thread of the runtime that is blocked keeps `main` from returning, on a dead mount for ever.
#[test]
fn a_probe_that_blocks_for_ever_does_not_keep_the_program_from_ending() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let door = Door::default();
    let _opens = Opens(door.clone());
    let closed = door.clone();
    runtime.block_on(async {
        let health = built([Probe::blocking("mount", move || {
            closed.pass();
            Outcome::ok()
        })]);
        pass(ms(50)).await;
        drop(health);
    });
    let (tell, told) = std::sync::mpsc::channel();
    thread::spawn(move || {
        drop(runtime);
        let _ = tell.send(());
    });
    assert!(told.recv_timeout(Duration::from_secs(10)).is_ok(), "the runtime waits for the probe");
    door.open();
}

#[test]
fn a_probe_that_is_stuck_is_not_asked_again_on_another_runtime() {
    let (door, runs) = (Door::default(), Runs::default());
    let _opens = Opens(door.clone());
    let (closed, counted) = (door.clone(), runs.clone());
    let probe = Probe::blocking("mount", move || {
        counted.add();
        closed.pass();
        Outcome::ok()
    });
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
    let health = built(slow.chain([runs.finding("fast", |_| Outcome::ok()).critical()]));
    pass(Duration::from_secs(30)).await;
    assert_eq!(get(&health, "/fast").await.0, 200);
    assert!(runs.count() >= 2);
}

#[tokio::test(start_paused = true)]
async fn an_error_that_panics_while_it_is_shown_is_an_error_all_the_same() {
    #[derive(Debug)]
    struct Unspeakable;
    impl std::error::Error for Unspeakable {}
    impl std::fmt::Display for Unspeakable {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("not to be shown")
        }
    }
    let runs = Runs::default();
    let health =
        built([runs.finding("rude", |_| Outcome::error("away").source(Unspeakable)).interval_when_down(ms(20))]);
    let (_, body) = get(&health, "/").await;
    assert_eq!(body["checks"]["rude"]["message"], "away");
    pass(ms(200)).await;
    assert!(runs.count() > 3);
}

#[tokio::test]
async fn wherever_a_probe_panics_it_is_said_to() {
    struct Falls;
    impl Drop for Falls {
        fn drop(&mut self) {
            panic!("hunter2");
        }
    }
    let health = built([
        Probe::new("polled", || async { panic!("hunter2") }),
        Probe::blocking("blocking", || -> Outcome { panic!("hunter2") }),
        Probe::new("dropped", || {
            let falls = Falls;
            std::future::poll_fn(move |_| {
                let _falls = &falls;
                std::task::Poll::Ready(Outcome::ok())
            })
        }),
    ]);
    let (_, body) = get(&health, "/").await;
    for name in ["polled", "blocking", "dropped"] {
        assert_eq!(body["checks"][name]["message"], "probe panicked", "{name}: {body:#}");
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_run_that_is_past_its_time() {
    let door = Door::default();
    let _opens = Opens(door.clone());
    let closed = door.clone();
    let probe = Probe::blocking("mount", move || {
        closed.pass();
        Outcome::ok()
    });
    let health = built([probe.on_demand(ms(10)).timeout(ms(30))]);
    assert_eq!(get(&health, "/mount").await.1["message"], "no answer within 30 ms");
    pass(ms(100)).await;
    let begun = tokio::time::Instant::now();
    assert_eq!(get(&health, "/mount").await.1["stale"], true);
    assert_eq!(begun.elapsed(), Duration::ZERO);
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
