//! One page: the notifiers that an active alert has reached, and its acknowledgement.

use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    active::Acknowledgement,
    hash,
    mask::{self, Mask},
    stored::{self, PREFIX},
};

/// The page of one alert key.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Page {
    pub(super) key: String,
    /// The episode that it is of.
    pub(super) episode: u64,
    /// Names of the notifiers that were given the alert.
    pub(super) notifiers: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "stored::acknowledgement")]
    pub(super) acknowledgement: Option<Acknowledgement>,
    /// Monotonic time of the last step of its escalation. After a restart the step begins anew.
    #[serde(skip)]
    pub(super) since: Duration,
    /// Fields of a newer release.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Page {
    pub(super) fn new(key: &str, episode: u64, notifiers: Vec<String>, now: Duration) -> Self {
        Self {
            key: key.to_owned(),
            episode,
            notifiers: notifiers.into_iter().collect(),
            acknowledgement: None,
            since: now,
            rest: Map::new(),
        }
    }

    pub(super) fn store_key(alert_key: &str) -> String {
        format!("{PREFIX}{KIND}{}", hash::id(&[alert_key]))
    }

    /// Reads a stored page. Returns `None` if the value is of another kind, or cannot be read.
    pub(super) fn read(key: &str, value: &[u8], now: Duration) -> Option<Self> {
        key.strip_prefix(PREFIX)?.strip_prefix(KIND)?;
        Some(Self { since: now, ..serde_json::from_slice(value).ok()? })
    }

    /// Merges the stored page of the same alert: the notifiers of both have it.
    pub(super) fn merge(self, stored: Self) -> Self {
        let rest = stored.rest.clone();
        let (later, earlier) = if self.episode > stored.episode { (self, stored) } else { (stored, self) };
        Self {
            notifiers: later.notifiers.union(&earlier.notifiers).cloned().collect(),
            acknowledgement: later.acknowledgement.or(earlier.acknowledgement),
            rest,
            ..later
        }
    }

    /// Masks its texts. Returns whether any was changed.
    pub(super) fn erase(&mut self, mask: Mask<'_>) -> bool {
        let by = self.acknowledgement.as_mut().map(|ack| &mut ack.by);
        let is_masked = by.is_some_and(|by| mask(by).map(|masked| *by = masked).is_some());
        mask::fields(&mut self.rest, mask) | is_masked
    }
}

const KIND: &str = "page-";
