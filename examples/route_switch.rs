//! A failing route is disabled while the program runs, and stays disabled after a restart.
//!
//! ```sh
//! cargo run --example route_switch --features axum,store
//! ```

use std::{
    fs,
    io::{Write, stdout},
    path::Path,
    time::Duration,
};

use axum::{Router, body::Body, response::Response, routing::get};
use http::Request;
use monitor_kit::{BoxError, DisableRoute, Monitor, MonitorLayer, Signal, store::Store};
use tower::ServiceExt;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let folder = std::env::temp_dir().join(format!("route-switch-{}", std::process::id()));
    let monitor = start(&folder)?;
    let app = app(&monitor);
    show("at first", &app).await?;

    let order = DisableRoute::new("/error", "on-call").reason("divides by zero");
    monitor.disable_route(order.expires_in(Duration::from_secs(3600)))?;
    show("switched off", &app).await?;

    // A misspelled route is rejected with a message, and so is a route that must stay enabled.
    for route in ["/eror", "/health"] {
        let Err(refusal) = monitor.disable_route(DisableRoute::new(route, "on-call")) else { continue };
        writeln!(stdout(), "{refusal}")?;
    }

    monitor.shutdown(Duration::from_secs(5));
    let restarted = start(&folder)?;
    show("after a restart", &self::app(&restarted)).await?;
    restarted.enable_route("/error", None, "on-call")?;
    show("switched on", &self::app(&restarted)).await?;
    fs::remove_dir_all(&folder)?;
    Ok(())
}

fn start(folder: &Path) -> Result<Monitor, BoxError> {
    let monitor = Monitor::builder("shop")
        .routes([("GET", "/error"), ("GET", "/items")])
        .persist(Store::open(folder)?)
        .reporter_fn("terminal", |signal| match signal {
            Signal::RouteDisabled(disabled) => say(&format!("{} disables {}", disabled.actor, disabled.name())),
            Signal::RouteEnabled(enabled) => say(&format!("{} is back in service", enabled.disabled.name())),
            _ => {}
        });
    Ok(monitor.build()?)
}

fn app(monitor: &Monitor) -> Router {
    let divide = || async {
        let parts: i64 = std::hint::black_box(0);
        (100 / parts).to_string()
    };
    let router = Router::new().route("/error", get(divide)).route("/items", get(|| async { "two items" }));
    router.layer(MonitorLayer::new(monitor))
}

async fn show(when: &str, app: &Router) -> Result<(), BoxError> {
    for path in ["/error", "/items"] {
        let response: Response = app.clone().oneshot(Request::get(path).body(Body::empty())?).await?;
        let wait = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let wait = wait.map_or_else(String::new, |wait| format!(", retry after {wait} s"));
        writeln!(stdout(), "{when}: GET {path} answers {}{wait}", response.status())?;
    }
    Ok(())
}

fn say(text: &str) {
    let _ = writeln!(stdout(), "  signal: {text}");
}
