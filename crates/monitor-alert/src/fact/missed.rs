//! Facts that the last process may have missed.

use std::time::{Duration, SystemTime};

use monitor_core::{Issue, IssueStatus, LastEnd, Monitor, ProcessEnded};

use super::{Fact, IssueFact};

impl Fact {
    /// Returns the issues that were opened or came back just before the last process was killed. It may have saved them
    /// and not their alerts, which follow a moment later. Issues whose alert is active do not alert again.
    pub(crate) fn missed(ended: &ProcessEnded, monitor: &Monitor) -> Vec<Self> {
        let Some(last) = ended.last.as_ref().filter(|_| ended.end != LastEnd::ByItself) else { return Vec::new() };
        // By the same wall clock as the times of the issues, right or wrong.
        let since = last.at.checked_sub(MARGIN).unwrap_or(SystemTime::UNIX_EPOCH);
        let issues = monitor.issues().into_iter().filter(|issue| issue.status.state == IssueStatus::Unresolved);
        issues.filter_map(|issue| Self::since(since, &issue)).collect()
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
