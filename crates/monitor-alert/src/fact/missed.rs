//! Facts that the last process may have missed: it can be killed after it has saved an issue, and before it has saved
//! the change of the alert.

use std::time::{Duration, SystemTime};

use monitor_core::{Issue, IssueStatus, LastEnd, Monitor, ProcessEnded};

use super::{Fact, IssueFact};

impl Fact {
    /// Returns the resolved issues, and those that were opened or came back just before the last process was killed.
    /// Only those that contradict the state of their alert have an effect.
    pub(crate) fn missed(ended: &ProcessEnded, monitor: &Monitor) -> Vec<Self> {
        let killed = ended.last.as_ref().filter(|_| ended.end != LastEnd::ByItself);
        // By the same wall clock as the times of the issues, right or wrong.
        let since = killed.map(|last| last.at.checked_sub(MARGIN).unwrap_or(SystemTime::UNIX_EPOCH));
        let fact = |issue: Issue| match issue.status.state {
            IssueStatus::Resolved => Some(Self::Resolved(issue.fingerprint, issue.status.actor)),
            IssueStatus::Unresolved => Self::since(since?, &issue),
            _ => None,
        };
        monitor.issues().into_iter().filter_map(fact).collect()
    }

    fn since(since: SystemTime, issue: &Issue) -> Option<Self> {
        if issue.regression.as_ref().is_some_and(|regression| regression.at >= since) {
            return Some(Self::Regressed(IssueFact::of(issue)));
        }
        (issue.first_seen >= since).then(|| Self::Opened(IssueFact::of(issue)))
    }
}

/// Longer than the time between two heartbeats, and between an issue and its alert.
const MARGIN: Duration = Duration::from_secs(5);
