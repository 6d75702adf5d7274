//! Facts about issues, from which alerts are made.

mod missed;
mod of_signal;
mod texts;

use std::time::SystemTime;

use monitor_core::Fingerprint;

/// A change of an issue.
#[derive(Clone, Debug)]
pub(crate) enum Fact {
    /// An issue was opened by its first event.
    Opened(IssueFact),
    /// A resolved issue came back.
    Regressed(IssueFact),
    /// An issue has reached this number of events.
    Reached(IssueFact, u64),
    /// An operator, if recorded, resolved an issue.
    Resolved(Fingerprint, Option<String>),
}

/// An issue, as far as alerts show it. All texts are redacted.
#[derive(Clone, Debug, Default)]
pub(crate) struct IssueFact {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) kind: FailureKind,
    /// Type name of the error.
    pub(crate) type_name: String,
    pub(crate) message: String,
    /// Place in the source, such as `src/orders.rs:12`, if known.
    pub(crate) location: Option<String>,
    /// Templates of the routes.
    pub(crate) routes: Vec<String>,
    /// The release of the event.
    pub(crate) release: String,
    /// Time of the event that changed the issue.
    pub(crate) at: Option<SystemTime>,
    /// ID of its latest event, and of the request in which that occurred.
    pub(crate) event_id: Option<String>,
    pub(crate) request_id: Option<String>,
    /// Number of events, and of users.
    pub(crate) count: u64,
    pub(crate) users: u64,
}

/// The kind of an issue's failure, on which the severity depends.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum FailureKind {
    #[default]
    Error,
    Panic,
}
