//! An alert that is not acknowledged goes from the pager to the chat as well. The next one is acknowledged by the link
//! in its message.
//!
//! ```sh
//! cargo run --example acknowledge --features alert,axum
//! ```

use std::{
    io::{Write, stdout},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::Path,
    http::{Request, Uri},
    routing::get,
};
use monitor_kit::{
    BoxError, Monitor, MonitorLayer,
    alert::{AckLinks, AckService, Alerts, DeliveryError, Notification, Notifier, Route, Severity},
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tower::ServiceExt;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let (sender, mut messages) = unbounded_channel();
    let alerts = Alerts::to(Printer { name: "chat", sender: sender.clone() })
        .and(Printer { name: "pager", sender })
        .route(Route::severity(Severity::Critical).to("pager"))
        .escalate_after(Duration::from_secs(1))
        .acknowledge_at(AckLinks::new("https://shop.example.org/acknowledge", SECRET)?);
    let handle = alerts.handle();
    let monitor = Monitor::builder("shop").extend(alerts).build()?;
    let shop = Router::new().route("/prices/{item}", get(price)).route("/stock/{item}", get(stock));
    let app = shop.layer(MonitorLayer::new(&monitor)).nest_service("/acknowledge", AckService::new(handle.clone()));

    say("GET /prices/7, and nobody is there:");
    visit(&app, "/prices/7").await?;
    next(&mut messages).await?;
    next(&mut messages).await?;

    say("GET /stock/7, and Ada opens the link:");
    visit(&app, "/stock/7").await?;
    let link = next(&mut messages).await?;
    app.clone().oneshot(Request::post(link.path()).body(Body::from("by=Ada"))?).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    for active in handle.active() {
        let by = active.acknowledgement.map_or_else(|| "nobody".to_owned(), |acknowledgement| acknowledgement.by);
        say(&format!("{}: acknowledged by {by}", active.alert.title));
    }
    Ok(())
}

/// A bug: there are two prices.
async fn price(Path(item): Path<usize>) -> String {
    [250, 990][item].to_string()
}

/// The same bug once more.
async fn stock(Path(item): Path<usize>) -> String {
    [12, 3][item].to_string()
}

/// Prints alerts, and passes their links on.
struct Printer {
    name: &'static str,
    sender: UnboundedSender<Uri>,
}

impl Notifier for Printer {
    fn name(&self) -> &str {
        self.name
    }

    fn deliver(&mut self, notification: &Notification) -> Result<(), DeliveryError> {
        let alert = &notification.alert;
        say(&format!("  {}: {} ({})", self.name, alert.title, alert.severity.as_str()));
        let reason = alert.facts.iter().find(|(name, _)| name == "escalated");
        reason.into_iter().for_each(|(_, reason)| say(&format!("    {reason}")));
        if let Some(link) = notification.acknowledge_url.as_ref().and_then(|url| url.parse().ok()) {
            let _ = self.sender.send(link);
        }
        Ok(())
    }
}

async fn visit(app: &Router, path: &str) -> Result<(), BoxError> {
    app.clone().oneshot(Request::get(path).body(Body::empty())?).await?;
    Ok(())
}

/// Returns the link in the next message.
async fn next(messages: &mut UnboundedReceiver<Uri>) -> Result<Uri, BoxError> {
    let message = tokio::time::timeout(Duration::from_secs(10), messages.recv()).await?;
    message.ok_or_else(|| "no message".into())
}

fn say(text: &str) {
    let _ = writeln!(stdout(), "{text}");
}

/// `openssl rand -base64 32` prints one.
const SECRET: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";
