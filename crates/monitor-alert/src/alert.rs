//! Alerts, and the notifications that tell receivers of their changes.

#[cfg(test)]
pub(crate) mod example;

use std::{sync::Arc, time::SystemTime};

use monitor_core::Fingerprint;

/// A fault that a rule has found.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Alert {
    /// The key by which receivers deduplicate: the same in every process of the service, and for each time the alert
    /// fires.
    pub key: String,
    /// Name of the rule, such as `issue` or `error-ratio`.
    pub rule: String,
    /// The severity.
    pub severity: Severity,
    /// One line for a person, such as `New issue: ArithmeticError in /error`. Redacted.
    pub title: String,
    /// Further lines by name, such as `message`, `location` and `route`. Redacted.
    pub facts: Vec<(String, String)>,
    /// The issue, if the alert is about one.
    pub fingerprint: Option<Fingerprint>,
    /// Name of the service.
    pub service: String,
    /// The environment.
    pub environment: String,
    /// The release that found the fault.
    pub release: String,
    /// The time at which the alert was triggered or resolved.
    pub at: SystemTime,
}

/// The severity of an alert.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Severity {
    /// Look at it during working hours.
    Warning,
    /// Look at it now.
    Critical,
}

/// The change of an alert.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Transition {
    /// The alert began to fire.
    Triggered,
    /// The fault is over.
    Resolved,
}

/// One message of an alert's change to one receiver.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Notification {
    /// Identifies the notification. The same in each attempt, also after a restart, and in another process that
    /// notifies of the same alert, so that a receiver can ignore a repetition. A receiver should remember it for a day
    /// and no longer: a process that cannot use the store counts from 1 how often an alert fires, and may use an ID
    /// again.
    pub id: String,
    /// The change.
    pub transition: Transition,
    /// Number of times that the alert has fired, this time included.
    pub episode: u64,
    /// The alert.
    pub alert: Arc<Alert>,
    /// URL of the page that acknowledges the alert: a credential of those who may do so. `None` for the end of an
    /// alert, and without [`Alerts::acknowledge_at`](crate::Alerts::acknowledge_at).
    pub acknowledge_url: Option<String>,
    /// Number of this attempt, from 1.
    pub attempt: u32,
    /// Whether the notification is persisted. If not, it is lost if the process ends before it is delivered.
    pub is_saved: bool,
}

// === impl Severity ===

impl Severity {
    /// Returns the name of this severity in messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

// === impl Transition ===

impl Transition {
    /// Returns the name of this transition in messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Triggered => "triggered",
            Self::Resolved => "resolved",
        }
    }
}
