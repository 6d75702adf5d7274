//! The facts in signals.

use monitor_core::{EventKind, Issue, IssueStatus, Signal};

use super::{Fact, FailureKind, IssueFact};

impl Fact {
    /// Returns the fact in a signal, if rules act on it.
    pub(crate) fn of(signal: &Signal) -> Option<Self> {
        match signal {
            Signal::IssueOpened(issue) => Some(Self::Opened(IssueFact::of(issue))),
            Signal::IssueRegressed(issue) => Some(Self::Regressed(IssueFact::of(issue))),
            Signal::IssueMilestone(milestone) => Some(Self::Reached(IssueFact::of(&milestone.issue), milestone.events)),
            Signal::IssueChanged(change) if change.issue.status.state == IssueStatus::Resolved => {
                let by = change.issue.status.actor.clone();
                Some(Self::Resolved(change.issue.fingerprint, by))
            }
            _ => None,
        }
    }
}

impl IssueFact {
    pub(crate) fn of(issue: &Issue) -> Self {
        let sample = issue.samples.last();
        Self {
            fingerprint: issue.fingerprint,
            kind: if issue.kind == EventKind::Panic { FailureKind::Panic } else { FailureKind::Error },
            type_name: issue.type_name.clone(),
            message: issue.message.clone(),
            location: issue.location.as_ref().map(ToString::to_string),
            routes: issue.routes.clone(),
            release: issue.releases.last().cloned().unwrap_or_default(),
            at: Some(issue.regression.as_ref().map_or(issue.first_seen, |regression| regression.at)),
            event_id: sample.map(|event| event.id.to_string()),
            request_id: sample.and_then(|event| event.scope.request_id.as_ref()).map(ToString::to_string),
            count: issue.count,
            users: issue.users_affected,
        }
    }
}
