//! The incidents of the service: opened by critical alerts, fed with events and counts, closed after a quiet period.

mod closed;
mod merge;
mod of_signal;
mod open;
mod pulse;
mod recent;

use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime},
};

use monitor_core::StoreWrite;

pub(crate) use self::merge::PREFIX;
use self::{closed::Closed, open::Open, pulse::Pulse, recent::Recent};
use crate::{
    alert::{Alert, Severity, Transition},
    engine::Change,
    fact::Fact,
    incident::{Evidence, Incident, IncidentEntry, IncidentEvent, Pin},
    mask::Mask,
    rule::{error_ratio::ErrorRatioRule, readings::Readings},
    stored,
    time::Now,
};

/// The settings of incidents.
#[derive(Clone, Debug)]
pub(crate) struct IncidentSettings {
    /// Time without an active critical alert after which an incident is closed.
    pub(crate) quiet: Duration,
    /// The rule whose threshold tells whether errors were stopped.
    pub(crate) ratio: ErrorRatioRule,
}

#[derive(Clone, Debug)]
pub(crate) struct Incidents {
    settings: IncidentSettings,
    open: Option<Open>,
    closed: Closed,
    /// Events that happen while no incident is open: the first errors of one that an alert opens later.
    recent: Recent,
    pulse: Pulse,
    /// IDs of incidents that differ from their stored form.
    changed: BTreeSet<String>,
    /// Monotonic time at which the counts of the open incident were last marked as changed.
    counted_at: Duration,
}

impl Incidents {
    pub(crate) fn new(settings: IncidentSettings) -> Self {
        Self {
            settings,
            open: None,
            closed: Closed::default(),
            recent: Recent::default(),
            pulse: Pulse::default(),
            changed: BTreeSet::new(),
            counted_at: Duration::ZERO,
        }
    }

    /// Records the change of an issue, if it is one: the next process finds the same facts again. Called before the
    /// change of its alert.
    pub(crate) fn note_fact(&mut self, fact: &Fact, now: Now) {
        let (event, issue) = match fact {
            Fact::Opened(issue) => (IncidentEvent::IssueOpened(issue.subject()), issue),
            Fact::Regressed(issue) => (IncidentEvent::IssueRegressed(issue.subject()), issue),
            // Its alert is recorded.
            Fact::Reached(..) => return,
            Fact::Resolved(fingerprint, by) => {
                let event = IncidentEvent::IssueResolved { by: by.clone() };
                let is_news = |open: &Open| open.is_news(&event, *fingerprint);
                if self.open.as_ref().is_some_and(is_news) {
                    self.note(event, vec![Evidence::Issue(*fingerprint)], now);
                }
                return;
            }
        };
        if self.open.as_ref().is_none_or(|open| open.is_news(&event, issue.fingerprint)) {
            self.note_at(event, issue.evidence(), now, issue.age(now.wall));
        }
    }

    /// Records the change of an alert. A critical one opens an incident.
    pub(crate) fn note_change(&mut self, change: &Change, now: Now) {
        let alert = &change.alert;
        let evidence = evidence_of(alert);
        match change.transition {
            Transition::Triggered => {
                if alert.severity == Severity::Critical {
                    self.begin(alert, change.episode, now);
                }
                self.note(triggered(alert), evidence, now);
                self.with_open(|open| open.begin_alert(alert));
            }
            Transition::Resolved => {
                self.note(
                    IncidentEvent::AlertResolved { rule: alert.rule.clone(), title: alert.title.clone() },
                    evidence,
                    now,
                );
                self.with_open(|open| open.end_alert(&alert.key, now));
            }
        }
    }

    /// Records that a receiver has the beginning of an alert.
    pub(crate) fn note_delivery(&mut self, notifier: &str, alert: &Alert, now: Now) {
        match &mut self.open {
            Some(open) if open.has(&alert.key) => open.detect(now.steady),
            Some(_) => return,
            None => {}
        }
        let event = IncidentEvent::Notified { notifier: notifier.to_owned(), rule: alert.rule.clone() };
        self.note(event, evidence_of(alert), now);
    }

    /// Records that a person acknowledged an alert.
    pub(crate) fn note_acknowledgement(&mut self, alert: &Alert, by: &str, now: Now) {
        let event = IncidentEvent::Acknowledged { by: by.to_owned(), rule: alert.rule.clone() };
        self.note(event, evidence_of(alert), now);
    }

    /// Records an event of the service at an earlier time, which a signal has.
    pub(crate) fn note_signal(&mut self, event: IncidentEvent, at: SystemTime, now: Now) {
        let age = now.wall.duration_since(at).unwrap_or_default();
        // The next process finds the same disabled routes again.
        let is_known = |open: &Open| open.incident.has(&event, at);
        if !self.open.as_ref().is_some_and(is_known) {
            self.note_at(event, Vec::new(), now, if age <= MAX_AGE { age } else { Duration::ZERO });
        }
    }

    /// Records an event of the service now.
    pub(crate) fn note(&mut self, event: IncidentEvent, evidence: Vec<Evidence>, now: Now) {
        self.note_at(event, evidence, now, Duration::ZERO);
    }

    /// Counts the requests of the last second, and closes the incident if it is over. Called every second.
    pub(crate) fn second(&mut self, readings: &dyn Readings, now: Now) {
        let second = self.pulse.beat(readings.totals(), now.steady);
        let Some(open) = &mut self.open else { return self.recent.forget_old(now.steady) };
        open.count(second, readings, now);
        let has_changed = open.watch_ratio(&self.settings.ratio, readings, now);
        if has_changed || now.steady.saturating_sub(self.counted_at) >= SAVE_EVERY {
            self.counted_at = now.steady;
            self.changed.insert(open.incident.id.clone());
        }
        if open.is_over(self.settings.quiet, now.steady) {
            self.close_open(None, now);
        }
    }

