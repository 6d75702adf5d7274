//! The incidents that are over.

use std::{collections::VecDeque, time::Duration};

use crate::incident::Incident;

/// The latest incidents, the oldest first, and the monotonic times at which this process closed or loaded them.
#[derive(Clone, Debug, Default)]
pub(super) struct Closed(VecDeque<(Duration, Incident)>);

impl Closed {
    /// Adds an incident. Returns the IDs of those that were removed for it.
    pub(super) fn add(&mut self, incident: Incident, now: Duration) -> Vec<String> {
        self.0.push_back((now, incident));
        self.0.make_contiguous().sort_by_key(|(_, incident)| incident.started);
        let surplus = self.0.len().saturating_sub(MAX_INCIDENTS);
        self.0.drain(..surplus).map(|(_, incident)| incident.id).collect()
    }

    /// Takes the latest incident with this alert, if it was closed a short time ago.
    pub(super) fn take(&mut self, alert_key: &str, now: Duration) -> Option<Incident> {
        let is_again = |(closed, incident): &(Duration, Incident)| {
            now.saturating_sub(*closed) <= REOPEN && incident.alerts.contains(alert_key)
        };
        let at = self.0.iter().rposition(is_again)?;
        self.0.remove(at).map(|(_, incident)| incident)
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Incident> {
        let at = self.0.iter().position(|(_, incident)| incident.id == id)?;
        self.0.remove(at).map(|(_, incident)| incident)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Incident> {
        self.iter_mut().find(|incident| incident.id == id)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Incident> {
        self.0.iter_mut().map(|(_, incident)| incident)
    }

    pub(super) fn latest_first(&self) -> impl Iterator<Item = &Incident> {
        self.0.iter().rev().map(|(_, incident)| incident)
    }
}

/// Number of closed incidents. Older ones are removed.
const MAX_INCIDENTS: usize = 50;
/// Time after the end of an incident in which an alert of it opens it again.
const REOPEN: Duration = Duration::from_secs(60 * 60);
