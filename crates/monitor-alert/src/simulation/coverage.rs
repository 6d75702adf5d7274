//! The number of times that each fault occurred. A fault that never occurs is not tested, so it fails the simulation.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::weather;
use crate::weekly_test;

/// A fault, or another event of a history. Each must occur.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Event {
    Accepted,
    Rejected,
    Throttled,
    ServerError,
    GarbageAnswer,
    TimedOut,
    ConnectionReset,
    AnswerLost,
    SaveFailed,
    StoreBusy,
    SaveReportLost,
    KilledBeforeDelivery,
    KilledAfterDelivery,
    KilledBeforeSave,
    KilledAfterSave,
    Stopped,
    SecondProcess,
    MergedIntoMemory,
    Restarted,
    NewerRelease,
    ClockJumped,
    WallClockWrong,
    SentUnsaved,
    Superseded,
    Expired,
    NoNotifier,
    UserErased,
    Acknowledged,
    Escalated,
    IssueFlooded,
    FloodEnded,
    IncidentClosed,
    IncidentReopened,
    IncidentDetected,
    ReceiverStaysDown,
    /// A history whose receivers got all changes, in order.
    Complete,
}

#[derive(Debug, Default)]
pub(super) struct Coverage {
    events: BTreeMap<Event, u64>,
    /// Names of the rules whose alerts were sent.
    rules: BTreeSet<String>,
}

impl Coverage {
    pub(super) fn add(&mut self, event: Event, count: u64) {
        *self.events.entry(event).or_default() += count;
    }

    pub(super) fn count(&mut self, event: Event) {
        self.add(event, 1);
    }

    pub(super) fn absorb(&mut self, other: Self) {
        self.rules.extend(other.rules);
        other.events.into_iter().for_each(|(event, count)| self.add(event, count));
    }

    pub(super) fn saw_rule(&mut self, name: &str) {
        if !self.rules.contains(name) {
            self.rules.insert(name.to_owned());
        }
    }

    /// Returns the events that never occurred, and the rules that never alerted.
    pub(super) fn missing(&self) -> Vec<String> {
        let has_occurred = |event: &Event| self.events.get(event).is_some_and(|count| *count > 0);
        let events = ALL.into_iter().filter(|event| !has_occurred(event)).map(|event| format!("{event:?}"));
        let of_tests = [weekly_test::RULE, weekly_test::MISSED_RULE].map(str::to_owned);
        let rules = weather::rules().into_iter().map(|rule| rule.name().to_owned()).chain(of_tests);
        events.chain(rules.filter(|rule| !self.rules.contains(rule))).collect()
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.events.iter().try_for_each(|(event, count)| writeln!(f, "{count:>10}  {event:?}"))
    }
}

const ALL: [Event; 36] = [
    Event::Accepted,
    Event::Rejected,
    Event::Throttled,
    Event::ServerError,
    Event::GarbageAnswer,
    Event::TimedOut,
    Event::ConnectionReset,
    Event::AnswerLost,
    Event::SaveFailed,
    Event::StoreBusy,
    Event::SaveReportLost,
    Event::KilledBeforeDelivery,
    Event::KilledAfterDelivery,
    Event::KilledBeforeSave,
    Event::KilledAfterSave,
    Event::Stopped,
    Event::SecondProcess,
    Event::MergedIntoMemory,
    Event::Restarted,
    Event::NewerRelease,
    Event::ClockJumped,
    Event::WallClockWrong,
    Event::SentUnsaved,
    Event::Superseded,
    Event::Expired,
    Event::NoNotifier,
    Event::UserErased,
    Event::Acknowledged,
    Event::Escalated,
    Event::IssueFlooded,
    Event::FloodEnded,
    Event::IncidentClosed,
    Event::IncidentReopened,
    Event::IncidentDetected,
    Event::ReceiverStaysDown,
    Event::Complete,
];
