//! Incidents: one is open while a critical alert is active, and each is closed in the end.

use std::{collections::BTreeSet, time::Duration};

use super::{coverage::Event, process::QUIET, world::World};
use crate::{
    alert::Severity,
    incident::{Incident, IncidentEvent, IncidentStatus},
    machine::Machine,
    rule::readings::FixedReadings,
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

    /// Checks that the incident is closed after its quiet period.
    pub(super) fn check_incidents_end(&mut self) {
        self.check_incidents();
        // The time for which the error ratio must be low, and the quiet period.
        for wait in [Duration::ZERO, Duration::from_secs(60), QUIET] {
            self.time += wait;
            self.evaluate(&FixedReadings::default());
        }
        self.check_incidents();
        let machine = &self.processes[0].machine;
        assert_eq!(open(machine).count(), 0, "no incident is open");
        for incident in machine.incidents().all() {
            let has = |wanted: fn(&IncidentEvent) -> bool| incident.timeline.iter().any(|entry| wanted(&entry.event));
            self.coverage.count(Event::IncidentClosed);
            self.coverage.add(Event::IncidentReopened, has(|event| *event == IncidentEvent::Reopened).into());
            self.coverage.add(Event::IncidentDetected, incident.detected.is_some().into());
        }
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
