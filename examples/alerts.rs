//! A failure is an alert at a webhook, which verifies its signature, and so is the end of it.
//!
//! ```sh
//! cargo run --example alerts --features alert,axum,store
//! ```

use std::{
    fs,
    io::{Write, stdout},
    net::SocketAddr,
    time::Duration,
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::Path,
    http::{HeaderMap, Request, StatusCode},
    routing::{get, post},
};
use monitor_kit::{
    BoxError, Monitor, MonitorLayer, Triage,
    alert::{Alerts, Webhook, verify_signature},
    store::Store,
};
use serde_json::Value;
use tower::ServiceExt;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let receiver = serve(Router::new().route("/alerts", post(receive))).await?;
    let folder = std::env::temp_dir().join(format!("alerts-{}", std::process::id()));
    let webhook = Webhook::new(&format!("http://{receiver}/alerts"))?.secret(SECRET)?;
    let monitor = Monitor::builder("shop").release("1.4.2");
    let monitor = monitor.persist(Store::open(&folder)?).extend(Alerts::to(webhook)).build()?;
    let shop = Router::new().route("/prices/{item}", get(price)).layer(MonitorLayer::new(&monitor));

    visit(&shop, "/prices/1").await?;
    visit(&shop, "/prices/7").await?;
    flush(&monitor).await?;
    say("the same failure again is no alert:");
    visit(&shop, "/prices/8").await?;
    flush(&monitor).await?;
    say("an operator resolves the issue:");
    for issue in monitor.issues() {
        monitor.triage(issue.fingerprint, Triage::Resolve, "ada")?;
    }
    flush(&monitor).await?;
    for counts in monitor.alert_counts() {
        say(&format!("{}: {} delivered, {} waiting", counts.notifier, counts.delivered, counts.waiting));
    }
    monitor.shutdown(Duration::from_secs(5));
    Ok(fs::remove_dir_all(&folder)?)
}

/// The bug: there are two prices.
async fn price(Path(item): Path<usize>) -> Json<u32> {
    Json([250, 990][item])
}

/// The receiver, usually another program.
async fn receive(headers: HeaderMap, body: Bytes) -> StatusCode {
    if let Err(error) = verify_signature(SECRET, &headers, &body) {
        say(&format!("  refused: {error}"));
        return StatusCode::UNAUTHORIZED;
    }
    let Ok(notification) = serde_json::from_slice::<Value>(&body) else { return StatusCode::BAD_REQUEST };
    let text = |pointer| notification.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    say(&format!("  {}: {}", text("/transition"), text("/alert/title")));
    say(&format!("    {}, at {}", text("/alert/facts/message"), text("/alert/facts/location")));
    StatusCode::NO_CONTENT
}

async fn serve(router: Router) -> Result<SocketAddr, BoxError> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(addr)
}

async fn visit(shop: &Router, path: &str) -> Result<(), BoxError> {
    let response = shop.clone().oneshot(Request::get(path).body(Body::empty())?).await?;
    say(&format!("GET {path} answers {}", response.status().as_u16()));
    Ok(())
}

/// Waits for the first attempt of each notification. It blocks, so the runtime gives it a thread of its own.
async fn flush(monitor: &Monitor) -> Result<bool, BoxError> {
    let monitor = monitor.clone();
    Ok(tokio::task::spawn_blocking(move || monitor.flush(Duration::from_secs(10))).await?)
}

fn say(text: &str) {
    let _ = writeln!(stdout(), "{text}");
}

/// Each receiver has its own. `openssl rand -base64 32` prints one.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
