//! The registry of probes, and whether the service is fit for traffic.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
};

use monitor_core::{Redaction, clock};
use tokio::task::JoinSet;

use crate::{
    HealthBuilder, HealthService, Level, Outcome, Probe, StartupGate,
    report::{Check, Report},
};

/// All probes of a service, and whether it is fit for traffic. Cloning it gives another handle to the same.
///
/// See the [crate docs](crate).
#[derive(Clone)]
pub struct Health(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) registry: Registry,
    pub(crate) gates: Mutex<Vec<String>>,
    pub(crate) draining: AtomicBool,
}

pub(crate) struct Registry {
    pub(crate) version: String,
    pub(crate) environment: String,
    pub(crate) probes: Vec<Probe>,
    /// Where each name and alias leads.
    pub(crate) paths: HashMap<String, usize>,
    /// How well each was when it was last looked at: only a change is logged.
    pub(crate) known: Vec<AtomicU8>,
    pub(crate) redaction: Redaction,
}

impl Health {
    /// Begins to build a registry.
    pub fn builder() -> HealthBuilder {
        HealthBuilder::default()
    }

    pub(crate) fn new(registry: Registry) -> Self {
        let gates = Mutex::default();
        Self(Arc::new(Inner { registry, gates, draining: AtomicBool::new(false) }))
    }

    /// Returns the service that answers for the probes. Mount it at `/health`.
    #[must_use]
    pub fn service(&self) -> HealthService {
        HealthService::new(self.clone())
    }

    /// Closes a gate: readiness fails, naming it, until it is dropped.
    ///
    /// # Example
    ///
    /// ```
    /// # let health = monitor_health::Health::builder().build()?;
    /// let gate = health.startup_gate("migrations");
    /// // … run them …
    /// drop(gate);
    /// # Ok::<(), monitor_health::BuildError>(())
    /// ```
    #[must_use = "dropping the gate opens it"]
    pub fn startup_gate(&self, name: impl Into<String>) -> StartupGate {
        StartupGate::close(self.clone(), name.into())
    }

    /// Returns whether the service is draining.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Relaxed)
    }

    /// Asks every probe, side by side.
    pub(crate) async fn report(&self) -> Report {
        let checks = self.look(|_| true).await;
        Report { checks, obstacle: self.obstacle() }
    }

    /// Asks the probes of readiness, side by side, unless it fails already.
    pub(crate) async fn readiness(&self) -> Report {
        let obstacle = self.obstacle();
        let checks = if obstacle.is_some() { Vec::new() } else { self.look(|probe| probe.ready).await };
        Report { checks, obstacle }
    }

    /// Asks the probe at `path`.
    pub(crate) async fn check(&self, path: &str) -> Option<Check> {
        Some(self.look_at(*self.0.registry.paths.get(path)?).await)
    }

    /// Returns what keeps the service from traffic, whatever the probes say.
    fn obstacle(&self) -> Option<String> {
        if self.is_draining() {
            return Some(String::from("draining"));
        }
        let gates = self.0.gates.lock().unwrap_or_else(PoisonError::into_inner);
        (!gates.is_empty()).then(|| format!("starting: {}", gates.join(", ")))
    }

    async fn look(&self, wanted: impl Fn(&Probe) -> bool) -> Vec<Check> {
        let mut looks = JoinSet::new();
        for (at, _) in self.0.registry.probes.iter().enumerate().filter(|(_, probe)| wanted(probe)) {
            let health = self.clone();
            looks.spawn(async move { (at, health.look_at(at).await) });
        }
        let mut checks = looks.join_all().await;
        checks.sort_by_key(|(at, _)| *at);
        checks.into_iter().map(|(_, check)| check).collect()
    }

    async fn look_at(&self, at: usize) -> Check {
        let probe = &self.0.registry.probes[at];
        let outcome = probe.look().await;
        if self.0.registry.known[at].swap(outcome.level as u8, Ordering::Relaxed) != outcome.level as u8 {
            self.log(probe, &outcome);
        }
        Check { name: probe.name.clone(), critical: probe.critical, at: clock::now(), outcome }
    }

    fn log(&self, probe: &Probe, outcome: &Outcome) {
        if outcome.level == Level::Ok {
            tracing::info!(target: "monitor::health", probe = probe.name, status = "ok", "health_probe_recovered");
            return;
        }
        let source = outcome.source.as_ref().map(|source| source.to_string());
        tracing::warn!(
            target: "monitor::health",
            probe = probe.name,
            status = outcome.level.as_str(),
            reason = outcome.message,
            source = source.as_deref().map(|source| self.0.registry.redaction.text(source)).as_deref(),
            "health_probe_failed"
        );
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health")
            .field("probes", &self.0.registry.probes)
            .field("draining", &self.is_draining())
            .finish_non_exhaustive()
    }
}
