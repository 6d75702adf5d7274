//! The events before an incident is opened.

use std::{
    collections::VecDeque,
    time::{Duration, SystemTime},
};

use crate::{
    incident::{Evidence, IncidentEntry, IncidentEvent},
    mask::Mask,
};

/// Events of the last quarter of an hour, with their monotonic times, the oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent(VecDeque<(Duration, IncidentEntry)>);

impl Recent {
    pub(super) fn note(&mut self, event: IncidentEvent, evidence: Vec<Evidence>, at: SystemTime, steady: Duration) {
        let entry = IncidentEntry { at, since_start: Duration::ZERO, event, evidence, is_pinned: false };
        self.0.push_back((steady, entry));
        if self.0.len() > MAX_EVENTS {
            self.0.pop_front();
        }
    }

    pub(super) fn forget_old(&mut self, now: Duration) {
        while self.0.front().is_some_and(|(at, _)| now.saturating_sub(*at) > MAX_AGE) {
            self.0.pop_front();
        }
    }

    /// Returns the time since the first error: that of the first issue in the first second that had failures, or that
    /// second. Without failures it is the latest issue, whose alert opens the incident.
    pub(super) fn first_error(&self, first_failure: Option<Duration>, now: Duration) -> Duration {
        let mut issues = self.0.iter().filter(|(_, entry)| entry.event.is_of_issue()).map(|(at, _)| *at);
        let first = match first_failure {
            Some(begin) => {
                let near = |at: &Duration| (begin.saturating_sub(SECOND)..=begin + 2 * SECOND).contains(at);
                issues.find(near).unwrap_or(begin)
            }
            None => issues.next_back().unwrap_or(now),
        };
        now.saturating_sub(first)
    }

    /// Takes all events.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (Duration, IncidentEntry)> {
        self.0.drain(..)
    }

    pub(super) fn erase(&mut self, mask: Mask<'_>) {
        self.0.iter_mut().for_each(|(_, entry)| _ = entry.erase(&mut *mask));
    }
}

const MAX_EVENTS: usize = 100;
const MAX_AGE: Duration = Duration::from_secs(15 * 60);
const SECOND: Duration = Duration::from_secs(1);
