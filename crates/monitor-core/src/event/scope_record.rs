//! Snapshot of a scope at the time of a capture, as stored in an event.

use std::time::SystemTime;

use monitor_redact::{FILTERED, Redaction};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    base::{bounded::bounded, clock, json},
    model::{
        level::Level,
        method::{self, KnownMethod},
        request_id::RequestId,
        trace_context::{SpanId, TraceId},
    },
};

/// A step on the way to an error.
///
/// # Example
///
/// ```
/// use serde_json::json;
/// use monitor_kit::{Level, scope::{self, Breadcrumb}};
///
/// fn charge(order: u64) {
///     scope::set_context("order", json!({ "id": order, "currency": "EUR" }));
///     Breadcrumb::new("payment", "declined").level(Level::Warn).data(json!({ "attempt": 2 })).add();
/// }
/// # charge(7);
/// ```
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Breadcrumb {
    /// Time of the step.
    #[serde(rename = "timestamp", with = "json::time")]
    pub at: SystemTime,
    /// Kind of step, such as `http` or `cache`.
    pub category: String,
    /// Message.
    pub message: String,
    /// Severity.
    pub level: Level,
    /// Additional data.
    pub data: Value,
}

/// Snapshot of a scope at the time an error was captured.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ScopeRecord {
    /// ID of the request; `None` outside a scope.
    #[serde(with = "json::text_or_null")]
    pub request_id: Option<RequestId>,
    /// ID of the trace; `None` outside a scope.
    #[serde(with = "json::text_or_null")]
    pub trace_id: Option<TraceId>,
    /// Span ID of the scope within the trace; `None` outside a scope.
    #[serde(with = "json::text_or_null")]
    pub span_id: Option<SpanId>,
    /// Trace ID sent by the client, if it was valid and not continued.
    #[serde(with = "json::text_or_null")]
    pub client_trace_id: Option<TraceId>,
    /// Request ID sent by the client, validated.
    #[serde(with = "json::null_if_empty")]
    pub client_request_id: String,
    /// The method; `None` outside a request.
    #[serde(with = "method::or_null")]
    pub method: Option<KnownMethod>,
    /// Template of the route; empty outside a request.
    #[serde(with = "json::null_if_empty")]
    pub route: String,
    /// Path as the client sent it. Replaced by the route in every event, unless
    /// [`MonitorBuilder::show_raw_paths`](crate::MonitorBuilder::show_raw_paths) is set.
    #[serde(with = "json::null_if_empty")]
    pub path: String,
    /// The `User-Agent` header.
    #[serde(with = "json::null_if_empty")]
    pub user_agent: String,
    /// Address of the client, truncated unless the full address was requested.
    #[serde(with = "json::null_if_empty")]
    pub remote_addr: String,
    /// ID of the user.
    #[serde(rename = "user_id")]
    pub user: Option<String>,
    /// Tags.
    #[serde(with = "json::object")]
    pub tags: Vec<(String, String)>,
    /// Contexts.
    #[serde(with = "json::object")]
    pub contexts: Vec<(String, Value)>,
    /// Breadcrumbs, the oldest first.
    pub breadcrumbs: Vec<Breadcrumb>,
    /// Fingerprint set by the program; empty if it set none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fingerprint: Vec<String>,
}

// === impl Breadcrumb ===

impl Breadcrumb {
    /// Creates a breadcrumb with the current time and level INFO.
    #[must_use]
    pub fn new(category: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            at: clock::wall(),
            category: bounded(category.into()),
            message: bounded(message.into()),
            level: Level::Info,
            data: Value::Null,
        }
    }

    /// Sets the severity. Defaults to INFO.
    #[must_use]
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Sets additional data. Defaults to `null`.
    #[must_use]
    pub fn data(mut self, data: impl Into<Value>) -> Self {
        self.data = json::shallow(data.into());
        self
    }
}

impl Breadcrumb {
    fn weight(&self) -> usize {
        size_of::<Self>() + self.category.len() + self.message.len() + weight_of(&self.data)
    }
}

// === impl ScopeRecord ===

impl ScopeRecord {
    /// Returns the approximate memory use, in bytes.
    pub(crate) fn weight(&self) -> usize {
        let tags = self.tags.iter().map(|(name, value)| 2 * TEXT + name.len() + value.len());
        let contexts = self.contexts.iter().map(|(name, value)| TEXT + name.len() + weight_of(value));
        let crumbs = self.breadcrumbs.iter().map(Breadcrumb::weight);
        let texts = self.path.len() + self.route.len() + self.user_agent.len();
        texts + tags.sum::<usize>() + contexts.sum::<usize>() + crumbs.sum::<usize>()
    }

    /// Removes the oldest quarter of the breadcrumbs, or else one context, or else one tag. Returns `false` if there
    /// was nothing to remove.
    pub(crate) fn shorten(&mut self) -> bool {
        let oldest = self.breadcrumbs.len().div_ceil(4);
        self.breadcrumbs.drain(..oldest);
        oldest > 0 || self.contexts.pop().is_some() || self.tags.pop().is_some()
    }

    /// Replaces the path by the route, whose parameters are not filled in.
    pub(crate) fn hide_path(&mut self) {
        self.path.clone_from(&self.route);
    }

    /// Masks secrets in all texts.
    pub(crate) fn redact(&mut self, redaction: &Redaction) {
        self.path = redaction.text(&self.path).into_owned();
        for text in [&mut self.user_agent, &mut self.client_request_id].into_iter().chain(&mut self.user) {
            redaction.bound(text);
        }
        for part in &mut self.fingerprint {
            redaction.bound(part);
        }
        for (name, value) in &mut self.tags {
            if redaction.masks(name) {
                FILTERED.clone_into(value);
            } else {
                redaction.bound(value);
            }
            redaction.bound(name);
        }
        for (name, value) in &mut self.contexts {
            redaction.json(name, value);
            redaction.bound(name);
        }
        for breadcrumb in &mut self.breadcrumbs {
            redaction.bound(&mut breadcrumb.category);
            redaction.bound(&mut breadcrumb.message);
            redaction.json("", &mut breadcrumb.data);
        }
    }
}

fn weight_of(value: &Value) -> usize {
    let inside = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(weight_of).sum(),
        Value::Object(map) => map.iter().map(|(key, value)| 2 * TEXT + key.len() + weight_of(value)).sum(),
    };
    size_of::<Value>() + inside
}

/// Memory use of a string beside its bytes.
const TEXT: usize = size_of::<String>();
