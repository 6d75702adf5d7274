//! The receivers of the alerts: a webhook that verifies signatures, and a Slack.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{Router, extract::State, routing::post};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use monitor_kit::alert::{Transition, verify_signature};
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::check::text;

/// Both receivers, on one loopback port, until they are dropped.
#[derive(Debug)]
pub(crate) struct Receivers {
    addr: SocketAddr,
    inbox: Inbox,
    task: JoinHandle<()>,
}

/// A notification that a receiver has accepted.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) at: Timestamp,
    pub(crate) receiver: Receiver,
    pub(crate) transition: Transition,
    pub(crate) title: String,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Receiver {
    Webhook,
    Slack,
}

#[derive(Clone, Debug, Default)]
struct Inbox(Arc<Mutex<Mail>>);

#[derive(Debug, Default)]
struct Mail {
    accepted: Vec<Received>,
    /// The reasons of refusals.
    refused: Vec<String>,
}

impl Receivers {
    /// Starts both receivers on a free port.
    pub(crate) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let (addr, listener) = (listener.local_addr()?, tokio::net::TcpListener::from_std(listener)?);
        let inbox = Inbox::default();
        let router = Router::new().route(WEBHOOK, post(webhook)).route(SLACK, post(slack)).with_state(inbox.clone());
        let task = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
        Ok(Self { addr, inbox, task })
    }

    /// Returns the settings of a service that sends its alerts to both receivers, signed with `secret`.
    pub(crate) fn settings(&self, secret: &str) -> [String; 3] {
        [
            format!("--slack-webhook-url=http://{}{SLACK}", self.addr),
            format!("--alert-webhook-url=http://{}{WEBHOOK}", self.addr),
            format!("--alert-webhook-secret={secret}"),
        ]
    }

    /// Returns the accepted notifications, in the order of their arrival.
    pub(crate) fn accepted(&self) -> Vec<Received> {
        self.inbox.lock().accepted.clone()
    }

    /// Returns the reasons of all refusals.
    pub(crate) fn refused(&self) -> Vec<String> {
        self.inbox.lock().refused.clone()
    }
}

impl Drop for Receivers {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    pub(crate) const ALL: [Self; 2] = [Self::Webhook, Self::Slack];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "the webhook",
            Self::Slack => "Slack",
        }
    }
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, Mail> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(&self, receiver: Receiver, transition: Transition, title: String) {
        self.lock().accepted.push(Received { at: Timestamp::now(), receiver, transition, title });
    }
}

async fn webhook(State(inbox): State<Inbox>, headers: HeaderMap, body: Bytes) -> StatusCode {
    if let Err(error) = verify_signature(SECRET, &headers, &body) {
        inbox.lock().refused.push(format!("the webhook refuses an alert: {error}"));
        return StatusCode::UNAUTHORIZED;
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let is_end = body["transition"] == Transition::Resolved.as_str();
    inbox.accept(Receiver::Webhook, transition(is_end), text(&body["alert"]["title"]));
    StatusCode::NO_CONTENT
}

/// Answers as Slack does. The message begins with `[RESOLVED]`, or with a severity.
async fn slack(State(inbox): State<Inbox>, body: Bytes) -> &'static str {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let message = text(&body["text"]);
    let (state, title) = message.split_once(' ').unwrap_or_default();
    inbox.accept(Receiver::Slack, transition(state == "[RESOLVED]"), title.to_owned());
    "ok"
}

fn transition(is_end: bool) -> Transition {
    if is_end { Transition::Resolved } else { Transition::Triggered }
}

const WEBHOOK: &str = "/alerts";
const SLACK: &str = "/services/T0000000/B0000000/XXXXXXXX";

/// The secret that the webhook verifies signatures with.
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
