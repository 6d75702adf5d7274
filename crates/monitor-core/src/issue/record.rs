//! The record of an issue: everything but its events.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{
    HourCount,
    status::{IssueDecision, IssueStatus, Regression, Transition},
    users::Users,
};
use crate::{
    base::{
        clock,
        json::{self, Unknown},
    },
    event::{ErrorEvent, EventKind, grouping::Grouping},
    model::{code_location::CodeLocation, fingerprint::Fingerprint},
};

/// The record of an issue: everything but its events, in memory and as JSON in the store.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Record {
    pub(crate) version: u32,
    pub(crate) fingerprint: Fingerprint,
    pub(super) grouping: Grouping,
    pub(super) kind: EventKind,
    #[serde(rename = "type")]
    pub(super) type_name: String,
    pub(super) message: String,
    pub(super) location: Option<CodeLocation>,
    pub(super) status: IssueDecision,
    pub(super) regression: Option<Regression>,
    /// Time of the last change of status, by an operator or by an event.
    ///
    /// Records of version 1 have only the time of the last decision.
    #[serde(with = "json::micros", default = "long_ago")]
    changed: SystemTime,
    #[serde(with = "json::micros")]
    pub(super) first_seen: SystemTime,
    #[serde(with = "json::micros")]
    pub(super) last_seen: SystemTime,
    /// The same on the store's time line. Set when the record is written.
    #[serde(rename = "line_us", default, skip_serializing_if = "Option::is_none")]
    pub(super) line: Option<i64>,
    pub(crate) count: u64,
    /// Number of events captured whole.
    pub(super) whole: u64,
    /// Keyed by the number of hours since the Unix epoch.
    pub(super) hours: BTreeMap<u64, u64>,
    pub(super) users: Users,
    pub(super) routes: BTreeSet<String>,
    pub(super) releases: Vec<String>,
    /// The ID of the first event, if it was stored.
    #[serde(with = "json::text_or_null")]
    pub(super) first: Option<Uuid>,
    /// Fields of a newer release, written back unchanged.
    #[serde(skip)]
    unknown: Unknown,
}

impl Record {
    pub(super) fn new(event: &ErrorEvent) -> Self {
        Self {
            version: VERSION,
            fingerprint: event.fingerprint,
            grouping: event.grouping.clone(),
            kind: event.failure.kind,
            type_name: event.failure.type_name.to_string(),
            message: event.failure.message.clone(),
            location: event.failure.location.clone(),
            status: IssueDecision::default(),
            regression: None,
            changed: long_ago(),
            first_seen: event.at,
            last_seen: event.at,
            line: None,
            count: 0,
            whole: 0,
            hours: BTreeMap::new(),
            users: Users::default(),
            routes: BTreeSet::new(),
            releases: Vec::new(),
            first: None,
            unknown: Unknown::default(),
        }
    }

    /// Reads a stored record.
    pub(crate) fn read(json: &[u8]) -> serde_json::Result<Self> {
        let stored: Value = serde_json::from_slice(json)?;
        let mut record = Self::deserialize(&stored)?;
        record.unknown = Unknown::of(&stored, &serde_json::to_value(&record)?);
        if record.version == 1 {
            record.changed = record.status.since.unwrap_or_else(long_ago);
            record.version = VERSION;
        }
        record.status.restore_deadline();
        Ok(record)
    }

    /// Returns the record in its stored form.
    pub(super) fn to_json(&self) -> serde_json::Result<Value> {
        let mut value = serde_json::to_value(self)?;
        self.unknown.add_to(&mut value);
        Ok(value)
    }

    /// Adds `more` events, the last of them at `last`, and returns the change of status they cause.
    pub(super) fn add_count(&mut self, more: u64, last: SystemTime, release: &str) -> Option<Transition> {
        if more == 0 {
            return None;
        }
        self.count += more;
        if clock::is_ahead(self.last_seen) {
            self.bring_back(last);
        }
        self.last_seen = self.last_seen.max(last);
        *self.hours.entry(hour(last)).or_default() += more;
        self.bound_hours();
        if self.status.is_regression(release, last) {
            self.regress(release, last);
            return Some(Transition::Regressed);
        }
        self.end_mute(last)
    }

    /// Returns the highest milestone that the count has passed since it was `before`: 10, 100, 1000 and so on. An issue
    /// that is not unresolved has none.
    pub(super) fn milestone(&self, before: u64) -> Option<u64> {
        let reached = 10_u64.checked_pow(self.count.checked_ilog10()?)?;
        (reached >= 10 && before < reached && self.status.state == IssueStatus::Unresolved).then_some(reached)
    }

    /// Moves the times and counts recorded while the wall clock was ahead to `at`.
    fn bring_back(&mut self, at: SystemTime) {
        self.last_seen = at;
        let ahead = self.hours.split_off(&(hour(at) + 1)).into_values().sum::<u64>();
        *self.hours.entry(hour(at)).or_default() += ahead;
    }

