//! The weekly test alert: whether it is due, over restarts.

mod schedule;

use std::time::{Duration, SystemTime};

use monitor_core::StoreWrite;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(crate) use self::schedule::Schedule;
use crate::stored::{self, PREFIX};

/// The schedule, and the last time for which the test was due.
#[derive(Clone, Debug)]
pub(crate) struct WeeklyTest {
    schedule: Schedule,
    state: Option<State>,
    /// Whether the state is of a test of this process, rather than of its start.
    has_begun: bool,
    is_changed: bool,
}

/// The persisted state.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct State {
    /// The time of the schedule at which the last test was due.
    #[serde(rename = "last_ms", with = "stored::time")]
    last: SystemTime,
    /// Fields of a newer release.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl WeeklyTest {
    pub(crate) fn new(schedule: Schedule) -> Self {
        Self { schedule, state: None, has_begun: false, is_changed: false }
    }

    pub(crate) fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Returns whether a test is due: once for each time of the schedule, also for one that passed while no process
    /// ran. A process without earlier state waits for the next one.
    pub(crate) fn is_due(&mut self, now: SystemTime) -> bool {
        // A clock beyond the years of a calendar.
        let Some(latest) = self.schedule.latest(now) else { return false };
        let last = self.state.as_ref().map(|state| state.last);
        let is_due = last.is_some_and(|last| last < latest);
        // Of a clock that was wrong: it must not suspend the tests for years.
        let is_of_future = last.is_some_and(|last| last.duration_since(now).is_ok_and(|ahead| ahead > WEEK));
        if last.is_none() || is_due || is_of_future {
            let rest = self.state.take().map(|state| state.rest).unwrap_or_default();
            self.state = Some(State { last: latest, rest });
            self.is_changed = true;
        }
        self.has_begun |= is_due;
        is_due
    }

    /// Takes the state out of `stored` and merges it. A value that cannot be read remains there.
    pub(crate) fn merge(&mut self, stored: &mut Vec<(String, Vec<u8>)>) {
        stored.retain(|(key, value)| {
            let read = Some(value).filter(|_| *key == store_key());
            let Some(read) = read.and_then(|value| serde_json::from_slice::<State>(value).ok()) else { return true };
            // Two processes may have sent the same test.
            let is_own_later = self.has_begun && self.state.as_ref().is_some_and(|own| own.last >= read.last);
            let last = self.state.take().filter(|_| is_own_later).map_or(read.last, |own| own.last);
            self.is_changed = last != read.last;
            self.state = Some(State { last, rest: read.rest });
            false
        });
    }

    pub(crate) fn take_changes(&mut self) -> Vec<StoreWrite> {
        if std::mem::take(&mut self.is_changed) { self.everything() } else { Vec::new() }
    }

    pub(crate) fn everything(&mut self) -> Vec<StoreWrite> {
        self.is_changed = false;
        self.state.iter().map(|state| stored::put(store_key(), state)).collect()
    }
}

fn store_key() -> String {
    format!("{PREFIX}weekly-test")
}

/// Rule of the weekly test alert.
pub(crate) const RULE: &str = "weekly-test";
/// Rule of the alert that follows a test without an acknowledgement.
pub(crate) const MISSED_RULE: &str = "weekly-test-missed";
/// Time after which a test without an acknowledgement is missed.
pub(crate) const ACKNOWLEDGE_WITHIN: Duration = Duration::from_secs(24 * 60 * 60);
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

#[cfg(test)]
mod tests;
