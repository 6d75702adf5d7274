//! What somebody decides on an issue, and what becomes of it.

use std::{
    error::Error,
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};

use super::{Issue, Record};
use crate::{Fingerprint, json, scope::bounded};

/// Where an issue stands.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum IssueState {
    /// It is to be dealt with.
    #[default]
    Unresolved,
    /// It is said to happen no more. If it does, it is unresolved again, with a [`Regression`].
    Resolved,
    /// It is counted and kept, and its events are marked as [muted](crate::ErrorEvent::muted), for a time or for ever.
    Muted,
    /// It is counted, and nothing else: no further event is kept and no reporter is told.
    Ignored,
}

/// Where an issue stands, and who decided so.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct IssueStatus {
    /// Where it stands.
    pub state: IssueState,
    /// Who decided so; `None` where nobody did.
    pub actor: Option<String>,
    /// When; `None` where nobody did.
    #[serde(with = "json::time_or_null")]
    pub since: Option<SystemTime>,
    /// The release that resolves it, where one was named.
    pub in_release: Option<String>,
    /// How long it is muted; `None` for ever.
    pub muted_until: Option<MutedUntil>,
    /// The releases it was seen in before it was resolved by another one: there it may go on for a while.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    old_releases: Vec<String>,
}

/// What ends the time in which an issue is muted.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum MutedUntil {
    /// It has happened so often in all.
    Count(u64),
    /// It is this time.
    #[serde(with = "json::time")]
    Time(SystemTime),
}

/// A resolved issue came back.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Regression {
    /// The release it came back in.
    pub release: String,
    /// When.
    #[serde(with = "json::time")]
    pub at: SystemTime,
    /// What was said of it before.
    pub resolved: IssueStatus,
}

/// What to do with an issue.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Triage {
    /// It happens no more: the next event is a regression.
    Resolve,
    /// It happens no more in this release and in later ones: an event of a release it was seen in before is none, so that the
    /// old release may go on until it is gone. Where every build has the same release, [`Resolve`](Self::Resolve) it.
    ResolveIn(String),
    /// Nobody is to be woken up for it.
    Mute,
    /// Nobody is to be woken up for it until it has happened so many times more.
    MuteForMore(u64),
    /// Nobody is to be woken up for it for so long.
    MuteFor(Duration),
    /// It is to be counted and else forgotten.
    Ignore,
    /// It is to be dealt with after all.
    Reopen,
}

/// Somebody decided on an issue, or the time in which it was muted is over.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IssueChange {
    /// The issue as it stands now.
    pub issue: Arc<Issue>,
    /// Where it stood before.
    pub before: IssueStatus,
}

/// An order on an issue could not be carried out.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum IssueError {
    /// There is no such issue.
    Unknown(Fingerprint),
    /// Nobody is named who decides.
    NoActor,
    /// A release without a name.
    NoRelease,
    /// It would be muted for no time at all, or for longer than there is time.
    BadMute,
    /// The monitor is disabled.
    MonitorDisabled,
}

/// What more events make of where an issue stands.
#[derive(Debug)]
pub(super) enum Turn {
    Regressed,
    MuteOver { before: IssueStatus },
}

// === impl IssueState ===

impl IssueState {
    /// Returns the name of the state.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unresolved => "unresolved",
            Self::Resolved => "resolved",
            Self::Muted => "muted",
            Self::Ignored => "ignored",
        }
    }

    /// Returns the state called `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Unresolved, Self::Resolved, Self::Muted, Self::Ignored].into_iter().find(|state| state.as_str() == name)
    }
}

// === impl Triage ===

impl Triage {
    /// Returns what an issue becomes that stands as `record` says.
    pub(super) fn decide(self, record: &Record, actor: &str, at: SystemTime) -> Result<IssueStatus, IssueError> {
        if actor.trim().is_empty() {
            return Err(IssueError::NoActor);
        }
        let (state, in_release, muted_until) = match self {
            Self::Resolve => (IssueState::Resolved, None, None),
            Self::ResolveIn(release) if release.trim().is_empty() => return Err(IssueError::NoRelease),
            Self::ResolveIn(release) => (IssueState::Resolved, Some(bounded(release)), None),
            Self::Mute => (IssueState::Muted, None, None),
            Self::MuteForMore(0) => return Err(IssueError::BadMute),
            Self::MuteForMore(more) => {
                (IssueState::Muted, None, Some(MutedUntil::Count(record.count.saturating_add(more))))
            }
            Self::MuteFor(time) => {
                let end = at.checked_add(time).filter(|_| (MOMENT..=LONGEST).contains(&time));
                (IssueState::Muted, None, Some(MutedUntil::Time(end.ok_or(IssueError::BadMute)?)))
            }
            Self::Ignore => (IssueState::Ignored, None, None),
            Self::Reopen => (IssueState::Unresolved, None, None),
        };
        let is_old = |release: &&String| Some(*release) != in_release.as_ref();
        let old_releases = match in_release {
            Some(_) => record.releases.iter().filter(is_old).cloned().collect(),
            None => Vec::new(),
        };
        let actor = Some(bounded(actor.to_owned()));
        Ok(IssueStatus { state, actor, since: Some(at), in_release, muted_until, old_releases })
    }
}

// === impl IssueStatus ===

impl IssueStatus {
    /// Returns whether an event of this release, at this time, shows that the issue was not resolved.
    pub(super) fn is_refuted(&self, release: &str, at: SystemTime) -> bool {
        let is_old = self.old_releases.iter().any(|old| old == release);
        self.state == IssueState::Resolved && !is_old && self.since.is_none_or(|since| at > since)
    }

    /// Takes in that so many were counted elsewhere, before or beside the decision: a mute does not end by them.
    pub(super) fn more_of_mute(&mut self, count: u64) {
        if let Some(MutedUntil::Count(end)) = &mut self.muted_until {
            *end = end.saturating_add(count);
        }
    }

    /// Returns whether the time in which it was muted is over.
    pub(super) fn is_mute_over(&self, count: u64, now: SystemTime) -> bool {
        let is_over = match self.muted_until {
            Some(MutedUntil::Count(end)) => count >= end,
            Some(MutedUntil::Time(end)) => now >= end,
            None => false,
        };
        self.state == IssueState::Muted && is_over
    }
}

// === impl IssueError ===

impl fmt::Display for IssueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(fingerprint) => write!(f, "there is no issue {fingerprint}: it was never seen, or is forgotten"),
            Self::NoActor => f.write_str("nobody is named who decides: give the name of a person or a program"),
            Self::NoRelease => f.write_str("the release that resolves the issue has no name: give it, or leave the release out"),
            Self::BadMute => f.write_str(
                "an issue is muted until it has happened at least once more, or for a second to ten years: give a number in \
                 between, or mute it for ever",
            ),
            Self::MonitorDisabled => f.write_str("the monitor is disabled, and has no issues"),
        }
    }
}

impl Error for IssueError {}

const MOMENT: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(10 * 366 * 24 * 60 * 60);
