//! The open incident.

use std::{
    collections::BTreeSet,
    mem,
    time::{Duration, SystemTime},
};

use monitor_core::Fingerprint;

use crate::{
    alert::{Alert, Severity},
    hash,
    incident::{Evidence, Impact, Incident, IncidentEntry, IncidentEvent, IssueImpact, Second},
    rule::{condition::State, error_ratio::ErrorRatioRule, readings::Readings},
    time::Now,
};

#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) incident: Incident,
    /// Time since the first error, at the monotonic time `since`.
    age: Duration,
    since: Duration,
    /// Monotonic time since which no critical alert is active.
    quiet_since: Option<Duration>,
    /// Monotonic time since which the error ratio has been below its threshold.
    below_since: Option<Duration>,
}

impl Open {
    /// Opens the incident of an alert. `age` is the time since its first error.
    pub(super) fn new(alert: &Alert, episode: u64, age: Duration, now: Now) -> Self {
        let started = now.wall.checked_sub(age).unwrap_or(now.wall);
        let incident = Incident {
            id: id(alert, episode, started),
            service: alert.service.clone(),
            environment: alert.environment.clone(),
            severity: Severity::Critical,
            started,
            detected: None,
            mitigated: None,
            resolved: None,
            timeline: Vec::new(),
            left_out: 0,
            impact: Impact::default(),
            alerts: BTreeSet::new(),
            active: BTreeSet::new(),
            rest: serde_json::Map::new(),
        };
        Self { incident, age, since: now.steady, quiet_since: None, below_since: None }
    }

    /// Opens a closed incident again.
    pub(super) fn again(incident: Incident, now: Now) -> Self {
        let mut open = Self::loaded(incident, now);
        open.incident.resolved = None;
        open.incident.mitigated = None;
        open.note(IncidentEvent::Reopened, Vec::new(), now.wall, now.steady);
        open
    }

    /// Continues an incident of another process. Its monotonic time begins after the last event.
    pub(super) fn loaded(incident: Incident, now: Now) -> Self {
        let last = incident.timeline.last().map(|entry| entry.since_start).unwrap_or_default();
        let age = now.wall.duration_since(incident.started).unwrap_or_default().max(last);
        let quiet_since = incident.active.is_empty().then_some(now.steady);
        Self { incident, age, since: now.steady, quiet_since, below_since: None }
    }

    /// Returns the time since the first error.
    pub(super) fn since_start(&self, at: Duration) -> Duration {
        let before = self.since.saturating_sub(at);
        (self.age + at.saturating_sub(self.since)).saturating_sub(before)
    }

    /// Returns the monotonic time of the first error.
    pub(super) fn begun(&self, now: Now) -> Duration {
        now.steady.saturating_sub(self.since_start(now.steady))
    }

    pub(super) fn has(&self, alert_key: &str) -> bool {
        self.incident.alerts.contains(alert_key)
    }

    pub(super) fn note(&mut self, event: IncidentEvent, evidence: Vec<Evidence>, at: SystemTime, steady: Duration) {
        if matches!(event, IncidentEvent::RouteDisabled { .. }) {
            self.mitigate(steady);
        }
        let since_start = self.since_start(steady);
        self.incident.add(IncidentEntry { at, since_start, event, evidence, is_pinned: false });
    }

    pub(super) fn begin_alert(&mut self, alert: &Alert) {
        if self.incident.alerts.len() < MAX_ALERTS {
            self.incident.alerts.insert(alert.key.clone());
        }
        if alert.severity == Severity::Critical && self.has(&alert.key) {
            self.incident.active.insert(alert.key.clone());
            self.quiet_since = None;
        }
    }

    pub(super) fn end_alert(&mut self, alert_key: &str, now: Now) {
        let was_active = self.incident.active.remove(alert_key);
        if was_active && self.incident.active.is_empty() {
            self.quiet_since = Some(now.steady);
        }
    }

    /// Returns whether an event changes an issue, as far as the incident knows it.
    pub(super) fn is_news(&self, event: &IncidentEvent, issue: Fingerprint) -> bool {
        let of_issue = |entry: &&IncidentEntry| entry.event.is_of_issue() && entry.issues().any(|known| known == issue);
        match self.incident.timeline.iter().rev().find(of_issue) {
            Some(last) => mem::discriminant(&last.event) != mem::discriminant(event),
            None => !matches!(event, IncidentEvent::IssueResolved { .. }),
        }
    }

    /// Adds an event that happened before the incident was opened here, unless another process has recorded it.
    pub(super) fn add_earlier(&mut self, at: Duration, mut entry: IncidentEntry) {
        if self.knows(&entry) {
            return;
        }
        entry.since_start = self.since_start(at);
        match entry.event {
            IncidentEvent::AlertTriggered { .. } => self.incident.alerts.extend(entry.alerts().cloned()),
            IncidentEvent::Notified { .. } => self.detect(at),
            _ => {}
        }
        self.incident.add(entry);
    }

    fn knows(&self, entry: &IncidentEntry) -> bool {
        match entry.issues().next() {
            Some(issue) if entry.event.is_of_issue() => !self.is_news(&entry.event, issue),
            _ => self.incident.has(&entry.event, entry.at),
        }
    }

