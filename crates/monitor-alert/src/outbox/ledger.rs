//! The ledger of a channel: fired = delivered + waiting + given up.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The reason for which an entry is given up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Reason {
    /// The receiver will never accept it.
    Rejected,
    /// It waited for too long.
    Expired,
    /// Too many entries were waiting.
    OutboxFull,
    /// Its notifier is no longer configured.
    NoNotifier,
    /// Another process of the service delivered it, or has it as well.
    Superseded,
    /// Its stored form could not be read.
    Unreadable,
}

/// Number of entries of one channel by how they ended, over all processes that used the store. The waiting ones are the
/// rest.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Ledger {
    pub(super) fired: u64,
    pub(super) delivered: u64,
    /// Number of entries that were attempted before they were saved.
    pub(super) unsaved: u64,
    /// Number of given up entries by reason. A newer release may have more reasons.
    pub(super) given_up: BTreeMap<String, u64>,
    /// Fields of a newer release.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// The ledgers of all channels, as they are stored.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Ledgers {
    pub(super) channels: BTreeMap<String, Ledger>,
    /// Fields of a newer release.
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

// === impl Reason ===

impl Reason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::OutboxFull => "outbox_full",
            Self::NoNotifier => "no_notifier",
            Self::Superseded => "superseded",
            Self::Unreadable => "unreadable",
        }
    }
}

// === impl Ledger ===

impl Ledger {
    pub(super) fn give_up(&mut self, reason: Reason) {
        self.give_up_many(reason, 1);
    }

    /// Adds the stored ledger of another process. `waiting` is the number of its entries that could be read. Those that
    /// could not are given up; those that the ledger does not know of, because it could not be read, are added to it.
    pub(super) fn add(&mut self, mut stored: Self, waiting: u64) {
        let ended = stored.given_up.values().fold(stored.delivered, |sum, count| sum.saturating_add(*count));
        let known = ended.saturating_add(waiting);
        stored.give_up_many(Reason::Unreadable, stored.fired.saturating_sub(known));
        self.fired = self.fired.saturating_add(stored.fired.max(known));
        self.delivered = self.delivered.saturating_add(stored.delivered);
        self.unsaved = self.unsaved.saturating_add(stored.unsaved);
        stored.given_up.into_iter().for_each(|(reason, count)| self.add_given_up(reason, count));
        self.rest = stored.rest;
    }

    fn give_up_many(&mut self, reason: Reason, count: u64) {
        if count > 0 {
            self.add_given_up(reason.as_str().to_owned(), count);
        }
    }

    fn add_given_up(&mut self, reason: String, count: u64) {
        let given_up = self.given_up.entry(reason).or_default();
        *given_up = given_up.saturating_add(count);
    }
}

/// Key of the ledgers in the store.
pub(super) const LEDGER: &str = "alert-ledger";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ledger(value: Value) -> Ledger {
        serde_json::from_value(value).expect("a ledger")
    }

    #[test]
    fn stored_entries_that_cannot_be_read_are_given_up() {
        let mut own = ledger(json!({"fired": 2, "delivered": 1}));
        own.add(ledger(json!({"fired": 9, "delivered": 3, "given_up": {"rejected": 1}})), 4);
        assert_eq!(
            json!(own),
            json!({"fired": 11, "delivered": 4, "unsaved": 0, "given_up": {"rejected": 1, "unreadable": 1}})
        );
    }

    #[test]
    fn entries_that_the_ledger_does_not_know_of_have_fired() {
        let mut own = Ledger::default();
        own.add(Ledger::default(), 4);
        assert_eq!(own.fired, 4);
    }

    #[test]
    fn reasons_and_fields_of_a_newer_release_survive() {
        let stored = json!({"fired": 1, "delivered": 0, "unsaved": 0, "given_up": {"muted": 1}, "new": [1]});
        let mut own = Ledger::default();
        own.add(ledger(stored.clone()), 0);
        assert_eq!(json!(own), stored);
    }
}
