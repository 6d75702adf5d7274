//! The time from the first error of a process until a receiver has the bytes of its alert.

use std::{
    env,
    path::Path,
    sync::mpsc::{self, Receiver, Sender},
    thread,
    time::{Duration, Instant},
};

use axum::{
    Extension, Router,
    response::IntoResponse,
    routing::{get, post},
};
use bytes::Bytes;
use http::StatusCode;
use monitor_kit::{
    AttachedError, Monitor, MonitorLayer,
    alert::{Alerts, Webhook},
    clock,
    store::Store,
};
use tempfile::TempDir;
use tokio::{net::TcpListener, runtime::Handle};

use crate::drive::{drive, request};

/// Measures the alert of a request that fails `age` milliseconds after its monitor was built. `what` is `error` or
/// `panic`, and `persistence` is `stored` or `unstored`.
pub fn run(what: &str, persistence: &str, age: &str) -> Option<()> {
    let path = ["/error", "/panic"].into_iter().find(|path| path[1..] == *what)?;
    let (folder, age) = (folder(persistence)?, Duration::from_millis(age.parse().ok()?));
    let (url, arrivals) = receiver();
    let monitor = monitor(&url, folder.as_ref().map(TempDir::path));
    let mut app = app(&monitor);
    thread::sleep(age);
    let begun = clock::now();
    drive(&mut app, request(path, 0));
    let arrived = arrivals.recv_timeout(PATIENCE).expect("the alert is sent");
    println!("first alert of a process: ns\t{}", arrived.saturating_duration_since(begun).as_nanos());
    monitor.shutdown(PATIENCE);
    Some(())
}

/// Returns the store's folder, or `None` for a monitor without a store. It is next to the program, because the
/// temporary folder of some systems is in memory, where a sync costs nothing.
fn folder(persistence: &str) -> Option<Option<TempDir>> {
    match persistence {
        "stored" => {
            let program = env::current_exe().expect("the program has a path");
            Some(Some(tempfile::tempdir_in(program.parent()?).expect("it can be written to")))
        }
        "unstored" => Some(None),
        _ => None,
    }
}

/// Serves a webhook on loopback. Returns its URL, and the arrival times of requests with their whole bodies.
fn receiver() -> (String, Receiver<Instant>) {
    let (sender, arrivals) = mpsc::channel();
    let listener = Handle::current().block_on(TcpListener::bind("127.0.0.1:0")).expect("there is a port");
    let url = format!("http://{}/alerts", listener.local_addr().expect("it is bound"));
    let accept = async |Extension(sender): Extension<Sender<Instant>>, _: Bytes| {
        let _ = sender.send(clock::now());
        StatusCode::NO_CONTENT
    };
    let app = Router::new().route("/alerts", post(accept)).layer(Extension(sender));
    Handle::current().spawn(async { axum::serve(listener, app).await });
    (url, arrivals)
}

/// A monitor as a program builds it.
fn monitor(url: &str, folder: Option<&Path>) -> Monitor {
    let webhook = Webhook::new(url).expect("the URL is valid");
    let mut builder = Monitor::builder("shop").environment("production").extend(Alerts::to(webhook));
    if let Some(folder) = folder {
        builder = builder.persist(Store::open(folder).expect("it can be written to"));
    }
    builder.build().expect("the settings are good")
}

/// A service whose requests all fail.
fn app(monitor: &Monitor) -> Router {
    let routes = Router::new().route("/error", get(fail)).route("/panic", get(panic));
    routes.layer(MonitorLayer::new(monitor)).with_state(())
}

async fn fail() -> impl IntoResponse {
    let error = std::io::Error::other("no stock");
    (StatusCode::INTERNAL_SERVER_ERROR, Extension(AttachedError::new(&error)))
}

async fn panic() -> StatusCode {
    panic!("there is no stock")
}

const PATIENCE: Duration = Duration::from_secs(20);