    /// Moves a decision made while the wall clock was ahead to the present. Otherwise no event could refute it until
    /// the clock reaches its time.
    pub(super) fn bring_decision_back(&mut self) {
        self.changed = clock::brought_back(self.changed);
        self.status.since = self.status.since.map(clock::brought_back);
    }

    /// Reopens the issue if its mute is over.
    pub(super) fn end_mute(&mut self, now: SystemTime) -> Option<Transition> {
        if !self.status.is_mute_over(self.count) {
            return None;
        }
        self.changed = now;
        Some(Transition::MuteOver { before: std::mem::take(&mut self.status) })
    }

    fn regress(&mut self, release: &str, at: SystemTime) {
        let resolved = std::mem::take(&mut self.status);
        self.changed = at;
        self.regression = Some(Regression { release: release.to_owned(), at, resolved });
    }

    /// Records the route and release of an event, and returns whether either is new.
    pub(super) fn observe(&mut self, event: &ErrorEvent) -> bool {
        let (route, release) = (&event.scope.route, event.identity.release());
        let is_new_route = !route.is_empty() && self.routes.len() < MAX_ROUTES && self.routes.insert(route.clone());
        let is_new_release = !self.releases.iter().any(|known| known == release);
        if is_new_release {
            self.releases.push(release.to_owned());
            // The first release is never evicted, as it shows since when the issue exists.
            if self.releases.len() > MAX_RELEASES {
                self.releases.remove(1);
            }
        }
        is_new_route || is_new_release
    }

    /// Merges the record of the same issue in another process. The later decision wins; events counted by the process
    /// that did not know of it may refute it.
    pub(super) fn merge(&mut self, other: Self) -> Option<Transition> {
        self.bring_decision_back();
        let (here, last_here, count_here) = (self.releases.clone(), self.last_seen, self.count);
        if other.first_seen < self.first_seen {
            self.type_name = other.type_name;
            self.message = other.message;
            self.location = other.location;
            self.first = other.first;
            self.first_seen = other.first_seen;
        }
        self.last_seen = last_here.max(other.last_seen);
        self.count += other.count;
        self.whole += other.whole;
        for (hour, count) in other.hours {
            *self.hours.entry(hour).or_default() += count;
        }
        self.bound_hours();
        self.users.merge(other.users);
        self.routes.extend(other.routes);
        while self.routes.len() > MAX_ROUTES {
            self.routes.pop_last();
        }
        let there = other.releases.clone();
        let new: Vec<_> = here.iter().filter(|release| !there.contains(release)).cloned().collect();
        self.releases = other.releases.into_iter().chain(new).collect();
        while self.releases.len() > MAX_RELEASES {
            self.releases.remove(1);
        }
        // Each process was counting without knowledge of the other's decision.
        let (seen_in, last) = if other.changed > self.changed {
            (self.status, self.regression, self.changed) = (other.status, other.regression, other.changed);
            self.status.more_of_mute(count_here);
            (here, last_here)
        } else {
            self.status.more_of_mute(other.count);
            (there, other.last_seen)
        };
        let refuting = seen_in.iter().find(|release| self.status.is_regression(release, last))?.clone();
        self.regress(&refuting, last);
        Some(Transition::Regressed)
    }

    pub(super) fn set_status(&mut self, status: IssueDecision) -> IssueDecision {
        self.regression = None;
        self.changed = status.since.unwrap_or_else(long_ago);
        std::mem::replace(&mut self.status, status)
    }

    pub(super) fn is_ignored(&self) -> bool {
        self.status.state == IssueStatus::Ignored
    }

    pub(super) fn is_muted(&self) -> bool {
        self.status.state == IssueStatus::Muted
    }

    /// Returns the counts of the last 30 days.
    pub(super) fn hours(&self) -> Vec<HourCount> {
        let begin = |hour: u64| clock::from_millis(hour * HOUR_MILLIS);
        let last = hour(clock::brought_back(self.last_seen));
        let first = (last + 1).saturating_sub(MAX_HOURS as u64);
        self.hours.range(first..=last).map(|(hour, count)| HourCount { begin: begin(*hour), count: *count }).collect()
    }

    /// Bounds the hours by number. Bounded by time, one timestamp in the future would evict all the others.
    fn bound_hours(&mut self) {
        while self.hours.len() > MAX_HOURS {
            self.hours.pop_first();
        }
    }
}

fn long_ago() -> SystemTime {
    SystemTime::UNIX_EPOCH
}

fn hour(at: SystemTime) -> u64 {
    clock::millis(at) / HOUR_MILLIS
}

/// The version of the stored form.
const VERSION: u32 = 2;
const HOUR_MILLIS: u64 = 60 * 60 * 1000;
/// Maximum number of hours with a count: 30 days.
const MAX_HOURS: usize = 30 * 24;
const MAX_ROUTES: usize = 50;
const MAX_RELEASES: usize = 100;
