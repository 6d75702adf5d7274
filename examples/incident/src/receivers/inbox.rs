//! The notifications that the receivers have accepted and refused.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use monitor_kit::alert::Transition;

/// A notification that a receiver has accepted.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// Time of its arrival.
    pub(crate) at: Timestamp,
    pub(crate) receiver: Receiver,
    pub(crate) transition: Transition,
    pub(crate) title: String,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Receiver {
    Slack,
    PagerDuty,
    Mail,
    Webhook,
}

/// The notifications of all receivers. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Inbox(Arc<Mutex<Items>>);

#[derive(Debug, Default)]
struct Items {
    accepted: Vec<Received>,
    refused: Vec<String>,
}

impl Receiver {
    pub(crate) const ALL: [Self; 4] = [Self::Slack, Self::PagerDuty, Self::Mail, Self::Webhook];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Slack => "Slack",
            Self::PagerDuty => "PagerDuty",
            Self::Mail => "the mail server",
            Self::Webhook => "the webhook",
        }
    }
}

impl Inbox {
    pub(super) fn accept(&self, received: Received) {
        self.lock().accepted.push(received);
    }

    pub(super) fn refuse(&self, receiver: Receiver, reason: &str) {
        self.lock().refused.push(format!("{} refuses an alert: {reason}", receiver.as_str()));
    }

    /// Returns the accepted notifications, in the order of their acceptance.
    pub(super) fn accepted(&self) -> Vec<Received> {
        self.lock().accepted.clone()
    }

    /// Returns the reasons of all refusals.
    pub(super) fn refused(&self) -> Vec<String> {
        self.lock().refused.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Items> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
