//! Breaks the world, to show that the checks of the story detect it. The story does not depend on this module.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use clap::ValueEnum;
use http::{StatusCode, header};
use http_body_util::BodyExt;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use serde_json::Value;
use sqlx::SqlitePool;

/// The thing to break.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Sabotage {
    /// The server gives wrong answers.
    Tamper(Tampering),
    /// The service signs its alerts with another secret than the webhook verifies.
    Secret,
    /// The log is discarded.
    NoLog,
    /// Additional successful traffic dilutes the failures.
    Dilute,
    /// The database breaks after step 9.
    Database,
    /// The quiet period of incidents is longer than the story.
    Quiet,
}

/// The wrong answer to give.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Tampering {
    /// A 500 leaks internal details.
    Leak,
    /// `/metrics` renders a recorder that receives no metrics.
    Metrics,
    /// `/issues` is empty.
    Issues,
    /// An order to disable a route is accepted but not carried out.
    Switch,
    /// Readiness is always 200.
    Ready,
    /// Reports do not include the location.
    Location,
}

impl Sabotage {
    pub(crate) fn of_step(step: u8) -> Option<Self> {
        match step {
            2 => Some(Self::Tamper(Tampering::Leak)),
            3 => Some(Self::Secret),
            4 => Some(Self::Tamper(Tampering::Metrics)),
            5 => Some(Self::Dilute),
            6 => Some(Self::NoLog),
            7 => Some(Self::Tamper(Tampering::Issues)),
            8 => Some(Self::Tamper(Tampering::Switch)),
            9 => Some(Self::Tamper(Tampering::Ready)),
            10 => Some(Self::Database),
            11 => Some(Self::Quiet),
            12 => Some(Self::Tamper(Tampering::Location)),
            _ => None,
        }
    }
}

impl Tampering {
    pub(crate) fn as_arg(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

#[derive(Clone)]
struct Tamperer {
    tampering: Tampering,
    empty: Arc<PrometheusHandle>,
}

/// Wraps the whole application in the tampering.
pub(crate) fn around(router: Router, tampering: Tampering) -> Router {
    let empty = Arc::new(PrometheusBuilder::new().build_recorder().handle());
    router.layer(from_fn_with_state(Tamperer { tampering, empty }, tamper))
}

async fn tamper(State(tamperer): State<Tamperer>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    if tamperer.tampering == Tampering::Switch && path.starts_with("/admin") {
        return StatusCode::OK.into_response();
    }
    let response = next.run(request).await;
    match (tamperer.tampering, path.as_str()) {
        (Tampering::Leak, "/error") => leak(response).await,
        (Tampering::Metrics, "/metrics") => tamperer.empty.render().into_response(),
        (Tampering::Issues, "/issues") => axum::Json(Value::Array(Vec::new())).into_response(),
        (Tampering::Ready, "/health/ready") => (StatusCode::OK, response.into_body()).into_response(),
        (Tampering::Location, path) if path.ends_with("/report") => without_location(response).await,
        _ => response,
    }
}

async fn leak(response: Response) -> Response {
    edit(response, |body| {
        let mut value: Value = serde_json::from_str(&body).unwrap_or_default();
        value["detail"] = "attempt to divide by zero at src/fault.rs".into();
        value.to_string()
    })
    .await
}

async fn without_location(response: Response) -> Response {
    edit(response, |body| body.replace("fault.rs", "")).await
}

async fn edit(response: Response, change: impl FnOnce(String) -> String) -> Response {
    let (mut head, body) = response.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    head.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(head, Body::from(change(String::from_utf8_lossy(&body).into_owned())))
}

/// Drops the table that the service is using.
pub(crate) async fn break_database(url: &str) {
    if let Ok(pool) = SqlitePool::connect(url).await {
        let _ = sqlx::query("DROP TABLE todos").execute(&pool).await;
        pool.close().await;
    }
}

/// Not the secret of the webhook.
pub(crate) const OTHER_SECRET: &str = "whsec_plJ3nmyCDGBKInavdOK15jsl6AG2JrTw";
