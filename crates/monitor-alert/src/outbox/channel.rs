//! One channel: decides when the entries of its queue are sent to its notifier.

use std::time::Duration;

use super::{
    bucket::Bucket,
    entry::{Entry, Saving},
    ledger::Reason,
    queue::Queue,
};
use crate::{alert::Notification, notifier::DeliveryError, rate_limit::RateLimit};

/// The next step of a channel's thread.
#[derive(Debug)]
pub(crate) enum Next {
    /// Save the state, then ask again: an entry is saved before its first attempt.
    Save,
    /// Deliver this notification, then call `finish`.
    Send(Notification),
    /// Ask again after this time, or when an entry was added.
    Wait(Duration),
    /// Ask again when an entry was added.
    Idle,
}

/// The queue of one notifier, and the limits of its receiver.
#[derive(Clone, Debug)]
pub(super) struct Channel {
    pub(super) queue: Queue,
    bucket: Bucket,
    /// Monotonic time before which the receiver accepts no attempt.
    held_until: Duration,
}

impl Channel {
    pub(super) fn new(limit: RateLimit) -> Self {
        Self { queue: Queue::default(), bucket: Bucket::new(limit), held_until: Duration::ZERO }
    }

    /// Returns the next step. An entry is returned to be sent if it is due, the channel is neither held nor has spent
    /// its rate, and no attempt is in flight.
    pub(super) fn next(&mut self, now: Duration) -> Next {
        self.queue.give_up(Reason::Expired, |entry| entry.is_expired(now));
        if self.queue.has_attempt() {
            return Next::Idle;
        }
        let Some(entry) = self.queue.first_due() else { return Next::Idle };
        let due = entry.due.max(self.held_until).max(self.bucket.ready_at());
        if due > now {
            return Next::Wait(due - now);
        }
        if entry.saving == Saving::Untried {
            return Next::Save;
        }
        let notification = entry.attempt();
        self.queue.begin(&notification);
        self.bucket.take(now);
        Next::Send(notification)
    }

    /// Ends the attempt in flight. An ID of another entry is ignored. Returns the entry that was delivered.
    pub(super) fn finish(&mut self, id: &str, result: &Result<(), DeliveryError>, now: Duration) -> Option<Entry> {
        if !self.queue.end(id) {
            return None;
        }
        match result {
            Ok(()) => self.queue.deliver(id),
            Err(error) => {
                self.fail(id, error, now);
                None
            }
        }
    }

    /// Gives up all entries: the notifier is no longer configured.
    pub(super) fn close(&mut self) {
        self.queue.give_up(Reason::NoNotifier, |_| true);
    }

    fn fail(&mut self, id: &str, error: &DeliveryError, now: Duration) {
        if let Some(delay) = error.delay() {
            self.held_until = now.saturating_add(delay.min(LONGEST_HOLD));
        }
        if error.is_permanent() {
            return self.queue.give_up(Reason::Rejected, |entry| entry.id == id);
        }
        self.queue.retry(id, now);
    }
}

/// The longest time for which a receiver can hold the channel.
const LONGEST_HOLD: Duration = Duration::from_secs(60 * 60);
