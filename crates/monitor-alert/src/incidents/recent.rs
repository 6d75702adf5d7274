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

#[cfg(test)]
mod tests {
    use super::*;

    fn note(recent: &mut Recent, by: &str, second: u64) {
        let event = IncidentEvent::Note { by: by.to_owned(), text: String::new() };
        recent.note(event, Vec::new(), SystemTime::UNIX_EPOCH, Duration::from_secs(second));
    }

    fn authors(mut recent: Recent) -> Vec<String> {
        let author = |(_, entry): (Duration, IncidentEntry)| match entry.event {
            IncidentEvent::Note { by, .. } => by,
            other => format!("{other:?}"),
        };
        recent.drain().map(author).collect()
    }

    #[test]
    fn events_are_forgotten_after_a_quarter_of_an_hour() {
        let mut recent = Recent::default();
        note(&mut recent, "ada", 100);
        note(&mut recent, "bob", 101);
        recent.forget_old(Duration::from_secs(1000));
        assert_eq!(authors(recent.clone()), ["ada", "bob"]);
        recent.forget_old(Duration::from_secs(1001));
        assert_eq!(authors(recent), ["bob"]);
    }

    #[test]
    fn the_oldest_of_many_events_is_forgotten() {
        let mut recent = Recent::default();
        (0..=MAX_EVENTS).for_each(|number| note(&mut recent, &number.to_string(), 1));
        let authors = authors(recent);
        assert_eq!((authors.len(), authors[0].as_str()), (MAX_EVENTS, "1"));
    }

    #[test]
    fn the_texts_of_an_erased_user_are_masked() {
        let mut recent = Recent::default();
        note(&mut recent, "ada", 1);
        recent.erase(&mut |text| text.contains("ada").then(|| "[erased]".to_owned()));
        assert_eq!(authors(recent), ["[erased]"]);
    }
}
