//! Panics in probes, in their futures and errors, and in the log subscriber.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
};

use monitor_core::clock;
use monitor_health::{Probe, ProbeResult};
use tracing_subscriber::layer::SubscriberExt;

use crate::support::{Door, Opens, Runs, built, get, ms, pass, until, well};

/// In axum-health 0.2.1 a panic closes the connection; in health 0.2.0 it ends the loop, and the status stays healthy.
#[tokio::test(start_paused = true)]
async fn a_probe_that_panics_is_asked_again_and_says_nothing_of_why() {
    let (runs, others) = (Runs::default(), Runs::default());
    let probe = runs.finding("broken", |run| {
        assert!(run > 2, "postgres://app:hunter2@db/app");
        ProbeResult::ok()
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

/// An error with a destructor that runs code of the program.
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
async fn an_error_that_panics_or_blocks_in_drop_delays_no_caller() {
    let (door, in_flight, runs) = (Door::default(), Arc::new(Mutex::new((0, 0))), Runs::default());
    let _opens = Opens(door.clone());
    let (closed, counted, asked) = (door.clone(), Arc::clone(&in_flight), runs.clone());
    let mount = Probe::blocking("mount", move || {
        if asked.add() == 1 {
            return ProbeResult::error("away").source(Rude(|| panic!("dropped")));
        }
        let most = |by: i32| {
            let mut counted = counted.lock().expect("no thread panics with it");
            counted.0 += by;
            counted.1 = counted.1.max(counted.0);
        };
        most(1);
        closed.pass();
        most(-1);
        ProbeResult::ok()
    });
    let mount = mount.timeout(ms(30)).interval(ms(20)).interval_when_down(ms(20));
    let slow =
        Runs::default().finding("slow", |_| ProbeResult::error("away").source(Rude(|| thread::sleep(ms(1_500)))));
    let health = built([mount, slow]);
    let begun = clock::now();
    get(&health, "/").await;
    assert!(begun.elapsed() < ms(1_400), "{:?}", begun.elapsed());
    until(&health, "/mount", |body| body["message"].as_str().is_some_and(|it| it.starts_with("still"))).await;
    door.open();
    until(&health, "/mount", |body| body["status"] == "ok").await;
    assert_eq!(in_flight.lock().unwrap().1, 1, "one at a time");
}

/// A log that panics at every health event while it is switched on.
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
        built([runs
            .finding("flickering", |run| if run % 2 == 0 { ProbeResult::ok() } else { ProbeResult::warning("odd") })]);
    log.0.store(true, Relaxed);
    pass(ms(100_000)).await;
    log.0.store(false, Relaxed);
    let before = runs.count();
    pass(ms(100_000)).await;
    assert!(before > 8 && runs.count() > before + 8, "{before} and {} runs", runs.count());
    drop(health);
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
        built([runs.finding("rude", |_| ProbeResult::error("away").source(Unspeakable)).interval_when_down(ms(20))]);
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
        Probe::blocking("blocking", || -> ProbeResult { panic!("hunter2") }),
        Probe::new("dropped", || {
            let falls = Falls;
            std::future::poll_fn(move |_| {
                let _falls = &falls;
                std::task::Poll::Ready(ProbeResult::ok())
            })
        }),
    ]);
    let (_, body) = get(&health, "/").await;
    for name in ["polled", "blocking", "dropped"] {
        assert_eq!(body["checks"][name]["message"], "probe panicked", "{name}: {body:#}");
    }
}
