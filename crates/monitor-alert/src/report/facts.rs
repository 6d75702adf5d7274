//! What a report reads: an incident, the words of a language, and a time zone.

use std::time::{Duration, SystemTime};

use jiff::tz::TimeZone;
use monitor_core::Fingerprint;

use super::{
    escape, times,
    words::{Words, fill},
};
use crate::{
    alert::Severity,
    incident::{Evidence, Incident, IncidentEntry, IncidentEvent},
};

pub(super) struct Facts<'a> {
    pub(super) incident: &'a Incident,
    pub(super) words: &'static Words,
    pub(super) zone: &'a TimeZone,
}

impl Facts<'_> {
    /// Returns a duration, or that it was not recorded.
    pub(super) fn duration(&self, time: Option<Duration>) -> String {
        time.map_or_else(|| self.words.not_recorded.to_owned(), |time| times::duration(time, self.words))
    }

    /// Returns "after" a duration, or that it was not recorded.
    pub(super) fn after(&self, time: Option<Duration>) -> String {
        let after = |time| fill(self.words.after, &[&times::duration(time, self.words)]);
        time.map_or_else(|| self.words.not_recorded.to_owned(), after)
    }

    pub(super) fn clock(&self, at: SystemTime) -> String {
        times::clock(at, self.zone)
    }

    /// Returns what happened, in words.
    pub(super) fn event(&self, event: &IncidentEvent) -> String {
        (self.words.event_text)(event, escape::text)
    }

    pub(super) fn severity(&self) -> &'static str {
        match self.incident.severity {
            Severity::Critical => self.words.severe,
            Severity::Warning => self.words.moderate,
        }
    }

    /// Returns the name of an issue, if it is one of the incident.
    pub(super) fn issue_name(&self, fingerprint: Fingerprint) -> Option<&str> {
        let issues = &self.incident.impact.issues;
        issues.iter().find(|issue| issue.fingerprint == fingerprint).map(|issue| issue.name.as_str())
    }

    /// Returns the time from the first error to the end, or to the last event.
    pub(super) fn length(&self) -> Duration {
        let last = self.incident.timeline.last().map(|entry| entry.since_start).unwrap_or_default();
        self.incident.resolved.unwrap_or(last)
    }

    /// Returns a query for the growth of a counter over the incident.
    pub(super) fn query(&self, metric: &str) -> String {
        escape::code(&format!("sum(increase({metric}[{}s]))", self.length().as_secs().max(1)))
    }
}

/// Returns the evidence of an event as code.
pub(super) fn evidence(entry: &IncidentEntry) -> String {
    let value = |evidence: &Evidence| match evidence {
        Evidence::Issue(fingerprint) => Some(escape::code(&fingerprint.to_string())),
        Evidence::Event(text) | Evidence::Request(text) | Evidence::Alert(text) | Evidence::Query(text) => {
            Some(escape::code(text))
        }
        Evidence::Other(_) => None,
    };
    entry.evidence.iter().filter_map(value).collect::<Vec<_>>().join(" ")
}
