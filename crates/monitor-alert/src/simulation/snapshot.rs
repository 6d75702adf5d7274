//! A state as an observer reads it: from its stored form, without the types of the machine.

use std::collections::{BTreeMap, BTreeSet};

use monitor_core::StoreWrite;
use serde_json::Value;

use crate::machine::Machine;

/// A waiting entry.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) id: String,
    pub(super) channel: String,
    pub(super) alert_key: String,
    pub(super) transition: String,
    pub(super) episode: u64,
    pub(super) order: u64,
}

/// The ledger of one channel.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Ledger {
    pub(super) fired: u64,
    pub(super) delivered: u64,
    pub(super) given_up: BTreeMap<String, u64>,
}

/// The state of a machine, or of a store.
#[derive(Clone, Debug, Default)]
pub(super) struct Snapshot {
    pub(super) keys: BTreeSet<String>,
    pub(super) waiting: Vec<Waiting>,
    pub(super) ledgers: BTreeMap<String, Ledger>,
    /// Keys of all alerts that have a record.
    pub(super) alerts: BTreeSet<String>,
    /// Active alerts, with their episodes.
    pub(super) active: BTreeMap<String, u64>,
    /// The pages of active alerts.
    pub(super) pages: BTreeMap<String, Page>,
}

/// The channels that an active alert has reached, and the person who has acknowledged it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Page {
    pub(super) episode: u64,
    pub(super) channels: BTreeSet<String>,
    pub(super) acknowledged_by: Option<String>,
}

impl Snapshot {
    pub(super) fn of_machine(machine: &Machine) -> Self {
        let values = machine.clone().everything().into_iter().filter_map(|change| match change {
            StoreWrite::Put { key, value } => Some((key, value)),
            StoreWrite::Remove { .. } => None,
        });
        Self::of_values(&values.collect())
    }

    pub(super) fn of_values(values: &BTreeMap<String, Vec<u8>>) -> Self {
        let mut snapshot = Self { keys: values.keys().cloned().collect(), ..Self::default() };
        for (key, value) in values {
            let value: Value = serde_json::from_slice(value).expect("every value is JSON");
            match key.split('-').nth(1) {
                Some("entry") => snapshot.waiting.push(waiting(key, &value)),
                Some("ledger") => snapshot.ledgers = ledgers(&value),
                Some("active") => snapshot.add_alert(&value),
                Some("page") => drop(snapshot.pages.insert(text(&value, "key"), page(&value))),
                _ => {}
            }
        }
        snapshot
    }

    pub(super) fn ids(&self) -> BTreeSet<String> {
        self.waiting.iter().map(|waiting| waiting.id.clone()).collect()
    }

    /// Returns the ledgers of channels on which something was fired.
    pub(super) fn used_ledgers(&self) -> BTreeMap<&String, &Ledger> {
        self.ledgers.iter().filter(|(_, ledger)| ledger.fired > 0).collect()
    }

    fn add_alert(&mut self, value: &Value) {
        let key = value["key"].as_str().expect("a text").to_owned();
        if let Some(episode) = value["active"]["episode"].as_u64() {
            self.active.insert(key.clone(), episode);
        }
        self.alerts.insert(key);
    }

    /// Checks that fired = delivered + waiting + given up, for each channel.
    pub(super) fn check_equation(&self, place: &str) {
        for (channel, Ledger { fired, delivered, given_up }) in &self.ledgers {
            let waiting = self.waiting.iter().filter(|waiting| waiting.channel == *channel).count() as u64;
            let ended = delivered + given_up.values().sum::<u64>();
            assert_eq!(*fired, ended + waiting, "{place}, {channel}: fired = delivered + waiting + given up");
        }
        let known = |waiting: &Waiting| self.ledgers.contains_key(&waiting.channel);
        assert!(self.waiting.iter().all(known), "{place}: an entry of a channel without a ledger");
    }
}

impl Ledger {
    pub(super) fn given_up(&self, reason: &str) -> u64 {
        self.given_up.get(reason).copied().unwrap_or_default()
    }
}

fn waiting(key: &str, value: &Value) -> Waiting {
    Waiting {
        id: key["alert-entry-".len()..].to_owned(),
        channel: text(value, "channel"),
        alert_key: text(value, "key"),
        transition: text(value, "transition"),
        episode: number(value, "episode"),
        order: number(value, "order"),
    }
}

fn page(value: &Value) -> Page {
    let channels = value["notifiers"].as_array().expect("names").iter();
    Page {
        episode: number(value, "episode"),
        channels: channels.map(|name| name.as_str().expect("a text").to_owned()).collect(),
        acknowledged_by: value["acknowledgement"]["by"].as_str().map(str::to_owned),
    }
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().expect("a text").to_owned()
}

fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().expect("a number")
}

fn ledgers(value: &Value) -> BTreeMap<String, Ledger> {
    let channels = value["channels"].as_object().expect("ledgers by channel");
    channels.iter().map(|(name, value)| (name.clone(), ledger(value))).collect()
}

fn ledger(value: &Value) -> Ledger {
    let given_up = value["given_up"].as_object().expect("counts by reason").iter();
    Ledger {
        fired: value["fired"].as_u64().expect("a number"),
        delivered: value["delivered"].as_u64().expect("a number"),
        given_up: given_up.map(|(reason, count)| (reason.clone(), count.as_u64().expect("a number"))).collect(),
    }
}
