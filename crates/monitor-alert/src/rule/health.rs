//! The rule that alerts when the service is not ready.

use std::time::Duration;

use monitor_core::{HealthReading, HealthStatus};

use super::{
    condition::{Condition, Group, State},
    readings::Readings,
    settings::{Settings, common, setters},
    text,
    view::RuleView,
};
use crate::alert::Severity;

/// Alerts when a probe fails so that the service is not ready. Evaluated when health changes, and every second. The
/// alert is [critical](Severity::Critical) by default, and over as soon as the service is ready again.
///
/// A service that starts, or that drains before its end, is not ready on purpose: it does not alert. The health is that
/// of the monitor, which monitor-health provides.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use monitor_kit::alert::HealthRule;
///
/// let rule = HealthRule::readiness().lasting(Duration::from_secs(10)).name("not-ready");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct HealthRule {
    settings: Settings,
}

impl HealthRule {
    /// Creates the rule.
    pub fn readiness() -> Self {
        Self { settings: Settings { resolve_after: Duration::ZERO, ..Settings::new(NAME, Severity::Critical) } }
    }

    setters!("readiness");
}

impl Condition for HealthRule {
    common!();

    fn read(&self, readings: &dyn Readings) -> Vec<(Group, State)> {
        let state = match readings.health() {
            Some(health) if health.is_ready => State::Over,
            Some(health) if !health.is_draining && !failed(&health).is_empty() => State::Met,
            // It starts or drains: an alert of the process before goes on, and none begins.
            _ => State::Between,
        };
        vec![(Group::Service, state)]
    }

    fn title(&self, _: &Group, readings: &dyn Readings) -> String {
        let failed = readings.health().map(|health| failed(&health)).unwrap_or_default();
        format!("Not ready: {}", failed.join(", "))
    }

    fn facts(&self, _: &Group, readings: &dyn Readings) -> Vec<(String, String)> {
        let probes = readings.health().map(|health| health.probes).unwrap_or_default();
        probes.into_iter().map(|probe| text::fact(&probe.probe, probe.status.as_str().to_owned())).collect()
    }

    fn view(&self, _: Duration) -> RuleView {
        RuleView::Missing("the history has no results of probes")
    }

    fn check(&self) -> Result<(), String> {
        self.settings.check()
    }
}

/// Returns the names of the failed probes.
fn failed(health: &HealthReading) -> Vec<String> {
    let failed = health.probes.iter().filter(|probe| probe.status == HealthStatus::Error);
    failed.map(|probe| probe.probe.clone()).collect()
}

const NAME: &str = "readiness";

#[cfg(test)]
mod tests {
    use monitor_core::ProbeReading;

    use super::*;
    use crate::rule::readings::FixedReadings;

    fn readings(is_ready: bool, is_draining: bool, status: HealthStatus) -> FixedReadings {
        let probe = ProbeReading { probe: "database".to_owned(), status, last_run: Duration::ZERO };
        let health = HealthReading { is_ready, is_draining, probes: vec![probe] };
        FixedReadings { health: Some(health), ..FixedReadings::default() }
    }

    fn state(is_ready: bool, is_draining: bool, status: HealthStatus) -> State {
        HealthRule::readiness().read(&readings(is_ready, is_draining, status))[0].1
    }

    #[test]
    fn a_failed_probe_alerts_unless_the_service_is_ready_or_drains() {
        assert_eq!(state(false, false, HealthStatus::Error), State::Met);
        assert_eq!(state(true, false, HealthStatus::Error), State::Over, "the probe is optional");
        assert_eq!(state(false, true, HealthStatus::Error), State::Between, "it drains");
        assert_eq!(state(false, false, HealthStatus::Unknown), State::Between, "it starts");
        assert_eq!(HealthRule::readiness().read(&FixedReadings::default())[0].1, State::Between, "without probes");
    }

    #[test]
    fn an_alert_names_the_failed_probes() {
        let readings = readings(false, false, HealthStatus::Error);
        assert_eq!(HealthRule::readiness().title(&Group::Service, &readings), "Not ready: database");
        let facts = HealthRule::readiness().facts(&Group::Service, &readings);
        assert_eq!(facts, [("database".to_owned(), "error".to_owned())]);
    }
}
