//! `/admin/routes`: disables and enables routes, for operators only.

use std::time::Duration;

use axum::{
    Router,
    extract::State,
    routing::{get, post},
};
use monitor_kit::{DisableRoute, KnownMethod, Monitor, SwitchError};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{ApiError, json::Json, store::Store};

/// An order to disable a route: the route, the actor, the reason and the time in seconds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Disable {
    route: String,
    method: Option<String>,
    actor: String,
    #[serde(default)]
    reason: String,
    seconds: Option<u64>,
}

/// An order to enable a route: the route and the actor.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Enable {
    route: String,
    method: Option<String>,
    actor: String,
}

pub(crate) fn router(monitor: Monitor) -> Router<Store> {
    Router::new()
        .route("/admin/routes", get(list))
        .route("/admin/routes/disable", post(disable))
        .route("/admin/routes/enable", post(enable))
        .with_state(monitor)
}

async fn list(State(monitor): State<Monitor>) -> Json<Value> {
    Json(Value::from_iter(monitor.disabled_routes().iter().map(|disabled| disabled.to_json())))
}

async fn disable(State(monitor): State<Monitor>, Json(order): Json<Disable>) -> Result<Json<Value>, ApiError> {
    let mut disable = DisableRoute::new(order.route, order.actor).reason(order.reason);
    if let Some(method) = method_of(order.method.as_deref())? {
        disable = disable.method(method);
    }
    if let Some(seconds) = order.seconds {
        disable = disable.expires_in(Duration::from_secs(seconds));
    }
    let disabled = monitor.disable_route(disable).map_err(refused)?;
    Ok(Json(disabled.to_json()))
}

async fn enable(State(monitor): State<Monitor>, Json(order): Json<Enable>) -> Result<Json<Value>, ApiError> {
    let method = method_of(order.method.as_deref())?;
    let enabled = monitor.enable_route(&order.route, method, &order.actor).map_err(refused)?;
    Ok(Json(json!({ "route": enabled.disabled.name(), "actor": enabled.actor })))
}

fn method_of(name: Option<&str>) -> Result<Option<KnownMethod>, ApiError> {
    match name.map(|name| (name, KnownMethod::from_name(name))) {
        Some((name, KnownMethod::Other)) => {
            Err(ApiError::unprocessable(format!("`{name}` is no method: use GET, POST, …")))
        }
        known => Ok(known.map(|(_, method)| method)),
    }
}

fn refused(error: SwitchError) -> ApiError {
    ApiError::unprocessable(error.to_string())
}
