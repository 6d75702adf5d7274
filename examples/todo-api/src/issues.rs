//! `/issues`: the errors of this process as issues, for callers on the same machine only.

use axum::{Json, Router, middleware::from_fn, routing::get};
use monitor_kit::{Issue, Monitor};
use serde_json::Value;

use crate::{local, store::Store};

pub(crate) fn router(monitor: Monitor) -> Router<Store> {
    let list = move || async move { Json(Value::from_iter(monitor.issues().iter().map(Issue::to_json))) };
    Router::new().route("/issues", get(list)).route_layer(from_fn(local::only))
}
