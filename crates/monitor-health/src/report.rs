//! What the probes found, as the bodies of the health endpoints.

use std::time::Instant;

use monitor_core::clock;
use serde_json::{Map, Value, json};

use crate::{Level, Outcome, health::Registry};

/// What a probe found, and when.
#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) name: String,
    pub(crate) critical: bool,
    pub(crate) at: Instant,
    pub(crate) outcome: Outcome,
}

/// What several probes found, and what keeps the service from traffic besides.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) checks: Vec<Check>,
    pub(crate) obstacle: Option<String>,
}

impl Report {
    pub(crate) fn is_healthy(&self) -> bool {
        self.obstacle.is_none() && !self.checks.iter().any(Check::is_fatal)
    }

    pub(crate) fn to_json(&self, registry: &Registry) -> Value {
        let mut body = json!({
            "status": if self.is_healthy() { "healthy" } else { "unhealthy" },
            "timestamp": clock::rfc3339(clock::wall()),
            "version": registry.version,
            "environment": registry.environment,
            "degraded": self.checks.iter().any(|check| check.outcome.level != Level::Ok),
            "checks": self.checks.iter().map(|check| (check.name.clone(), check.nested())).collect::<Map<_, _>>(),
        });
        if let Some(obstacle) = &self.obstacle {
            body["error"] = obstacle.as_str().into();
        }
        body
    }

    /// The body of readiness. It names the probes that failed and nothing of what they found.
    pub(crate) fn to_ready_json(&self) -> Value {
        let timestamp = clock::rfc3339(clock::wall());
        if self.is_healthy() {
            return json!({ "status": "ready", "timestamp": timestamp });
        }
        let failing = self.checks.iter().filter(|check| check.is_fatal()).map(|check| check.name.as_str());
        let error = self.obstacle.as_deref().into_iter().chain(failing).collect::<Vec<_>>().join(", ");
        json!({ "status": "not_ready", "error": error, "timestamp": timestamp })
    }
}

impl Check {
    fn is_fatal(&self) -> bool {
        self.critical && self.outcome.level == Level::Error
    }

    fn nested(&self) -> Value {
        let mut body = self.to_json();
        body["critical"] = self.critical.into();
        body["age_ms"] = u64::try_from(clock::now().duration_since(self.at).as_millis()).unwrap_or(u64::MAX).into();
        body
    }

    /// The body of one probe alone: its status, its message when it is not well, its values.
    pub(crate) fn to_json(&self) -> Value {
        let mut body = self.outcome.values.clone();
        body.insert(String::from("status"), self.outcome.level.as_str().into());
        if self.outcome.level != Level::Ok {
            body.insert(String::from("message"), self.outcome.message.as_str().into());
        }
        body.into()
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.outcome.level == Level::Error
    }
}
