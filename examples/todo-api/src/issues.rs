//! `/issues`: the errors of this service as issues, for operators only.

use axum::{
    Router,
    extract::{Path, State},
    routing::get,
};
use monitor_kit::{Fingerprint, Issue, IssueQuery, IssueSort, IssueStatus, Monitor};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    ApiError,
    json::{Json, Params},
    store::Store,
};

/// Filter, order and page of the listed issues.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Words that must all occur in the issue.
    #[serde(default)]
    text: String,
    /// `unresolved`, `resolved`, `muted` or `ignored`.
    state: Option<String>,
    /// `last_seen`, `first_seen`, `count` or `users`.
    sort: Option<String>,
    #[serde(default)]
    offset: usize,
    limit: Option<usize>,
}

pub(crate) fn router(monitor: Monitor) -> Router<Store> {
    Router::new().route("/issues", get(list)).route("/issues/{fingerprint}", get(one)).with_state(monitor)
}

async fn list(State(monitor): State<Monitor>, Params(wanted): Params<Wanted>) -> Result<Json<Value>, ApiError> {
    let mut query = IssueQuery::new().text(&wanted.text).offset(wanted.offset).limit(wanted.limit.unwrap_or(100));
    if let Some(name) = &wanted.state {
        query = query.state(
            IssueStatus::from_name(name)
                .ok_or_else(|| unknown("state", name, "unresolved, resolved, muted, ignored"))?,
        );
    }
    if let Some(name) = &wanted.sort {
        query = query.sort(
            IssueSort::from_name(name).ok_or_else(|| unknown("sort", name, "last_seen, first_seen, count, users"))?,
        );
    }
    Ok(Json(Value::from_iter(monitor.find_issues(&query).issues.iter().map(Issue::to_json))))
}

async fn one(State(monitor): State<Monitor>, Path(fingerprint): Path<String>) -> Result<Json<Value>, ApiError> {
    let issue = Fingerprint::parse(&fingerprint).and_then(|fingerprint| monitor.issue(fingerprint));
    let issue = issue.ok_or(ApiError::NoSuchIssue)?;
    let mut shown = issue.to_json();
    shown["explanation"] = json!(issue.explain());
    shown["events"] = Value::from_iter(issue.samples.iter().map(|event| event.to_json()));
    Ok(Json(shown))
}

fn unknown(what: &str, name: &str, known: &str) -> ApiError {
    ApiError::bad_request(format!("`{name}` is no {what}: use one of {known}"))
}
