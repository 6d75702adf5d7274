//! The receivers that speak HTTP: Slack, PagerDuty, and the webhook.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json, Router,
    extract::{FromRequestParts, State},
    response::{IntoResponse, Response},
    routing::post,
};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, request::Parts};
use jiff::Timestamp;
use monitor_kit::alert::{Transition, verify_signature};
use serde_json::{Value, json};

use super::{
    SECRET,
    inbox::{Inbox, Received, Receiver},
};
use crate::check::text;

/// Time of a request's arrival, before its body is read.
struct Arrival(Timestamp);

#[derive(Clone, Debug)]
struct Http {
    inbox: Inbox,
    /// Titles of the open incidents of PagerDuty by their deduplication keys.
    open: Arc<Mutex<BTreeMap<String, String>>>,
}

pub(super) fn router(inbox: Inbox) -> Router {
    let router =
        Router::new().route(SLACK, post(slack)).route(PAGERDUTY, post(pagerduty)).route(WEBHOOK, post(webhook));
    router.with_state(Http { inbox, open: Arc::default() })
}

impl<S: Sync> FromRequestParts<S> for Arrival {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Timestamp::now()))
    }
}

/// Answers as Slack does. The message begins with `[RESOLVED]`, or with a severity.
async fn slack(Arrival(at): Arrival, State(http): State<Http>, body: Bytes) -> &'static str {
    let message = text(&json(&body)["text"]);
    let (state, title) = message.split_once(' ').unwrap_or_default();
    http.accept(at, Receiver::Slack, transition(state == "[RESOLVED]"), title);
    "ok"
}

/// Answers as PagerDuty's Events API does. The end of an alert has its deduplication key only.
async fn pagerduty(Arrival(at): Arrival, State(http): State<Http>, body: Bytes) -> Response {
    let event = json(&body);
    let [key, routing_key] = ["dedup_key", "routing_key"].map(|name| text(&event[name]));
    let mut open = http.open.lock().unwrap_or_else(PoisonError::into_inner);
    let title = match event["event_action"].as_str() {
        _ if routing_key != ROUTING_KEY => Err("unknown routing key"),
        Some("trigger") => Ok((false, text(&event["payload"]["summary"]))),
        Some("resolve") => open.get(&key).map(|title| (true, title.clone())).ok_or("no incident has this key"),
        _ => Err("unknown action"),
    };
    match title {
        Ok((is_end, title)) => {
            if !is_end {
                open.insert(key.clone(), title.clone());
            }
            http.accept(at, Receiver::PagerDuty, transition(is_end), &title);
            let answer = json!({ "status": "success", "message": "Event processed", "dedup_key": key });
            (StatusCode::ACCEPTED, Json(answer)).into_response()
        }
        Err(reason) => {
            http.inbox.refuse(Receiver::PagerDuty, reason);
            let answer = json!({ "status": "invalid event", "message": "Event object is invalid", "errors": [reason] });
            (StatusCode::BAD_REQUEST, Json(answer)).into_response()
        }
    }
}

async fn webhook(Arrival(at): Arrival, State(http): State<Http>, headers: HeaderMap, body: Bytes) -> StatusCode {
    if let Err(error) = verify_signature(SECRET, &headers, &body) {
        http.inbox.refuse(Receiver::Webhook, &error.to_string());
        return StatusCode::UNAUTHORIZED;
    }
    let body = json(&body);
    let is_end = body["transition"] == Transition::Resolved.as_str();
    http.accept(at, Receiver::Webhook, transition(is_end), &text(&body["alert"]["title"]));
    StatusCode::NO_CONTENT
}

impl Http {
    fn accept(&self, at: Timestamp, receiver: Receiver, transition: Transition, title: &str) {
        self.inbox.accept(Received { at, receiver, transition, title: title.to_owned() });
    }
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

fn transition(is_end: bool) -> Transition {
    if is_end { Transition::Resolved } else { Transition::Triggered }
}

pub(super) const SLACK: &str = "/services/T0000000/B0000000/XXXXXXXX";
pub(super) const PAGERDUTY: &str = "/v2/enqueue";
pub(super) const WEBHOOK: &str = "/alerts";
pub(super) const ROUTING_KEY: &str = "0123456789abcdef0123456789abcdef";
