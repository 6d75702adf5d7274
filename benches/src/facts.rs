//! Facts, measured once: the bridge, unknown paths, memory without scrapes, concurrent callers of `/health`, and those
//! about issues and pages of metrics.

use std::{
    fs,
    ops::ControlFlow,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use axum::{Router, routing::get};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use monitor_core::instrument;
use monitor_kit::{
    FinalStatus, KnownMethod, Monitor, MonitorLayer, Outcome, PrometheusEndpoint, clock,
    health::{Health, HealthBuilder, Probe, ProbeResult},
    metrics::publish_to,
    names,
};
use tokio::{runtime::Handle, time::sleep};
use tower::ServiceExt;

use crate::{
    cases::built,
    drive::{drive, request},
    history, issues, pages,
};

/// Measures all facts. `millions` is the number of observations without a scrape, in millions.
pub fn run(millions: u32) {
    bridge();
    unknown_paths();
    issues::run(millions);
    history::run();
    pages::run();
    unscraped(millions);
    callers();
}

pub(crate) fn say(what: &str, value: f64) {
    println!("{what}\t{value:.3}");
}

/// Measures the cost of publishing a request to a recorder, and what requests add to a scrape. Neither is paid on the
/// request's thread.
fn bridge() {
    let monitor = built();
    let publications = publications(&monitor);
    // The first publication creates all series.
    let next = || publications.recv_timeout(Duration::from_secs(20)).expect("the housekeeping thread publishes");
    let (_, idle) = (next(), next());
    observe(&monitor, REQUESTS);
    // One publication may begin before the last request.
    let busy = next() + next();
    say("bridge: ns a request", (busy - 2.0 * idle).max(0.0) * 1e6 / f64::from(REQUESTS));
    let endpoint = PrometheusEndpoint::local(&monitor);
    let idle = milliseconds(|| drop(endpoint.render()));
    observe(&monitor, REQUESTS);
    let busy = milliseconds(|| drop(endpoint.render()));
    say("scrape after 100,000 requests: ms more than after none", busy - idle);
}

/// Publishes `monitor` to a recorder, and returns the duration of each publication in milliseconds. Periodic tasks run
/// in the order in which they were added.
fn publications(monitor: &Monitor) -> mpsc::Receiver<f64> {
    let begun = Arc::new(Mutex::new(clock::now()));
    let begins = Arc::clone(&begun);
    monitor.every_second(move |_| {
        *begins.lock().expect("no holder panics") = clock::now();
        ControlFlow::Continue(())
    });
    publish_to(monitor, exporter().build_recorder());
    let (sender, receiver) = mpsc::channel();
    monitor.every_second(move |_| {
        let _ = sender.send(begun.lock().expect("no holder panics").elapsed().as_secs_f64() * 1e3);
        ControlFlow::Continue(())
    });
    receiver
}

pub(crate) fn exporter() -> PrometheusBuilder {
    names::BOUNDS.into_iter().fold(PrometheusBuilder::new(), |builder, (name, bounds)| {
        builder.set_buckets_for_metric(Matcher::Full(name.to_owned()), &bounds).expect("there are bounds")
    })
}

fn observe(monitor: &Monitor, requests: u32) {
    let recorder = instrument::recorder(monitor).expect("the monitor is not disabled");
    for number in 0..requests {
        let series = recorder.series(KnownMethod::Get, "/items/{id}");
        recorder.start(series);
        let duration = Duration::from_micros(u64::from(number) * 37 % 20_000);
        recorder.end(series, FinalStatus::new(Outcome::Completed, 200), duration);
    }
}

/// Measures the number of series that a client can create by requesting unknown paths.
fn unknown_paths() {
    let monitor = built();
    let mut app =
        Router::new().route("/items/{id}", get(async || "hello")).layer(MonitorLayer::new(&monitor)).with_state(());
    let series = || monitor.traffic().map(|traffic| traffic.read().len()).unwrap_or_default();
    let before = series();
    for number in 0..10_000 {
        drive(&mut app, request(&format!("/unknown/{number}"), number));
    }
    say("10,000 unknown paths: series more", (series() - before) as f64);
}

/// Measures the memory retained by observations without a scrape.
fn unscraped(millions: u32) {
    let monitor = built();
    let endpoint = PrometheusEndpoint::local(&monitor);
    let observe_all = || {
        for _ in 0..millions {
            observe(&monitor, 1_000_000);
            thread::yield_now();
        }
    };
    // A first pass allocates the memory for observations that are published together; its size depends on scheduling.
    observe_all();
    drop(endpoint.render());
    let before = resident();
    observe_all();
    say(&format!("{millions} million observations, nobody scraping: MiB more"), (resident() - before) / 1024.0);
    drop(endpoint.render());
}

/// Measures many concurrent callers of `/health` with probes of 300 ms: the runs per probe, and the time of a later
/// answer.
fn callers() {
    let runs = Arc::new(AtomicU32::new(0));
    let probe = |name| {
        let runs = Arc::clone(&runs);
        Probe::new(name, move || {
            runs.fetch_add(1, Ordering::Relaxed);
            async {
                sleep(Duration::from_millis(300)).await;
                ProbeResult::ok()
            }
        })
    };
    let slow = ["a", "b", "c"].map(|name| probe(name).on_demand(Duration::from_secs(60)));
    let built = slow.into_iter().fold(Health::builder(), HealthBuilder::probe).build();
    let health = built.expect("the settings are good");
    let ask = || health.service().oneshot(http::Request::new(()));
    let runtime = Handle::current();
    let asked: Vec<_> = (0..200).map(|_| runtime.spawn(ask())).collect();
    asked.into_iter().for_each(|asked| drop(runtime.block_on(asked)));
    say("200 callers of /health: runs of a probe", f64::from(runs.load(Ordering::Relaxed)) / 3.0);
    say("/health from the last result: ms", milliseconds(|| drop(runtime.block_on(ask()))));
}

pub(crate) fn milliseconds(f: impl FnOnce()) -> f64 {
    let begun = clock::now();
    f();
    begun.elapsed().as_secs_f64() * 1e3
}

/// Returns the resident memory of the process in KiB.
pub(crate) fn resident() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(f64::NAN)
}

const REQUESTS: u32 = 100_000;
