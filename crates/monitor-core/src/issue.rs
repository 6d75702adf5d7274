//! Issues: all events with one fingerprint.

mod api;
mod changes;
mod eraser;
mod query;
mod record;
mod regroup;
mod release;
pub(crate) mod site;
mod state;
mod status;
mod table;
mod timeline;
mod unresolved;
mod users;

use std::{sync::Arc, time::SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::{
    api::ErasedUser,
    query::{IssuePage, IssueQuery, IssueSort},
    status::{IssueChange, IssueDecision, IssueError, IssueStatus, MutedUntil, Regression, Triage},
};
pub(crate) use self::{
    changes::{EVENTS, RECORDS, event_key},
    record::Record,
    regroup::Stored,
    status::IssueSignal,
    table::{Issues, Limits},
    timeline::TIME_LINE,
    unresolved::{StoredEvent, UNRESOLVED, Unresolved, UnresolvedEvents},
    users::salt,
};
use crate::{
    base::clock,
    event::{ErrorEvent, EventKind, grouping::Grouping},
    model::{code_location::CodeLocation, fingerprint::Fingerprint},
};

/// All events with one fingerprint, as they stand at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Issue {
    /// Which issue.
    pub fingerprint: Fingerprint,
    /// What its events are grouped by.
    pub grouping: Grouping,
    /// What kind of failure.
    pub kind: EventKind,
    /// The error's type.
    pub type_name: String,
    /// What the first event says.
    pub message: String,
    /// Where the first event happened, where known.
    pub location: Option<CodeLocation>,
    /// What somebody decided on it.
    pub status: IssueDecision,
    /// How it came back, where it was resolved before and nobody decided on it since.
    pub regression: Option<Regression>,
    /// When it was first seen.
    pub first_seen: SystemTime,
    /// When it was last seen.
    pub last_seen: SystemTime,
    /// How often it happened: exact, also when not every event was kept.
    pub count: u64,
    /// How many of them were counted, but not captured whole.
    pub suppressed: u64,
    /// How often it happened in each hour of the last 30 days in which it did, the oldest first.
    pub hours: Vec<HourCount>,
    /// How many users it happened to: exact up to 512, an estimate of about 5 % above. Of more than 256 new ones of one source
    /// within a second some are missed.
    pub users_affected: u64,
    /// The routes it happened on, at most 50 of them.
    pub routes: Vec<String>,
    /// The releases it happened in, in the order in which they were seen, at most 100 of them.
    pub releases: Vec<String>,
    /// The first event and the 20 latest ones, in that order, as far as they are still kept.
    pub samples: Vec<Arc<ErrorEvent>>,
}

/// How often an issue happened in an hour.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct HourCount {
    /// When the hour began.
    #[serde(with = "crate::base::json::time")]
    pub begin: SystemTime,
    /// How often.
    pub count: u64,
}

impl Issue {
    /// Says in words why its events are one issue.
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
