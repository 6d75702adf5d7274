//! Signals: what a monitor tells its reporters.

pub(crate) mod log_reporter;
#[cfg(feature = "test-util")]
pub(crate) mod memory_reporter;
pub(crate) mod reporter;

use std::sync::Arc;

use crate::{
    event::ErrorEvent,
    health::HealthChange,
    issue::{Issue, IssueChange, IssueSignal},
    model::identity::Identity,
    switch::{DisabledRoute, EnabledRoute},
};

/// Something happened that somebody may want to be told of.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Signal {
    /// The monitor was built: the process runs this release.
    Started(Arc<Identity>),
    /// An error was captured whole. Of many from one source within a minute, only the first ten are.
    Error(Arc<ErrorEvent>),
    /// An error was seen for the first time.
    IssueOpened(Arc<Issue>),
    /// An error that was resolved came back; its [`regression`](Issue::regression) says in which release.
    IssueRegressed(Arc<Issue>),
    /// Somebody decided on an issue, or the time in which it was muted is over.
    IssueChanged(Arc<IssueChange>),
    /// A probe, or the service as a whole, is as it was not before.
    HealthChanged(Arc<HealthChange>),
    /// Somebody took a route out of service.
    RouteDisabled(Arc<DisabledRoute>),
    /// A route is back in service, because somebody said so or its time was over.
    RouteEnabled(Arc<EnabledRoute>),
}

impl From<EnabledRoute> for Signal {
    fn from(enabled: EnabledRoute) -> Self {
        Self::RouteEnabled(Arc::new(enabled))
    }
}

impl From<IssueSignal> for Signal {
    fn from(signal: IssueSignal) -> Self {
        match signal {
            IssueSignal::Opened(issue) => Self::IssueOpened(issue),
            IssueSignal::Regressed(issue) => Self::IssueRegressed(issue),
            IssueSignal::Changed(change) => Self::IssueChanged(change),
        }
    }
}
