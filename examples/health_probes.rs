//! A search index that is rebuilt and then lost, as seen through `/health` and a reporter.
//!
//! ```sh
//! cargo run --example health_probes --features axum
//! ```

use std::{
    io::{Write, stdout},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Body};
use http::Request;
use monitor_kit::{
    BoxError, Monitor, Signal,
    health::{Health, Probe, ProbeResult},
};
use tower::ServiceExt;

/// A stand-in for a client of the index.
#[derive(Clone, Copy)]
enum Index {
    Fine,
    Rebuilt,
    Lost,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let monitor = Monitor::builder("shop").release("1.4.2").reporter_fn("terminal", |signal| {
        if let Signal::HealthChanged(change) = signal {
            let what = change.probe.as_deref().unwrap_or("the service");
            say(format!("  {what}: {} -> {} {}", change.from, change.to, change.message).trim_end());
        }
    });
    let monitor = monitor.build()?;
    let index = Arc::new(Mutex::new(Index::Fine));
    let asked = Arc::clone(&index);
    let look = move || {
        let index = *asked.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        async move {
            match index {
                Index::Fine => ProbeResult::ok().value("documents", 10_000),
                Index::Rebuilt => ProbeResult::warning("rebuilt, results may be missing").value("documents", 4_000),
                // The message is public, the source goes to the log only. A refused connection is conclusive.
                Index::Lost => ProbeResult::error("not reachable").source("10.0.0.7:9200 refused").decisive(),
            }
        }
    };
    let health = Health::builder()
        .monitor(&monitor)
        .probe(Probe::new("search", look).critical().ready().on_demand(Duration::from_millis(1)))
        .build()?;
    let app = Router::new().nest_service("/health", health.service());

    // Until then `/health/ready` is 503, because the first captured error would wait for the symbols.
    let (loaded, symbols) = tokio::sync::oneshot::channel();
    monitor.on_symbols_loaded(move || _ = loaded.send(()));
    symbols.await?;

    for (what, now) in [("well", Index::Fine), ("rebuilt", Index::Rebuilt), ("lost", Index::Lost)] {
        *index.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = now;
        tokio::time::sleep(Duration::from_millis(5)).await;
        say(&format!("{what}:"));
        for path in ["/health/search", "/health/ready?verbose"] {
            let response = app.clone().oneshot(Request::get(path).body(Body::empty())?).await?;
            let status = response.status();
            let body = axum::body::to_bytes(response.into_body(), 4_096).await?;
            let body = String::from_utf8_lossy(&body).trim_end().replace('\n', " | ");
            say(&format!("  GET {path}: {} {body}", status.as_u16()));
        }
        monitor.flush(Duration::from_secs(1));
    }
    health.drain_on(async {}, Duration::ZERO).await;
    say(&format!("drained, ready: {}", health.reading().is_ready));
    Ok(())
}

fn say(text: &str) {
    // A closed pipe is ignored.
    let _ = writeln!(stdout(), "{text}");
}
