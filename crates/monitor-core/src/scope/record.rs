//! A scope's facts at the moment of an error.

use std::time::SystemTime;

use crate::{Level, Redaction, RequestId, SpanId, TraceId, clock};
use serde_json::{Value, json};

use super::{Scope, bounded};

/// What happened on the way to an error.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Breadcrumb {
    /// When.
    pub at: SystemTime,
    /// What kind of step, such as `http` or `cache`.
    pub category: String,
    /// What happened.
    pub message: String,
    /// How serious it was.
    pub level: Level,
    /// Anything to read it by.
    pub data: Value,
}

/// What was known of the unit of work when an error was captured.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ScopeRecord {
    /// The request's identifier; `None` outside a scope.
    pub request_id: Option<RequestId>,
    /// The trace; `None` outside a scope.
    pub trace_id: Option<TraceId>,
    /// The scope's own part of the trace; `None` outside a scope.
    pub span_id: Option<SpanId>,
    /// The trace the client named, where it was valid and not continued.
    pub client_trace_id: Option<TraceId>,
    /// The identifier the client sent, validated.
    pub client_request_id: String,
    /// The method; empty outside a request.
    pub method: &'static str,
    /// The route's template; empty outside a request.
    pub route: String,
    /// The path as the client sent it. It goes nowhere unless asked for, see
    /// [`MonitorBuilder::raw_paths`](crate::MonitorBuilder::raw_paths).
    pub path: String,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// The client's address, truncated unless it was asked for in full.
    pub remote_addr: String,
    /// The user's identifier.
    pub user: Option<String>,
    /// Tags.
    pub tags: Vec<(String, String)>,
    /// Contexts.
    pub contexts: Vec<(String, Value)>,
    /// Breadcrumbs, the oldest first.
    pub breadcrumbs: Vec<Breadcrumb>,
}

// === impl Breadcrumb ===

impl Breadcrumb {
    /// Creates a breadcrumb of this moment at level INFO.
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

    /// Sets how serious it was. Defaults to INFO.
    #[must_use]
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Sets anything to read it by. Defaults to nothing.
    #[must_use]
    pub fn data(mut self, data: impl Into<Value>) -> Self {
        self.data = data.into();
        self
    }
}

// === impl Scope ===

impl Scope {
    /// Returns what is known of the work now.
    pub(crate) fn record(&self) -> ScopeRecord {
        let notes = self.noted().map(|notes| notes.clone()).unwrap_or_default();
        ScopeRecord {
            request_id: Some(self.id().clone()),
            trace_id: Some(self.trace().trace_id()),
            span_id: Some(self.trace().span_id()),
            client_trace_id: self.client_trace_id(),
            client_request_id: self.client_request_id().to_owned(),
            method: if self.0.is_request { self.method().as_str() } else { "" },
            route: self.route().to_owned(),
            path: self.path().to_owned(),
            user_agent: self.user_agent().to_owned(),
            remote_addr: self.remote_addr().map(|addr| addr.to_string()).unwrap_or_default(),
            user: notes.user,
            tags: notes.tags,
            contexts: notes.contexts,
            breadcrumbs: notes.breadcrumbs.into(),
        }
    }
}

// === impl ScopeRecord ===

impl ScopeRecord {
    pub(crate) fn redact(&mut self, redaction: &Redaction, raw_paths: bool) {
        if raw_paths {
            mask(&mut self.path, redaction);
        } else {
            self.path.clone_from(&self.route);
        }
        for text in [&mut self.user_agent, &mut self.client_request_id] {
            mask(text, redaction);
        }
        if let Some(user) = &mut self.user {
            mask(user, redaction);
        }
        for (name, value) in &mut self.tags {
            *value = redaction.value(name, value).into_owned();
        }
        for (name, value) in &mut self.contexts {
            redaction.json(name, value);
        }
        for breadcrumb in &mut self.breadcrumbs {
            mask(&mut breadcrumb.category, redaction);
            mask(&mut breadcrumb.message, redaction);
            redaction.json("", &mut breadcrumb.data);
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        let breadcrumbs = self.breadcrumbs.iter().map(|crumb| {
            json!({
                "timestamp": clock::rfc3339(crumb.at),
                "category": crumb.category,
                "message": crumb.message,
                "level": crumb.level.as_str(),
                "data": crumb.data,
            })
        });
        json!({
            "request_id": self.request_id.as_ref().map(ToString::to_string),
            "trace_id": self.trace_id.map(|id| id.to_string()),
            "span_id": self.span_id.map(|id| id.to_string()),
            "client_trace_id": self.client_trace_id.map(|id| id.to_string()),
            "client_request_id": some(&self.client_request_id),
            "method": some(self.method),
            "route": some(&self.route),
            "path": some(&self.path),
            "user_agent": some(&self.user_agent),
            "remote_addr": some(&self.remote_addr),
            "user_id": self.user,
            "tags": object(&self.tags),
            "contexts": object(&self.contexts),
            "breadcrumbs": breadcrumbs.collect::<Vec<_>>(),
        })
    }
}

fn mask(text: &mut String, redaction: &Redaction) {
    if let std::borrow::Cow::Owned(masked) = redaction.text(text) {
        *text = masked;
    }
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn object<T: Clone + Into<Value>>(pairs: &[(String, T)]) -> Value {
    pairs.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect::<serde_json::Map<_, _>>().into()
}