    /// Counts the requests since the last second, and marks the counts as changed: they are to be saved now.
    pub(crate) fn count_last(&mut self, readings: &dyn Readings, now: Now) {
        self.second(readings, now);
        self.with_open(|_| ());
    }

    /// Adds a note to an incident.
    pub(crate) fn add_note(&mut self, id: &str, event: IncidentEvent, now: Now) {
        let since_start = self.since_start(id, now);
        let entry = IncidentEntry { at: now.wall, since_start, event, evidence: Vec::new(), is_pinned: false };
        self.edit(id, |incident| incident.add(entry));
    }

    /// Pins an event, or takes it off.
    pub(crate) fn pin(&mut self, id: &str, entry: usize, pin: Pin) {
        self.edit(id, |incident| {
            incident.timeline.get_mut(entry).into_iter().for_each(|entry| entry.is_pinned = pin == Pin::On);
        });
    }

    pub(crate) fn set_severity(&mut self, id: &str, severity: Severity) {
        self.edit(id, |incident| incident.severity = severity);
    }

    /// Closes the incident with this ID, if it is open.
    pub(crate) fn close(&mut self, id: &str, by: String, now: Now) {
        if self.open.as_ref().is_some_and(|open| open.incident.id == id) {
            self.close_open(Some(by), now);
        }
    }

    fn close_open(&mut self, by: Option<String>, now: Now) {
        let Some(open) = self.open.take() else { return };
        self.changed.insert(open.incident.id.clone());
        let removed = self.closed.add(open.close(by, now), now.steady);
        self.changed.extend(removed);
    }

    fn edit(&mut self, id: &str, edit: impl FnOnce(&mut Incident)) {
        let open = self.open.as_mut().map(|open| &mut open.incident).filter(|incident| incident.id == id);
        if let Some(incident) = open.or_else(|| self.closed.get_mut(id)) {
            edit(incident);
            self.changed.insert(id.to_owned());
        }
    }

    /// Returns the time since the first error of an incident.
    fn since_start(&self, id: &str, now: Now) -> Duration {
        if let Some(open) = self.open.as_ref().filter(|open| open.incident.id == id) {
            return open.since_start(now.steady);
        }
        let started = self.all().find(|incident| incident.id == id).map(|incident| incident.started);
        started.and_then(|started| now.wall.duration_since(started).ok()).unwrap_or_default()
    }

    /// Returns all incidents, the latest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Incident> {
        self.open.iter().map(|open| &open.incident).chain(self.closed.latest_first())
    }

    pub(crate) fn take_changes(&mut self) -> Vec<StoreWrite> {
        let changed = std::mem::take(&mut self.changed);
        let change = |id: &String| match self.all().find(|incident| incident.id == *id) {
            Some(incident) => stored::put(merge::store_key(id), incident),
            None => StoreWrite::Remove { key: merge::store_key(id) },
        };
        changed.iter().map(change).collect()
    }

    pub(crate) fn everything(&mut self) -> Vec<StoreWrite> {
        self.changed = self.all().map(|incident| incident.id.clone()).collect();
        self.take_changes()
    }

    /// Masks the texts of all incidents.
    pub(crate) fn erase(&mut self, mask: Mask<'_>) {
        let incidents = self.open.iter_mut().map(|open| &mut open.incident).chain(self.closed.iter_mut());
        for incident in incidents {
            if incident.erase(&mut *mask) {
                self.changed.insert(incident.id.clone());
            }
        }
        self.recent.erase(mask);
    }

    /// Opens an incident, or the closed one of the same alert again, unless one is open.
    fn begin(&mut self, alert: &Alert, episode: u64, now: Now) {
        if self.open.is_some() {
            return;
        }
        let mut open = match self.closed.take(&alert.key, now.steady) {
            Some(incident) => Open::again(incident, now),
            None => {
                let age = self.recent.first_error(self.pulse.first_failure(now.steady), now.steady);
                let mut open = Open::new(alert, episode, age, now);
                self.pulse.since(open.begun(now)).for_each(|(at, second)| open.add(at, second));
                open
            }
        };
        self.recent.drain().for_each(|(at, entry)| open.add_earlier(at, entry));
        self.open = Some(open);
    }

    fn note_at(&mut self, event: IncidentEvent, evidence: Vec<Evidence>, now: Now, age: Duration) {
        let steady = now.steady.saturating_sub(age);
        let at = now.wall.checked_sub(age).unwrap_or(now.wall);
        match &mut self.open {
            Some(open) => open.note(event, evidence, at, steady),
            None => return self.recent.note(event, evidence, at, steady),
        }
        self.with_open(|_| ());
    }

    fn with_open(&mut self, f: impl FnOnce(&mut Open)) {
        if let Some(open) = &mut self.open {
            f(open);
            self.changed.insert(open.incident.id.clone());
        }
    }
}

fn triggered(alert: &Alert) -> IncidentEvent {
    IncidentEvent::AlertTriggered {
        rule: alert.rule.clone(),
        severity: alert.severity.as_str().to_owned(),
        title: alert.title.clone(),
    }
}

fn evidence_of(alert: &Alert) -> Vec<Evidence> {
    let issue = alert.fingerprint.map(Evidence::Issue);
    issue.into_iter().chain([Evidence::Alert(alert.key.clone())]).collect()
}

/// The longest time between an event and its signal.
const MAX_AGE: Duration = Duration::from_secs(60 * 60);
/// Time between two saves of the counts of an open incident.
const SAVE_EVERY: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
