//! The status of an issue: the decisions of operators on it, and the events that refute or end them.

use std::{
    cmp::Ordering,
    sync::Arc,
    time::{Duration, SystemTime},
};

use monitor_redact::{MAX_TEXT, Redaction};
use serde::{Deserialize, Serialize};

use super::{
    Issue, Record,
    error::{IssueError, Refusal},
    release,
};
use crate::base::{
    clock::{self, Deadline},
    json,
};

/// The status of an issue.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum IssueStatus {
    /// The issue needs attention.
    #[default]
    Unresolved,
    /// The issue is considered fixed. A later event reopens it, with a [`Regression`].
    Resolved,
    /// Events are counted and stored, but marked as [muted](crate::ErrorEvent::muted), for a time or for ever.
    Muted,
    /// Events are counted and nothing else: none is stored, and no reporter receives them.
    Ignored,
}

/// The status of an issue, and the decision behind it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct IssueDecision {
    /// The status.
    pub state: IssueStatus,
    /// The person or program that decided; `None` before the first decision.
    pub actor: Option<String>,
    /// Time of the decision; `None` before the first one.
    #[serde(with = "json::time_or_null")]
    pub since: Option<SystemTime>,
    /// The release that resolves the issue, if one was named.
    pub in_release: Option<String>,
    /// The end of the mute; `None` for a mute without end.
    pub muted_until: Option<MutedUntil>,
    /// The releases seen before the resolving one. Events of these are expected while old instances still run. Used
    /// only if releases are not semantic versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    old_releases: Vec<String>,
    /// The end of a timed mute by the monotonic clock. Persisted, not shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deadline: Option<Deadline>,
}

/// The end of a mute.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum MutedUntil {
    /// When the issue's count reaches this number.
    Count(u64),
    /// At this time.
    #[serde(with = "json::time")]
    Time(SystemTime),
}

/// The return of a resolved issue.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Regression {
    /// The release of the event that reopened it.
    pub release: String,
    /// Time of that event.
    #[serde(with = "json::time")]
    pub at: SystemTime,
    /// The decision that the event refuted.
    pub resolved: IssueDecision,
}

/// An order: a decision to make on an issue.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Triage {
    /// Resolves the issue: the next event is a regression.
    Resolve,
    /// Resolves the issue in this release and later ones. Events of earlier releases are no regression, so old
    /// instances may run until they are replaced. If every build has the same release, use [`Resolve`](Self::Resolve).
    ///
    /// Semantic versions (also `v1.2.3` and `name@1.2.3`) are compared by precedence: `1.9.1` and `1.10.0-rc.1` are
    /// earlier than `1.10.0`, and `2.0.0-rc.1` is later. If the releases are not semantic versions, those that the
    /// issue was seen in before are earlier.
    ResolveIn(String),
    /// Mutes the issue without end.
    Mute,
    /// Mutes the issue until this number of further events.
    MuteForMore(u64),
    /// Mutes the issue for this time, from one second to ten years.
    MuteFor(Duration),
    /// Ignores the issue: its events are counted and otherwise dropped.
    Ignore,
    /// Reopens the issue.
    Reopen,
}

/// A new decision on an issue, or the end of a mute.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IssueChange {
    /// The issue after the change.
    pub issue: Arc<Issue>,
    /// The decision before the change.
    pub before: IssueDecision,
}

/// The number of events that an issue has reached: 10, 100, 1000 and so on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IssueMilestone {
    /// The issue.
    pub issue: Arc<Issue>,
    /// The milestone. The issue may have more events already.
    pub events: u64,
}

/// A change of an issue, to be published as a [`Signal`](crate::Signal).
#[derive(Clone, Debug)]
pub(crate) enum IssueSignal {
    Opened(Arc<Issue>),
    Regressed(Arc<Issue>),
    Changed(Arc<IssueChange>),
    Milestone(Arc<IssueMilestone>),
}

/// A change of status that is caused by events or time, not by an operator.
#[derive(Debug)]
pub(super) enum Transition {
    Regressed,
    MuteOver { before: IssueDecision },
}

// === impl IssueStatus ===

impl IssueStatus {
    /// Returns the name of the status.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unresolved => "unresolved",
            Self::Resolved => "resolved",
            Self::Muted => "muted",
            Self::Ignored => "ignored",
        }
    }

    /// Returns the status called `name`, or `None` if there is none.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::IssueStatus;
    ///
    /// assert_eq!(IssueStatus::from_name("muted"), Some(IssueStatus::Muted));
    /// assert_eq!(IssueStatus::from_name("asleep"), None);
    /// ```
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Unresolved, Self::Resolved, Self::Muted, Self::Ignored].into_iter().find(|state| state.as_str() == name)
    }
}

// === impl Triage ===

