//! Signals: the changes that a monitor reports. Every reporter receives every signal.

pub(crate) mod log_reporter;
#[cfg(feature = "test-util")]
pub(crate) mod memory_reporter;
pub(crate) mod reporter;
pub(crate) mod reporters;

use std::sync::Arc;

use crate::{
    event::ErrorEvent,
    health::HealthChange,
    issue::{Issue, IssueChange, IssueMilestone, IssueSignal},
    model::identity::Identity,
    persist::heartbeat::ProcessEnded,
    switch::{DisabledRoute, EnabledRoute},
};

/// A change that a monitor reports to its reporters.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Signal {
    /// The monitor was built; the process runs this release.
    Started(Arc<Identity>),
    /// The end of the last process that used the store. Sent once, if there is a store that records it.
    ProcessEnded(Arc<ProcessEnded>),
    /// An error was captured whole. Each site captures at most ten a minute.
    Error(Arc<ErrorEvent>),
    /// An issue was opened by its first event.
    IssueOpened(Arc<Issue>),
    /// A resolved issue came back; its [`regression`](Issue::regression) names the release.
    IssueRegressed(Arc<Issue>),
    /// An unresolved issue has reached 10, 100, 1000 events, and so on. Events of all processes count that used the
    /// store.
    IssueMilestone(Arc<IssueMilestone>),
    /// A decision was made on an issue, or its mute ended.
    IssueChanged(Arc<IssueChange>),
    /// The status of a probe, or of the service as a whole, has changed.
    HealthChanged(Arc<HealthChange>),
    /// A route was disabled.
    RouteDisabled(Arc<DisabledRoute>),
    /// A route was enabled, by an actor or by expiry.
    RouteEnabled(Arc<EnabledRoute>),
}

impl From<EnabledRoute> for Signal {
    fn from(enabled: EnabledRoute) -> Self {
        Self::RouteEnabled(Arc::new(enabled))
    }
}

impl From<ProcessEnded> for Signal {
    fn from(ended: ProcessEnded) -> Self {
        Self::ProcessEnded(Arc::new(ended))
    }
}

impl From<IssueSignal> for Signal {
    fn from(signal: IssueSignal) -> Self {
        match signal {
            IssueSignal::Opened(issue) => Self::IssueOpened(issue),
            IssueSignal::Regressed(issue) => Self::IssueRegressed(issue),
            IssueSignal::Changed(change) => Self::IssueChanged(change),
            IssueSignal::Milestone(milestone) => Self::IssueMilestone(milestone),
        }
    }
}