    /// Records that a receiver has an alert.
    pub(super) fn detect(&mut self, at: Duration) {
        let since_start = self.since_start(at);
        self.incident.detected.get_or_insert(since_start);
    }

    /// Adds the requests of a second that began at this time.
    pub(super) fn add(&mut self, at: Duration, second: Second) {
        let since_start = self.since_start(at);
        self.incident.impact.add(since_start, second);
    }

    /// Adds the requests of the last second, and reads the issues.
    pub(super) fn count(&mut self, second: Second, readings: &dyn Readings, now: Now) {
        self.add(now.steady.saturating_sub(SECOND), second);
        for fingerprint in self.first_issues() {
            let Some(issue) = readings.issue(fingerprint) else { continue };
            self.incident.impact.set_issue(IssueImpact {
                fingerprint,
                name: issue.short_name().to_owned(),
                location: issue.location,
                events: issue.count,
                users: issue.users,
            });
        }
    }

    /// Follows the error ratio. Returns whether the errors were stopped, or began again.
    pub(super) fn watch_ratio(&mut self, rule: &ErrorRatioRule, readings: &dyn Readings, now: Now) -> bool {
        let counts = readings.window(rule.window()).total;
        if rule.state(&counts) != State::Met {
            let since = *self.below_since.get_or_insert(now.steady);
            let has_lasted = now.steady.saturating_sub(since) >= rule.window_time();
            return has_lasted && self.incident.mitigated.is_none() && self.stop(since, now);
        }
        self.below_since = None;
        let Some(mitigated) = self.incident.mitigated else { return false };
        // Requests from before it are in the window for as long as that is.
        if self.since_start(now.steady).saturating_sub(mitigated) <= rule.window_time() {
            return false;
        }
        self.incident.mitigated = None;
        let event = IncidentEvent::RatioRose { failed: counts.failed, requests: counts.count };
        self.note(event, vec![Evidence::Query(RATIO_QUERY.to_owned())], now.wall, now.steady);
        true
    }

    /// Returns whether no critical alert has been active for `quiet`, and the errors were stopped.
    pub(super) fn is_over(&self, quiet: Duration, now: Duration) -> bool {
        let is_quiet = self.quiet_since.is_some_and(|since| now.saturating_sub(since) >= quiet);
        is_quiet && self.incident.mitigated.is_some()
    }

    /// Closes the incident.
    pub(super) fn close(mut self, by: Option<String>, now: Now) -> Incident {
        self.note(IncidentEvent::Closed { by }, Vec::new(), now.wall, now.steady);
        let end = self.since_start(self.quiet_since.unwrap_or(now.steady));
        let mitigated = *self.incident.mitigated.get_or_insert(end);
        self.incident.resolved = Some(end.max(mitigated));
        self.incident.active.clear();
        self.incident
    }

    /// Ends the alerts that are not among these critical ones.
    pub(super) fn retain_active(&mut self, active: &BTreeSet<&str>, now: Now) {
        self.incident.active.retain(|key| active.contains(key.as_str()));
        if self.incident.active.is_empty() {
            self.quiet_since.get_or_insert(now.steady);
        } else {
            self.quiet_since = None;
        }
    }

    /// Adds an incident that another process opened for the same fault.
    pub(super) fn unite(self, other: Incident, now: Now) -> Self {
        let mut incident = self.incident;
        incident.unite(other);
        Self { below_since: self.below_since, ..Self::loaded(incident, now) }
    }

    /// Returns the first issues of the timeline, as many as the impact has.
    fn first_issues(&self) -> Vec<Fingerprint> {
        let mut first = Vec::new();
        for issue in self.incident.timeline.iter().flat_map(IncidentEntry::issues) {
            if first.len() < Impact::MAX_ISSUES && !first.contains(&issue) {
                first.push(issue);
            }
        }
        first
    }

    fn mitigate(&mut self, at: Duration) {
        let since_start = self.since_start(at);
        self.incident.mitigated.get_or_insert(since_start);
    }

    /// Records that the errors were stopped at the monotonic time `since`.
    fn stop(&mut self, since: Duration, now: Now) -> bool {
        self.mitigate(since);
        let ago = now.steady.saturating_sub(since);
        let at = now.wall.checked_sub(ago).unwrap_or(now.wall);
        self.note(IncidentEvent::Mitigated, vec![Evidence::Query(RATIO_QUERY.to_owned())], at, since);
        true
    }
}

fn id(alert: &Alert, episode: u64, started: SystemTime) -> String {
    let hash = hash::id(&[&alert.key, &episode.to_string(), &format!("{started:?}")]);
    let date = monitor_core::clock::rfc3339(started).get(..10).unwrap_or_default().replace('-', "");
    format!("{date}-{}", &hash[..6])
}

/// Maximum number of alerts of an incident.
const MAX_ALERTS: usize = 10_000;
const SECOND: Duration = Duration::from_secs(1);
const RATIO_QUERY: &str = "sum(rate(http_server_errors_total[1m])) / sum(rate(http_server_requests_total[1m]))";
