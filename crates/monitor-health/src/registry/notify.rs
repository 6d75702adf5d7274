//! What is told when something is as it was not before: to the log, and to the monitor's reporters.

use std::sync::{Arc, PoisonError};

use monitor_core::{HealthChange, HealthStatus, Signal, clock, panic};
use tokio::time::Instant;

use super::health::Inner;
use crate::probe::{
    probe_slot::{ProbeSlot, State},
    status::{Sample, Transition},
};

impl Inner {
    /// Takes note of a run, where `found` knows of one.
    pub(crate) fn record(
        &self,
        watch: &ProbeSlot,
        reason: Option<String>,
        found: impl FnOnce(&mut State) -> Option<Sample>,
    ) {
        if let Some(transition) = watch.record(found) {
            let message = watch.state().standing.message(&watch.probe.pace);
            let reason = reason.map(|reason| self.registry.redaction.bounded(&reason).into_owned());
            // Whoever takes lines is the program's own.
            panic::catch_and_drop(|| log(&watch.probe.name, &transition, &message, reason.as_deref()));
            self.publish(Some(watch.probe.name.clone()), transition, message, reason);
        }
        self.tell();
    }

    /// Tells whoever wants to know that something may have changed.
    pub(crate) fn tell(&self) {
        self.changed.send_replace(());
        self.tell_overall();
    }

    /// Tells how the service as a whole is, where that has changed. Whoever starts or stops is not ill.
    fn tell_overall(&self) {
        if self.is_draining() || self.closed_gates().is_some() || self.is_new() {
            return;
        }
        // Liveness checks are the program's own code: nobody waits for a lock meanwhile.
        let dead = self.dead();
        let mut overall = self.overall.lock().unwrap_or_else(PoisonError::into_inner);
        let ((from, since), now, report) = (*overall, Instant::now(), self.last_known(&dead, |_| true));
        let to = report.status();
        if to != from {
            *overall = (to, now);
            let was_for = now.saturating_duration_since(since);
            // Told before anybody else changes it again.
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
