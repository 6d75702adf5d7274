//! The record of one alert key: how often it fired, and the alert while it is active.

use std::{mem, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    alert::{Alert, Transition},
    hash, mask,
    stored::{self, PREFIX},
    time::Now,
};

/// A change of an alert, to be delivered on every channel.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) transition: Transition,
    /// Number of times that the alert had fired, this time included.
    pub(crate) episode: u64,
    pub(crate) alert: Arc<Alert>,
}

impl Change {
    /// Returns the end of the episode that this change began.
    pub(crate) fn end(&self, now: Now) -> Self {
        let mut alert = Arc::clone(&self.alert);
        Arc::make_mut(&mut alert).at = now.wall;
        Self { transition: Transition::Resolved, episode: self.episode, alert }
    }
}

/// An alert key. It is recorded beyond the alert's end, so that no two times it fires have the same episode.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Record {
    pub(super) key: String,
    /// Number of times it fired.
    pub(super) fired: u64,
    /// Rank by the last time it fired.
    pub(super) order: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) active: Option<Active>,
    /// Fields of a newer release.
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

/// An alert that fires.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Active {
    pub(super) episode: u64,
    #[serde(flatten, with = "stored::alert")]
    pub(super) alert: Arc<Alert>,
    /// Fields of a newer release.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Record {
    pub(super) fn new(key: String, fired: u64) -> Self {
        Self { key, fired, order: 0, active: None, rest: Map::new() }
    }

    /// Returns the key in the store of the record of an alert.
    pub(super) fn store_key(alert_key: &str) -> String {
        format!("{PREFIX}active-{}", hash::id(&[alert_key]))
    }

    pub(super) fn is_store_key(key: &str) -> bool {
        key.strip_prefix(PREFIX).is_some_and(|key| key.starts_with("active-"))
    }

    /// Begins the next episode. Returns `None` if the alert is active already.
    pub(super) fn fire(&mut self, alert: Alert, order: u64) -> Option<Change> {
        if self.active.is_some() {
            return None;
        }
        self.fired = self.fired.saturating_add(1);
        self.order = order;
        let (episode, alert) = (self.fired, Arc::new(alert));
        self.active = Some(Active { episode, alert: Arc::clone(&alert), rest: Map::new() });
        Some(Change { transition: Transition::Triggered, episode, alert })
    }

    /// Returns the change that began the active episode.
    pub(super) fn beginning(&self) -> Option<Change> {
        let Active { episode, alert, .. } = self.active.as_ref()?;
        Some(Change { transition: Transition::Triggered, episode: *episode, alert: Arc::clone(alert) })
    }

    /// Ends the episode, after `update` has changed the alert. Returns `None` if the alert is not active.
    pub(super) fn resolve(&mut self, now: Now, update: impl FnOnce(&mut Alert)) -> Option<Change> {
        let Active { episode, mut alert, .. } = self.active.take()?;
        let ended = Arc::make_mut(&mut alert);
        update(ended);
        ended.at = now.wall;
        Some(Change { transition: Transition::Resolved, episode, alert })
    }

    /// Masks its texts. Returns whether any was changed.
    pub(super) fn erase(&mut self, mask: mask::Mask<'_>) -> bool {
        let is_changed = mask::fields(&mut self.rest, &mut *mask);
        let Some(active) = &mut self.active else { return is_changed };
        mask::alert(&mut active.alert, &mut *mask) | mask::fields(&mut active.rest, mask) | is_changed
    }

    /// Merges the stored record of the same alert, whose process has ended. An alert that this process has fired stays
    /// active. One that only the other process had active stays active, unless this process resolved the same episode
    /// or a later one. An alert that is active here only gets an episode of its own, if the other process has used the
    /// number already.
    pub(super) fn merge(&mut self, stored: Self) {
        if stored.active.is_none()
            && let Some(own) = &mut self.active
        {
            own.episode = own.episode.max(stored.fired.saturating_add(1));
            self.fired = self.fired.max(own.episode);
        }
        let is_resolved_here = |active: &Active| self.active.is_none() && self.fired >= active.episode;
        let left = stored.active.filter(|active| !is_resolved_here(active));
        let later = |own: &Active| left.as_ref().is_none_or(|left| own.episode >= left.episode);
        self.active = mem::take(&mut self.active).filter(later).or(left);
        self.fired = self.fired.max(stored.fired);
        self.rest = stored.rest;
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::{
        engine::describe::Source,
        rule::{condition::Group, error_ratio::ErrorRatioRule, readings::FixedReadings},
    };

    fn alert() -> Alert {
        let text = String::from("x");
        let source =
            Source { service: text.clone(), environment: text.clone(), release: text.clone(), switch_command: None };
        let now = Now { steady: Duration::ZERO, wall: SystemTime::UNIX_EPOCH };
        source.condition_alert(text, &ErrorRatioRule::above(0.5), &Group::Service, &FixedReadings::default(), now)
    }

    fn record(fired: u64, active: Option<u64>) -> Record {
        let active = active.map(|episode| Active { episode, alert: Arc::new(alert()), rest: Map::new() });
        Record { fired, active, ..Record::new(String::from("key"), 0) }
    }

    #[test]
    fn the_larger_episode_wins_a_merge_unless_it_was_resolved_here() {
        let merged = |own: (u64, Option<u64>), stored: (u64, Option<u64>)| {
            let mut own = record(own.0, own.1);
            own.merge(record(stored.0, stored.1));
            (own.fired, own.active.map(|active| active.episode))
        };
        assert_eq!(merged((1, Some(1)), (3, Some(3))), (3, Some(3)));
        assert_eq!(merged((4, Some(4)), (3, Some(3))), (4, Some(4)));
        assert_eq!(merged((1, Some(1)), (3, None)), (4, Some(4)), "the other process has used 1 to 3");
        assert_eq!(merged((1, None), (1, Some(1))), (1, None), "resolved here");
        assert_eq!(merged((1, None), (3, Some(3))), (3, Some(3)));
        assert_eq!(merged((2, None), (1, None)), (2, None));
    }

    #[test]
    fn fields_of_a_newer_release_survive_a_rewrite() {
        let mut stored = serde_json::to_value(record(2, Some(2))).expect("it can be written");
        stored["new"] = "outer".into();
        stored["active"]["new"] = "inner".into();
        let read: Record = serde_json::from_value(stored.clone()).expect("it can be read");
        assert_eq!(serde_json::to_value(read).expect("it can be written"), stored);
    }
}
