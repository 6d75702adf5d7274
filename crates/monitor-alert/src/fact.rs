//! Facts about issues, from which alerts are made.

mod missed;
mod of_signal;
mod texts;

use monitor_core::Fingerprint;

/// A change of an issue.
#[derive(Clone, Debug)]
pub(crate) enum Fact {
    /// An issue was opened by its first event.
    Opened(IssueFact),
    /// A resolved issue came back.
    Regressed(IssueFact),
    /// An operator resolved an issue.
    Resolved(Fingerprint),
}

/// An issue, as far as alerts show it. All texts are redacted.
#[derive(Clone, Debug)]
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
}

/// The kind of an issue's failure, on which the severity depends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum FailureKind {
    Error,
    Panic,
}
