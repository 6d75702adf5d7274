//! The number of times that each fault occurred. A fault that never occurs is not tested, so it fails the simulation.

use std::{collections::BTreeMap, fmt};

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
    WeeklyTest,
    WeeklyTestMissed,
    /// A history whose receivers got all changes, in order.
    Complete,
}

#[derive(Debug, Default)]
pub(super) struct Coverage(BTreeMap<Event, u64>);

impl Coverage {
    pub(super) fn add(&mut self, event: Event, count: u64) {
        *self.0.entry(event).or_default() += count;
    }

    pub(super) fn count(&mut self, event: Event) {
        self.add(event, 1);
    }

    pub(super) fn absorb(&mut self, other: Self) {
        other.0.into_iter().for_each(|(event, count)| self.add(event, count));
    }

    /// Returns the events that never occurred.
    pub(super) fn missing(&self) -> Vec<Event> {
        ALL.into_iter().filter(|event| self.0.get(event).is_none_or(|count| *count == 0)).collect()
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(event, count)| writeln!(f, "{count:>10}  {event:?}"))
    }
}

const ALL: [Event; 38] = [
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
    Event::WeeklyTest,
    Event::WeeklyTestMissed,
    Event::Complete,
];
