//! `/admin/issues/triage` and `/admin/users/erase`: decisions on issues and users, for operators only.

use std::time::Duration;

use axum::{Router, extract::State, routing::post};
use monitor_kit::{Fingerprint, Monitor, Triage};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::{ApiError, json::Json, store::Store};

/// A decision on an issue: the fingerprint, the action and the actor.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    fingerprint: String,
    action: Action,
    actor: String,
    /// For `resolve`: the release with the fix.
    release: Option<String>,
    /// For `mute`: the time in seconds.
    seconds: Option<u64>,
    /// For `mute`: the number of further events.
    more: Option<u64>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Resolve,
    Mute,
    Ignore,
    Reopen,
}

/// The user to erase.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Forget {
    user: String,
}

pub(crate) fn router(monitor: Monitor) -> Router<Store> {
    Router::new()
        .route("/admin/issues/triage", post(triage))
        .route("/admin/users/erase", post(erase))
        .with_state(monitor)
}

async fn triage(State(monitor): State<Monitor>, Json(order): Json<Order>) -> Result<Json<Value>, ApiError> {
    let fingerprint = Fingerprint::parse(&order.fingerprint).ok_or(ApiError::NoSuchIssue)?;
    let what = order.triage()?;
    // Blocks on the disk.
    let decided = spawn_blocking(move || monitor.triage(fingerprint, what, &order.actor)).await?;
    let issue = decided.map_err(|error| ApiError::unprocessable(error.to_string()))?;
    Ok(Json(issue.to_json()))
}

async fn erase(State(monitor): State<Monitor>, Json(forget): Json<Forget>) -> Result<Json<Value>, ApiError> {
    let erased = spawn_blocking(move || monitor.erase_user(&forget.user)).await?;
    Ok(Json(json!({ "issues": erased.issues, "events": erased.events, "persisted": erased.is_persisted })))
}

impl Order {
    fn triage(&self) -> Result<Triage, ApiError> {
        match (self.action, &self.release, self.seconds, self.more) {
            (Action::Resolve, None, None, None) => Ok(Triage::Resolve),
            (Action::Resolve, Some(release), None, None) => Ok(Triage::ResolveIn(release.clone())),
            (Action::Mute, None, None, None) => Ok(Triage::Mute),
            (Action::Mute, None, Some(seconds), None) => Ok(Triage::MuteFor(Duration::from_secs(seconds))),
            (Action::Mute, None, None, Some(more)) => Ok(Triage::MuteForMore(more)),
            (Action::Ignore, None, None, None) => Ok(Triage::Ignore),
            (Action::Reopen, None, None, None) => Ok(Triage::Reopen),
            _ => Err(ApiError::unprocessable(
                "`release` goes with `resolve`, and one of `seconds` and `more` with `mute`: leave the others out",
            )),
        }
    }
}
