//! Publishes changes of status: to the log, and to the monitor's reporters.

use std::sync::{Arc, PoisonError};

use monitor_core::{HealthChange, HealthStatus, Signal, clock, instrument::panic};
use tokio::time::Instant;

use super::health::Inner;
use crate::probe::{
    probe_slot::{ProbeSlot, State},
    status::{Sample, Transition},
};

impl Inner {
    /// Records the result that `found` returns, if any, and publishes the change of status it causes.
    pub(crate) fn record(
        &self,
        watch: &ProbeSlot,
        reason: Option<String>,
        found: impl FnOnce(&mut State) -> Option<Sample>,
    ) {
        if let Some(transition) = watch.record(found) {
            let message = watch.state().standing.message(&watch.probe.pace);
            let reason = reason.map(|reason| self.registry.redaction.bounded(&reason).into_owned());
            // A log subscriber is the program's own code, which may panic.
            panic::catch_and_drop(|| log(&watch.probe.name, &transition, &message, reason.as_deref()));
            self.publish(Some(watch.probe.name.clone()), transition, message, reason);
        }
        self.notify();
    }

    /// Notifies subscribers of a possible change, and publishes a change of the overall status.
    pub(crate) fn notify(&self) {
        self.changed.send_replace(());
        self.publish_overall();
    }

    /// Publishes the status of the whole service if it has changed. A service that starts or drains is not a failed
    /// one, so nothing is published then.
    fn publish_overall(&self) {
        if self.is_draining() || self.closed_gates().is_some() || self.is_new() {
            return;
        }
        // Liveness checks are the program's own code, so they run before the lock is taken.
        let dead = self.dead();
        let mut overall = self.overall.lock().unwrap_or_else(PoisonError::into_inner);
        let ((from, since), now, report) = (*overall, Instant::now(), self.last_known(&dead, |_| true));
        let to = report.status();
        if to != from {
            *overall = (to, now);
            let was_for = now.saturating_duration_since(since);
            // Published under the lock, so that changes reach reporters in their order.
            self.publish(None, Transition { from, to, was_for }, report.not_well(), None);
        }
    }

    fn publish(&self, probe: Option<String>, transition: Transition, message: String, reason: Option<String>) {
        let Transition { from, to, was_for } = transition;
        let change = HealthChange { probe, from, to, at: clock::wall(), was_for, message, reason };
        self.registry.monitor.publish(Signal::HealthChanged(Arc::new(change)));
    }
}

fn log(probe: &str, transition: &Transition, message: &str, source: Option<&str>) {
    let (status, was_for_seconds) = (transition.to.as_str(), transition.was_for.as_secs_f64());
    match (transition.from, transition.to) {
        // The first success after the start is not logged.
        (HealthStatus::Unknown, HealthStatus::Ok) => {}
        (_, HealthStatus::Ok | HealthStatus::Unknown) => {
            tracing::info!(target: "monitor::health", probe, status, was_for_seconds, "health_probe_recovered");
        }
        (_, HealthStatus::Warning) => tracing::warn!(
            target: "monitor::health", probe, status, reason = message, source, was_for_seconds, "health_probe_failed"
        ),
        (_, HealthStatus::Error) => tracing::error!(
            target: "monitor::health", probe, status, reason = message, source, was_for_seconds, "health_probe_failed"
        ),
    }
}
