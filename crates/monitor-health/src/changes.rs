//! What is told when something is as it was not before: to the log, and to the monitor's reporters.

use std::{
    error::Error,
    sync::{Arc, PoisonError},
};

use monitor_core::{HealthChange, HealthStatus, Signal, clock, panic};
use tokio::time::Instant;

use crate::{
    health::Inner,
    standing::{Sample, Transition},
    watch::Watch,
};

impl Inner {
    /// Takes note of a run.
    pub(crate) fn record(&self, watch: &Watch, sample: Sample) {
        let reason = sample.outcome.source.as_ref().map(|source| self.reason(&**source));
        let transition = watch.record(sample);
        let message = watch.state().standing.message(&watch.probe.pace);
        let name = &watch.probe.name;
        if let Some(transition) = transition {
            // Whoever takes lines is the program's own.
            panic::quietly(|| log(name, &transition, &message, reason.as_deref()));
            self.publish(Some(name.clone()), transition, message, reason);
        }
        self.tell();
    }

    /// Returns what is behind an outcome, redacted. What an error says of itself is the program's own code.
    fn reason(&self, source: &dyn Error) -> String {
        let said = panic::catch(|| source.to_string()).unwrap_or_else(|caught| {
            caught.dispose();
            String::from("an error that cannot be shown")
        });
        self.registry.redaction.text(&said).into_owned()
    }

    /// Tells whoever wants to know that something has changed.
    pub(crate) fn tell(&self) {
        self.changed.send_replace(());
        self.tell_overall();
    }

    /// Tells how the service as a whole is, where that has changed. Whoever starts or stops is not ill.
    fn tell_overall(&self) {
        if self.is_draining() || self.closed_gates().is_some() {
            return;
        }
        let now = Instant::now();
        // Liveness checks are the program's own code: nobody waits for a lock meanwhile.
        let dead = self.dead();
        let (transition, message) = {
            let mut overall = self.overall.lock().unwrap_or_else(PoisonError::into_inner);
            let report = self.report_with(&dead, &self.watches);
            let (from, since) = *overall;
            // As long as something critical was never looked at there is nothing to tell.
            let is_known = from != HealthStatus::Unknown || self.awaited().is_empty();
            let to = report.status();
            if !is_known || to == from {
                return;
            }
            *overall = (to, now);
            (Transition { from, to, was_for: now.saturating_duration_since(since) }, report.failing())
        };
        self.publish(None, transition, message, None);
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