impl Triage {
    /// Returns the decision that this order makes on the issue of `record`. Masks the order's texts, then cuts them.
    pub(super) fn decide(
        self,
        record: &Record,
        actor: &str,
        at: SystemTime,
        redaction: &Redaction,
    ) -> Result<IssueDecision, IssueError> {
        if actor.trim().is_empty() {
            return Err(Refusal::NoActor.into());
        }
        let mask = |text: &str| redaction.head(text, MAX_TEXT).into_owned();
        let deadline = if let Self::MuteFor(time) = self { Some(Deadline::after(time)) } else { None };
        let (state, in_release, muted_until) = match self {
            Self::Resolve => (IssueStatus::Resolved, None, None),
            Self::ResolveIn(release) if release.trim().is_empty() => return Err(Refusal::NoRelease.into()),
            Self::ResolveIn(release) => {
                (IssueStatus::Resolved, Some(release::masked(&release, &record.releases, mask)), None)
            }
            Self::Mute => (IssueStatus::Muted, None, None),
            Self::MuteForMore(0) => return Err(Refusal::BadMute.into()),
            Self::MuteForMore(more) => {
                (IssueStatus::Muted, None, Some(MutedUntil::Count(record.count.saturating_add(more))))
            }
            Self::MuteFor(time) => {
                let end = at.checked_add(time).filter(|_| (MOMENT..=MAX_MUTE).contains(&time));
                (IssueStatus::Muted, None, Some(MutedUntil::Time(end.ok_or(Refusal::BadMute)?)))
            }
            Self::Ignore => (IssueStatus::Ignored, None, None),
            Self::Reopen => (IssueStatus::Unresolved, None, None),
        };
        let old_releases = in_release.as_ref().map_or_else(Vec::new, |fixed| seen_before(&record.releases, fixed));
        let actor = Some(mask(actor));
        Ok(IssueDecision { state, actor, since: Some(at), in_release, muted_until, old_releases, deadline })
    }
}

// === impl IssueDecision ===

impl IssueDecision {
    /// Returns whether an event of this release and time is a regression.
    pub(super) fn is_regression(&self, release: &str, at: SystemTime) -> bool {
        // If the decision was made while the wall clock was ahead, every later event counts as after it.
        let is_later = |since| at > since || clock::is_ahead(since);
        self.state == IssueStatus::Resolved && !self.is_resolved_later_than(release) && self.since.is_none_or(is_later)
    }

    /// Returns whether the issue is resolved in a release later than this one.
    fn is_resolved_later_than(&self, release: &str) -> bool {
        let order = self.in_release.as_deref().and_then(|fixed| release::compare(release, fixed));
        order.map_or_else(|| self.old_releases.iter().any(|old| old == release), Ordering::is_lt)
    }

    /// Extends a mute by count, for `count` events of another process before or beside the decision. Those must not end
    /// the mute.
    pub(super) fn more_of_mute(&mut self, count: u64) {
        if let Some(MutedUntil::Count(end)) = &mut self.muted_until {
            *end = end.saturating_add(count);
        }
    }

    /// Returns whether the mute is over. Timed mutes end by the monotonic clock, not by the wall clock.
    pub(super) fn is_mute_over(&self, count: u64) -> bool {
        let is_over = match self.muted_until {
            Some(MutedUntil::Count(end)) => count >= end,
            Some(MutedUntil::Time(_)) => self.deadline.as_ref().is_none_or(|deadline| deadline.is_over(clock::now())),
            None => false,
        };
        self.state == IssueStatus::Muted && is_over
    }

    /// Restores the end of a mute from its persisted form.
    pub(super) fn restore_deadline(&mut self) {
        if let (Some(MutedUntil::Time(until)), Some(since)) = (self.muted_until, self.since) {
            self.deadline = Some(Deadline::restore(self.deadline.as_ref(), since, until));
        }
    }

    /// Returns the decision with the end of its mute in terms of the present wall clock.
    pub(super) fn shown(&self) -> Self {
        let mut shown = self.clone();
        if let (Some(MutedUntil::Time(until)), Some(deadline)) = (&mut shown.muted_until, shown.deadline.take()) {
            *until = deadline.until(*until);
        }
        shown
    }

    /// Returns whether this is a timed mute.
    pub(super) fn has_deadline(&self) -> bool {
        self.deadline.is_some()
    }
}

/// Returns the `releases`, which are in order of first sight, that come before `fixed`.
fn seen_before(releases: &[String], fixed: &str) -> Vec<String> {
    releases.iter().take_while(|release| *release != fixed).cloned().collect()
}

const MOMENT: Duration = Duration::from_secs(1);
const MAX_MUTE: Duration = Duration::from_secs(10 * 366 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock;

    fn resolved_in(release: &str, old_releases: &[&str]) -> IssueDecision {
        let old_releases = old_releases.iter().map(|&old| old.to_owned()).collect();
        let in_release = Some(release.to_owned());
        IssueDecision { state: IssueStatus::Resolved, in_release, old_releases, ..IssueDecision::default() }
    }

    fn is_regression(status: &IssueDecision, release: &str) -> bool {
        status.is_regression(release, clock::wall())
    }

    #[test]
    fn an_issue_resolved_in_a_semantic_version_regresses_from_that_version_on() {
        let status = resolved_in("1.10.0", &["1.9.0", "1.10.1"]);
        for release in ["1.9.1", "1.8.0", "1.9.0", "1.10.0-rc.1", "shop@1.9.1"] {
            assert!(!is_regression(&status, release), "{release}");
        }
        for release in ["1.10.0", "1.10.0+9f3c2ab", "1.10.1", "2.0.0-rc.1", "v1.10.0", "shop@2.0.0"] {
            assert!(is_regression(&status, release), "{release}");
        }
    }

    #[test]
    fn other_releases_regress_unless_they_were_seen_before() {
        let status = resolved_in("build-7", &["build-5", "1.9.0"]);
        let releases = ["build-5", "1.9.0", "build-7", "build-8"];
        assert_eq!(releases.map(|release| is_regression(&status, release)), [false, false, true, true]);
    }

    #[test]
    fn a_release_first_seen_after_the_resolving_one_is_later() {
        let releases = ["build-5", "build-7", "build-6"].map(str::to_owned);
        let status = resolved_in("build-7", &[]);
        let status = IssueDecision { old_releases: seen_before(&releases, "build-7"), ..status };
        assert!(!is_regression(&status, "build-5"));
        assert!(is_regression(&status, "build-6"));
    }
}
