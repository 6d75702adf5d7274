//! Helpers shared by the tests.

use std::{
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicU32, Ordering::Relaxed},
        mpsc,
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use monitor_core::{Monitor, clock};
use monitor_health::{Health, HealthBuilder, Probe, ProbeResult};
use serde_json::Value;
use tower::ServiceExt;

pub(crate) fn built(probes: impl IntoIterator<Item = Probe>) -> Health {
    probes.into_iter().fold(Health::builder(), HealthBuilder::probe).build().expect("the settings are good")
}

/// Waits until symbols are loaded, because readiness fails before.
pub(crate) fn loaded(monitor: Monitor) -> Monitor {
    let (sender, receiver) = mpsc::channel();
    monitor.on_symbols_loaded(move || drop(sender));
    let _: Result<(), _> = receiver.recv();
    monitor
}

pub(crate) async fn send(health: &Health, path: &str) -> Response<Full<Bytes>> {
    health.service().oneshot(Request::get(path).body(()).expect("a path")).await.expect("it never fails")
}

/// Returns the status and the body of the response.
pub(crate) async fn get(health: &Health, path: &str) -> (u16, Value) {
    let response = send(health, path).await;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.expect("it never fails").to_bytes();
    (status, serde_json::from_slice(&body).expect("JSON"))
}

/// A counter of runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runs(Arc<AtomicU32>);

impl Runs {
    pub(crate) fn count(&self) -> u32 {
        self.0.load(Relaxed)
    }

    pub(crate) fn add(&self) -> u32 {
        self.0.fetch_add(1, Relaxed) + 1
    }

    /// Returns a probe that takes `time` in each run.
    pub(crate) fn taking(&self, name: &str, time: Duration) -> Probe {
        let runs = self.clone();
        Probe::new(name, move || {
            runs.add();
            async move {
                tokio::time::sleep(time).await;
                ProbeResult::ok()
            }
        })
    }

    /// Returns a probe that returns `result` of the number of each run, counted from 1.
    pub(crate) fn finding(&self, name: &str, result: impl Fn(u32) -> ProbeResult + Send + Sync + 'static) -> Probe {
        let runs = self.clone();
        Probe::new(name, move || std::future::ready(result(runs.add())))
    }
}

/// Sleeps. On the paused clock, every task that is due within `time` runs.
pub(crate) async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

pub(crate) const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Repeats a request until `wanted` accepts the body. In real time, because the clock does not stop for a blocked
/// thread.
pub(crate) async fn until(health: &Health, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
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

/// A door that blocks every thread that wants to pass while it is closed.
#[derive(Clone, Default)]
pub(crate) struct Door(Arc<(Mutex<bool>, Condvar)>);

impl Door {
    pub(crate) fn pass(&self) {
        let (open, opened) = &*self.0;
        let _guard = opened
            .wait_while(open.lock().expect("no thread panics with it"), |open| !*open)
            .expect("no thread panics with it");
    }

    pub(crate) fn open(&self) {
        *self.0.0.lock().expect("no thread panics with it") = true;
        self.0.1.notify_all();
    }

    /// Returns a blocking probe that counts its runs and passes the door.
    pub(crate) fn probe(&self, name: &str, runs: &Runs) -> Probe {
        let (door, runs) = (self.clone(), runs.clone());
        Probe::blocking(name, move || {
            runs.add();
            door.pass();
            ProbeResult::ok()
        })
    }
}

/// Opens a door at the end of a test, even a failed one, because the runtime waits for its blocked threads.
pub(crate) struct Opens(pub(crate) Door);

impl Drop for Opens {
    fn drop(&mut self) {
        self.0.open();
    }
}

pub(crate) fn well(runs: &Runs) -> Probe {
    runs.finding("well", |_| ProbeResult::ok()).interval(ms(20))
}
