//! Issues: groups of events with the same fingerprint.
//!
//! Sites throttle and count errors on the thread of the error, in atomics. The table of issues reads their counts once
//! a second, and before each query, decision and save.

mod api;
mod changes;
mod error;
mod query;
mod record;
mod regroup;
mod release;
pub(crate) mod site;
mod state;
mod status;
mod table;
mod unresolved;
mod users;

use std::{sync::Arc, time::SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::{
    api::ErasedUser,
    error::IssueError,
    query::{IssuePage, IssueQuery, IssueSort},
    status::{IssueChange, IssueDecision, IssueMilestone, IssueStatus, MutedUntil, Regression, Triage},
};
pub(crate) use self::{
    changes::{EVENTS, RECORDS, TIME_LINE, event_key},
    record::Record,
    regroup::Stored,
    status::IssueSignal,
    table::{IssueLimits, Issues},
    unresolved::{StoredEvent, UNRESOLVED, Unresolved, UnresolvedEvents},
    users::salt,
};
use crate::{
    base::clock,
    event::{ErrorEvent, EventKind, grouping::Grouping},
    model::{code_location::CodeLocation, fingerprint::Fingerprint},
};

/// An issue: all events with one fingerprint, as a snapshot.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Issue {
    /// The fingerprint, which identifies the issue.
    pub fingerprint: Fingerprint,
    /// The facts by which its events are grouped.
    pub grouping: Grouping,
    /// The kind of failure.
    pub kind: EventKind,
    /// The error's type name.
    pub type_name: String,
    /// The message of the first event.
    pub message: String,
    /// The place of the first event, if known.
    pub location: Option<CodeLocation>,
    /// The last decision on the issue.
    pub status: IssueDecision,
    /// The regression, if the issue was resolved and came back, and no decision was made since.
    pub regression: Option<Regression>,
    /// Time of the first event.
    pub first_seen: SystemTime,
    /// Time of the last event.
    pub last_seen: SystemTime,
    /// Number of events. Exact, even if events were throttled or dropped.
    pub count: u64,
    /// Number of events that were counted but not captured whole.
    pub suppressed: u64,
    /// Number of events per hour, for the last 30 days, oldest first; hours without an event are left out.
    pub hours: Vec<HourCount>,
    /// Number of affected users: exact up to 512, an estimate within about 5 % above. If one site sees more than 256
    /// new users within a second, some of them are missed.
    pub users_affected: u64,
    /// The routes of its events, at most 50.
    pub routes: Vec<String>,
    /// The releases of its events, in order of first sight, at most 100.
    pub releases: Vec<String>,
    /// The first event and the 20 latest ones, in that order, except those dropped by a memory limit or an erasure.
    pub samples: Vec<Arc<ErrorEvent>>,
}

/// Number of events of an issue in one hour.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct HourCount {
    /// Start of the hour.
    #[serde(with = "crate::base::json::time")]
    pub begin: SystemTime,
    /// Number of events.
    pub count: u64,
}

impl Issue {
    /// Explains in words why the events are one issue.
    #[must_use]
    pub fn explain(&self) -> String {
        self.grouping.to_string()
    }

    /// Returns the issue as JSON, without its samples.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "fingerprint": self.fingerprint,
            "grouping": self.grouping,
            "kind": self.kind,
            "type": self.type_name,
            "message": self.message,
            "location": self.location,
            "status": self.status,
            "regression": self.regression,
            "first_seen": clock::rfc3339(self.first_seen),
            "last_seen": clock::rfc3339(self.last_seen),
            "count": self.count,
            "suppressed": self.suppressed,
            "hours": self.hours,
            "users_affected": self.users_affected,
            "routes": self.routes,
            "releases": self.releases,
        })
    }
}
