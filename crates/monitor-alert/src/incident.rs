//! Incidents as data: what happened, when, by which evidence, and to how many requests.

mod event;
mod impact;

use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime},
};

use monitor_core::clock;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(crate) use self::impact::Second;
pub use self::{
    event::{Evidence, IncidentEntry, IncidentEvent, Pin, Subject},
    impact::{ErrorChart, Impact, IssueImpact},
};
use crate::{alert::Severity, mask::Mask, stored};

/// A fault of the service from its first error to its end.
///
/// It is opened by a critical alert, and has one timeline for all alerts until it is closed: when no critical alert is
/// active any more, and none has begun for a quiet period. Times of the wall clock are for people; `since_start` is
/// measured by the monotonic clock as long as one process runs.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Incident {
    /// Identifies the incident, such as `20261128-3f9a1c`.
    pub id: String,
    /// Name of the service.
    pub service: String,
    /// The environment.
    pub environment: String,
    /// The severity: that of its alerts, unless a person has set another one.
    #[serde(with = "stored::alert::StoredSeverity")]
    pub severity: Severity,
    /// Time of the first error.
    #[serde(with = "stored::time")]
    pub started: SystemTime,
    /// Time from the first error until a receiver had the first alert.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "stored::some_millis")]
    pub detected: Option<Duration>,
    /// Time from the first error until the errors were stopped: the error ratio stayed below its threshold for the
    /// window of its rule, or a route was disabled.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "stored::some_millis")]
    pub mitigated: Option<Duration>,
    /// Time from the first error until the last critical alert was over; `None` while the incident is open.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "stored::some_millis")]
    pub resolved: Option<Duration>,
    /// The events in the order of their times, at most 1,000.
    pub timeline: Vec<IncidentEntry>,
    /// Number of events beyond these.
    #[serde(default)]
    pub left_out: u64,
    /// The affected requests and users.
    #[serde(default)]
    pub impact: Impact,
    /// Keys of the alerts of this incident.
    pub(crate) alerts: BTreeSet<String>,
    /// Keys of those that are critical and active.
    pub(crate) active: BTreeSet<String>,
    /// Fields of a newer release.
    #[serde(flatten)]
    pub(crate) rest: Map<String, Value>,
}

/// The phase of an incident.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum IncidentStatus {
    /// Requests fail.
    Open,
    /// The errors were stopped. Their cause may still be there.
    Mitigated,
    /// The incident is over.
    Resolved,
}

impl Incident {
    /// Returns the phase.
    #[must_use]
    pub const fn status(&self) -> IncidentStatus {
        match (self.resolved, self.mitigated) {
            (Some(_), _) => IncidentStatus::Resolved,
            (None, Some(_)) => IncidentStatus::Mitigated,
            (None, None) => IncidentStatus::Open,
        }
    }

    /// Masks its texts. Returns whether any was changed.
    pub(crate) fn erase(&mut self, mask: Mask<'_>) -> bool {
        stored::erase(self, mask)
    }

    /// Returns whether the timeline has this event. A stored time has milliseconds.
    pub(crate) fn has(&self, event: &IncidentEvent, at: SystemTime) -> bool {
        let is_same = |entry: &IncidentEntry| clock::millis(entry.at) == clock::millis(at) && entry.event == *event;
        self.timeline.iter().any(is_same)
    }

    /// Adds an event in the order of time. Beyond the limit it is counted.
    pub(crate) fn add(&mut self, entry: IncidentEntry) {
        let limit = if entry.event.is_of_alert() { MAX_ALERT_ENTRIES } else { MAX_ENTRIES };
        if self.timeline.len() >= limit {
            self.left_out += 1;
            return;
        }
        let at = self.timeline.partition_point(|other| other.since_start <= entry.since_start);
        self.timeline.insert(at, entry);
    }
}

impl IncidentStatus {
    /// Returns the name of this phase in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Mitigated => "mitigated",
            Self::Resolved => "resolved",
        }
    }
}

/// Maximum number of events of an incident.
const MAX_ENTRIES: usize = 1_000;
/// Maximum number of events at which a further one of an alert is added: thousands of alerts leave room for what people
/// do.
const MAX_ALERT_ENTRIES: usize = 900;
