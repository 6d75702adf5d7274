//! Incidents: one is open while a critical alert is active, and each is closed in the end.

use std::{collections::BTreeSet, time::Duration};

use super::{
    coverage::Event,
    process::QUIET,
    weather::{ISSUES, fingerprint},
    world::World,
};
use crate::{
    alert::Severity,
    fact::{Fact, FailureKind},
    incident::{Incident, IncidentStatus},
    machine::Machine,
};

impl World {
    /// Checks the incidents of all processes.
    pub(super) fn check_incidents(&self) {
        for process in &self.processes {
            let machine = &process.machine;
            assert!(open(machine).count() <= 1, "one incident at a time");
            let active = critical(machine);
            let of_incident = open(machine).flat_map(|incident| incident.active.clone()).collect();
            assert_eq!(active, of_incident, "each active critical alert belongs to the open incident");
            machine.incidents().all().for_each(check);
        }
    }

    /// Checks that the incident is closed after its quiet period, and counts what it has.
    pub(super) fn check_incidents_end(&mut self) {
        self.close_incident();
        for incident in self.processes[0].machine.incidents().all() {
            self.coverage.count(Event::IncidentClosed);
            self.coverage.add(Event::IncidentDetected, incident.detected.is_some().into());
        }
    }

    /// Lets an alert of the closed incident begin again, which opens it again if that was a short time ago.
    pub(super) fn reopen_incident(&mut self) {
        let machine = &self.processes[0].machine;
        let Some(Incident { id, alerts, .. }) = machine.incidents().all().next().cloned() else { return };
        let key_of = |number: u64| alerts.iter().find(|key| key.ends_with(&fingerprint(number).to_string()));
        let Some(number) = (0..ISSUES).find(|number| key_of(*number).is_some()) else { return };
        self.observe(0, &Fact::Regressed(self.issue(number, FailureKind::Panic)));
        let opened: Vec<_> = open(&self.processes[0].machine).map(|incident| incident.id.clone()).collect();
        // A release without the rule has no alert, and after an hour it is another incident.
        self.coverage.add(Event::IncidentReopened, (opened == [id]).into());
        self.observe(0, &Fact::Resolved(fingerprint(number), None));
        self.settle();
        self.close_incident();
    }

    fn close_incident(&mut self) {
        self.check_incidents();
        // The time for which the error ratio must be low, and the quiet period.
        for wait in [Duration::ZERO, Duration::from_secs(60), QUIET] {
            self.time += wait;
            self.evaluate_all();
        }
        // The weekly test may have become due meanwhile.
        self.settle();
        self.check_incidents();
        let machine = &self.processes[0].machine;
        assert_eq!(open(machine).count(), 0, "no incident is open");
    }
}

fn open(machine: &Machine) -> impl Iterator<Item = &Incident> {
    machine.incidents().all().filter(|incident| incident.status() != IncidentStatus::Resolved)
}

/// Returns the keys of the active critical alerts.
fn critical(machine: &Machine) -> BTreeSet<String> {
    let critical = machine.active().filter(|active| active.alert.severity == Severity::Critical);
    critical.map(|active| active.alert.key.clone()).collect()
}

fn check(incident: &Incident) {
    let Incident { timeline, active, alerts, impact, mitigated, resolved, .. } = incident;
    assert!(timeline.is_sorted_by_key(|entry| entry.since_start), "{incident:?}");
    assert!(active.is_subset(alerts), "{incident:?}");
    let is_resolved = resolved.is_some();
    assert!(!is_resolved || (active.is_empty() && mitigated <= resolved && mitigated.is_some()), "{incident:?}");
    let failed: u64 = impact.chart.steps.iter().map(|(failed, _)| failed).sum();
    assert_eq!(failed, impact.failed, "{incident:?}");
}
