//! An entry of the outbox: one notification for one channel, and the state of its delivery.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::backoff;
use crate::{
    alert::{Alert, Notification, Transition},
    engine::Change,
    hash,
    mask::{self, Mask},
    stored::{self, PREFIX, alert::StoredTransition},
};

/// One notification for one channel.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Entry {
    /// ID of the notification. The end of the key in the store.
    #[serde(skip)]
    pub(super) id: String,
    pub(super) channel: String,
    #[serde(with = "StoredTransition")]
    pub(super) transition: Transition,
    pub(super) episode: u64,
    /// Rank in the channel.
    pub(super) order: u64,
    #[serde(flatten, with = "stored::alert")]
    pub(super) alert: Arc<Alert>,
    /// Number of attempts, in all processes.
    pub(super) attempts: u32,
    /// Time waited in all processes, until `since`.
    #[serde(rename = "waited_ms", with = "stored::millis")]
    waited: Duration,
    /// Monotonic time from which the rest of the waiting is measured.
    #[serde(skip)]
    since: Duration,
    /// Monotonic time of the next attempt.
    #[serde(skip)]
    pub(super) due: Duration,
    #[serde(skip)]
    pub(super) saving: Saving,
    /// Fields of a newer release.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// The progress of the save of an entry. Entries that are read from the store are saved.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Saving {
    #[default]
    Saved,
    /// No save was tried since the entry was added.
    Untried,
    /// A save was tried, and failed.
    Failed,
}

impl Entry {
    /// Creates the entry of a change. `order` must be larger than that of all other entries of the channel.
    pub(super) fn new(channel: &str, change: &Change, order: u64) -> Self {
        Self {
            id: Self::id(channel, &change.alert.key, change.episode, change.transition),
            channel: channel.to_owned(),
            transition: change.transition,
            episode: change.episode,
            order,
            alert: Arc::clone(&change.alert),
            attempts: 0,
            waited: Duration::ZERO,
            since: Duration::ZERO,
            due: Duration::ZERO,
            saving: Saving::Untried,
            rest: Map::new(),
        }
    }

    /// Returns the ID of a notification. It is the same in every process.
    pub(super) fn id(channel: &str, alert_key: &str, episode: u64, transition: Transition) -> String {
        hash::id(&[channel, alert_key, &episode.to_string(), transition.as_str()])
    }

    /// Reads a stored entry. Returns `None` if the value is of another kind, or cannot be read.
    pub(super) fn read(key: &str, value: &[u8]) -> Option<Self> {
        let id = Self::id_of(key)?.to_owned();
        Some(Self { id, ..serde_json::from_slice(value).ok()? })
    }

    /// Returns the ID of the entry with this key in the store. Returns `None` for a key of another kind.
    pub(super) fn id_of(store_key: &str) -> Option<&str> {
        store_key.strip_prefix(PREFIX)?.strip_prefix(KIND)
    }

    /// Returns the key in the store of the entry with this ID.
    pub(super) fn store_key(id: &str) -> String {
        format!("{PREFIX}{KIND}{id}")
    }

    /// Starts to wait: after it was added, or loaded by the next process.
    pub(super) fn wait_from(mut self, now: Duration) -> Self {
        (self.since, self.due) = (now, now);
        self
    }

    /// Returns whether it has waited for so long that its alert is of no use any more. It is measured by the monotonic
    /// clock of each process, because a wrong wall clock must not expire it.
    pub(super) fn is_expired(&self, now: Duration) -> bool {
        self.waited_at(now) > MAX_WAIT
    }

    /// Begins an attempt.
    pub(super) fn attempt(&mut self) -> Notification {
        self.attempts = self.attempts.saturating_add(1);
        Notification {
            id: self.id.clone(),
            transition: self.transition,
            episode: self.episode,
            alert: Arc::clone(&self.alert),
            acknowledge_url: None,
            attempt: self.attempts,
            is_saved: self.saving == Saving::Saved,
        }
    }

    /// Sets the time of the next attempt, after a failed one.
    pub(super) fn retry(&mut self, now: Duration) {
        (self.waited, self.since) = (self.waited_at(now), now);
        self.due = now.saturating_add(backoff::delay(&self.id, self.attempts));
    }

    /// Merges the stored entry with the same ID. Both have waited at the same time, so their times are not added.
    pub(super) fn merge(self, stored: Self) -> Self {
        Self {
            attempts: self.attempts.max(stored.attempts),
            waited: self.waited_at(stored.since).max(stored.waited),
            since: stored.since,
            saving: Saving::Saved,
            rest: stored.rest,
            ..self
        }
    }

    /// Masks its texts. Returns whether any was changed.
    pub(super) fn erase(&mut self, mask: Mask<'_>) -> bool {
        mask::alert(&mut self.alert, &mut *mask) | mask::fields(&mut self.rest, mask)
    }

    fn waited_at(&self, now: Duration) -> Duration {
        self.waited.saturating_add(now.saturating_sub(self.since))
    }
}

const KIND: &str = "entry-";
/// Time after which an entry is given up.
const MAX_WAIT: Duration = Duration::from_secs(24 * 60 * 60);
