//! The events of an incident. They are facts, without a sentence: a report says them in its language.

use std::time::{Duration, SystemTime};

use monitor_core::Fingerprint;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{mask::Mask, stored};

/// One event of an incident.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct IncidentEntry {
    /// Time of the event by the wall clock.
    #[serde(rename = "at_ms", with = "stored::time")]
    pub at: SystemTime,
    /// Time since the first error of the incident.
    #[serde(rename = "since_start_ms", with = "stored::millis")]
    pub since_start: Duration,
    /// The event.
    #[serde(flatten)]
    pub event: IncidentEvent,
    /// Where the event can be looked up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// `true` if a person has pinned the event to the short timeline of the report.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_pinned: bool,
}

/// Whether an event is pinned to the short timeline of a report.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Pin {
    /// It is.
    On,
    /// It is not.
    Off,
}

/// What happened.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum IncidentEvent {
    /// An alert began.
    AlertTriggered {
        /// Name of the rule.
        rule: String,
        /// `critical` or `warning`.
        severity: String,
        /// The title in messages, in English.
        title: String,
    },
    /// An alert is over.
    AlertResolved {
        /// Name of the rule.
        rule: String,
        /// The title in messages, in English.
        title: String,
    },
    /// A receiver accepted the message of an alert's beginning.
    Notified {
        /// Name of the notifier.
        notifier: String,
        /// Name of the alert's rule.
        rule: String,
    },
    /// A person acknowledged an alert.
    Acknowledged {
        /// The person, as they named themselves.
        by: String,
        /// Name of the alert's rule.
        rule: String,
    },
    /// An issue was opened by its first event.
    IssueOpened(Subject),
    /// A resolved issue came back.
    IssueRegressed(Subject),
    /// An issue was resolved.
    IssueResolved {
        /// The person or program that resolved it, if recorded.
        #[serde(default)]
        by: Option<String>,
    },
    /// A route was disabled.
    RouteDisabled {
        /// The route, such as `GET /items/{id}`.
        route: String,
        /// The person or program that disabled it.
        by: String,
        /// The reason.
        reason: String,
    },
    /// A route was enabled.
    RouteEnabled {
        /// The route.
        route: String,
        /// The person or program that enabled it; `None` if the order expired.
        by: Option<String>,
    },
    /// The status of a probe, or of the whole service, changed.
    HealthChanged {
        /// Name of the probe; `None` for the whole service.
        probe: Option<String>,
        /// The status before.
        before: String,
        /// The status after.
        after: String,
    },
    /// A process of the service started.
    ReleaseStarted {
        /// Its release.
        release: String,
    },
    /// The end of the process before became known.
    ProcessEnded {
        /// The kind of end, such as `killed`.
        end: String,
        /// Its release.
        release: Option<String>,
    },
    /// The error ratio rose above its threshold again after the errors had been stopped.
    RatioRose {
        /// Number of failed requests in the window.
        failed: u64,
        /// Number of requests in the window.
        requests: u64,
    },
    /// The errors were stopped.
    Mitigated,
    /// The incident was closed.
    Closed {
        /// The person who closed it; `None` after the quiet period.
        by: Option<String>,
    },
    /// An alert of the closed incident began again.
    Reopened,
    /// A person wrote a note.
    Note {
        /// The person, as they named themselves.
        by: String,
        /// The note.
        text: String,
    },
    /// An event of a newer release.
    #[serde(untagged)]
    Other(Map<String, Value>),
}

/// The issue that an event is about.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Subject {
    /// The error's type name; empty for a message.
    pub type_name: String,
    /// The message.
    pub message: String,
    /// The place in the source, such as `src/orders.rs:12`.
    pub location: Option<String>,
    /// The routes.
    pub routes: Vec<String>,
}

/// A place where an event can be looked up.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Evidence {
    /// An issue.
    Issue(Fingerprint),
    /// ID of a captured event.
    Event(String),
    /// ID of a request, as in the log and in its response.
    Request(String),
    /// Key of an alert.
    Alert(String),
    /// A metric, as a Prometheus query.
    Query(String),
    /// Evidence of a newer release.
    #[serde(untagged)]
    Other(Map<String, Value>),
}

impl IncidentEntry {
    /// Returns the issues in its evidence.
    pub(crate) fn issues(&self) -> impl Iterator<Item = Fingerprint> {
        self.evidence.iter().filter_map(|evidence| match evidence {
            Evidence::Issue(fingerprint) => Some(*fingerprint),
            _ => None,
        })
    }

    /// Returns the keys of the alerts in its evidence.
    pub(crate) fn alerts(&self) -> impl Iterator<Item = &String> {
        self.evidence.iter().filter_map(|evidence| match evidence {
            Evidence::Alert(key) => Some(key),
            _ => None,
        })
    }

    /// Masks its texts. Returns whether any was changed.
    pub(crate) fn erase(&mut self, mask: Mask<'_>) -> bool {
        stored::erase(self, mask)
    }
}

impl IncidentEvent {
    /// Returns whether it is a change of an issue.
    pub(crate) const fn is_of_issue(&self) -> bool {
        matches!(self, Self::IssueOpened(_) | Self::IssueRegressed(_) | Self::IssueResolved { .. })
    }

    /// Returns whether it is of an alert or an issue, of which there may be thousands.
    pub(crate) const fn is_of_alert(&self) -> bool {
        matches!(self, Self::AlertTriggered { .. } | Self::AlertResolved { .. } | Self::Notified { .. })
            || self.is_of_issue()
    }

    /// Returns whether the event belongs to the short timeline of a report: a change of status, or an act of a person.
    #[must_use]
    pub const fn is_change(&self) -> bool {
        !matches!(self, Self::Notified { .. } | Self::HealthChanged { .. } | Self::Other(_))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_of_a_newer_release_is_written_back() {
        let stored = json!({
            "at_ms": 5, "since_start_ms": 7, "event": "route_slowed", "route": "GET /a",
            "evidence": [{"kind": "trace", "value": "4bf9"}],
        });
        let entry: IncidentEntry = serde_json::from_value(stored.clone()).expect("a readable entry");
        assert!(matches!(entry.event, IncidentEvent::Other(_)), "{entry:?}");
        assert_eq!(serde_json::to_value(entry).expect("a writable entry"), stored);
    }

    #[test]
    fn the_stored_form_of_an_event_is_flat() {
        let entry = IncidentEntry {
            at: SystemTime::UNIX_EPOCH,
            since_start: Duration::from_millis(3),
            event: IncidentEvent::IssueOpened(Subject { type_name: "ParseError".to_owned(), ..Subject::default() }),
            evidence: vec![Evidence::Request("r1".to_owned())],
            is_pinned: true,
        };
        let stored = serde_json::to_value(&entry).expect("a writable entry");
        let expected = json!({
            "at_ms": 0, "since_start_ms": 3, "event": "issue_opened", "type_name": "ParseError", "message": "",
            "location": null, "routes": [], "evidence": [{"kind": "request", "value": "r1"}], "is_pinned": true,
        });
        assert_eq!(stored, expected);
        assert_eq!(serde_json::from_value::<IncidentEntry>(stored).expect("a readable entry"), entry);
    }
}
