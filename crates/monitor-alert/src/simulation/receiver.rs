//! A receiver: accepts notifications, or fails in one of many ways.

use std::time::Duration;

use fastrand::Rng;

use super::coverage::Event;
use crate::{
    alert::{Notification, Transition},
    notifier::DeliveryError,
};

/// The outcome of an attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Answer {
    Accepts,
    Rejects,
    Throttles {
        seconds: u64,
    },
    ServerError,
    Garbage,
    TimesOut,
    Resets,
    /// The notification is accepted, and the answer lost.
    AcceptsThenResets,
}

/// A receiver, and the notifications that it has accepted.
#[derive(Debug)]
pub(super) struct Receiver {
    /// The answer to most attempts.
    pub(super) mood: Answer,
    accepted: Vec<(String, String, Transition)>,
}

impl Receiver {
    pub(super) fn new() -> Self {
        Self { mood: Answer::Accepts, accepted: Vec::new() }
    }

    /// Returns the answer to one attempt.
    pub(super) fn answer(&self, random: &mut Rng) -> Answer {
        if random.u8(0..10) == 0 { Answer::any(random) } else { self.mood }
    }

    pub(super) fn receive(&mut self, notification: &Notification) {
        let key = notification.alert.key.clone();
        self.accepted.push((notification.id.clone(), key, notification.transition));
    }

    /// Checks that each alert that was ended had begun. Valid for a receiver that gets all changes of an alert.
    pub(super) fn check_order(&self) {
        for (at, (id, key, transition)) in self.accepted.iter().enumerate() {
            let before = &self.accepted[..at];
            let is_repeated = before.iter().any(|(other, ..)| other == id);
            if *transition == Transition::Triggered || is_repeated {
                continue;
            }
            let count = |transition: Transition| {
                let mut ids: Vec<_> = before.iter().filter(|other| other.1 == *key && other.2 == transition).collect();
                ids.sort_by_key(|other| &other.0);
                ids.dedup_by_key(|other| &other.0);
                ids.len()
            };
            assert!(
                count(Transition::Triggered) > count(Transition::Resolved),
                "the receiver got the end of {key} before its beginning"
            );
        }
    }
}

impl Answer {
    pub(super) fn any(random: &mut Rng) -> Self {
        match random.u8(0..16) {
            0 => Self::Rejects,
            1 => Self::Throttles { seconds: random.u64(0..10_000) },
            2 => Self::ServerError,
            3 => Self::Garbage,
            4 => Self::TimesOut,
            5 => Self::Resets,
            6 => Self::AcceptsThenResets,
            _ => Self::Accepts,
        }
    }

    pub(super) fn is_received(self) -> bool {
        matches!(self, Self::Accepts | Self::AcceptsThenResets)
    }

    /// Returns the time after which the attempt ends.
    pub(super) fn delay(self, random: &mut Rng) -> Duration {
        match self {
            Self::TimesOut => Duration::from_secs(10),
            _ => Duration::from_millis(random.u64(0..500)),
        }
    }

    pub(super) fn result(self) -> Result<(), DeliveryError> {
        match self {
            Self::Accepts => Ok(()),
            Self::Rejects => Err(DeliveryError::permanent("HTTP status 404")),
            Self::Throttles { seconds } => {
                Err(DeliveryError::retryable("HTTP status 429").retry_after(Duration::from_secs(seconds)))
            }
            Self::ServerError => Err(DeliveryError::retryable("HTTP status 500")),
            Self::Garbage => Err(DeliveryError::retryable("the answer is no HTTP")),
            Self::TimesOut => Err(DeliveryError::retryable("no answer within 10 seconds")),
            Self::Resets | Self::AcceptsThenResets => Err(DeliveryError::retryable("connection reset")),
        }
    }

    pub(super) fn event(self) -> Event {
        match self {
            Self::Accepts => Event::Accepted,
            Self::Rejects => Event::Rejected,
            Self::Throttles { .. } => Event::Throttled,
            Self::ServerError => Event::ServerError,
            Self::Garbage => Event::GarbageAnswer,
            Self::TimesOut => Event::TimedOut,
            Self::Resets => Event::ConnectionReset,
            Self::AcceptsThenResets => Event::AnswerLost,
        }
    }
}
