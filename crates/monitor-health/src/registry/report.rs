//! The state of a service at one moment, and the readiness that follows from it.

use std::{sync::Arc, time::Duration};

use monitor_core::HealthStatus;
use tokio::time::Instant;

use super::health::Inner;
use crate::probe::{Pace, Probe, probe_slot::ProbeSlot, rendered::Rendered, status::ProbeStatus};

/// The state of one probe.
pub(crate) struct View<'a> {
    pub(crate) probe: &'a Probe,
    pub(crate) status: HealthStatus,
    pub(crate) rendered: Arc<Rendered>,
    /// `None` if the probe has never run.
    pub(crate) age: Option<Duration>,
    /// A caller asked for a newer result, which did not arrive in time.
    pub(crate) is_stale: bool,
    standing_for: Duration,
    /// The probe has failed for longer than it may keep the service out of readiness, so the failure no longer counts.
    is_pardoned: bool,
}

/// The state of several probes, and any other cause that keeps the service out of traffic.
pub(crate) struct Report<'a> {
    pub(crate) views: Vec<View<'a>>,
    pub(crate) obstacle: Option<String>,
}

impl Inner {
    /// Returns the state of these probes for a caller. Those in `late` got no newer result in time.
    pub(crate) fn report_of<'a>(&'a self, watches: &[&'a Arc<ProbeSlot>], late: &[&Arc<ProbeSlot>]) -> Report<'a> {
        let views = watches.iter().map(|watch| View::asked(watch, late)).collect();
        Report { views, obstacle: self.obstacle(&self.dead()) }
    }

    /// Returns the last known state of the probes, without a caller that waits for one. A probe that runs on demand has
    /// the status of its last run, however old, and is left out if it has never run.
    pub(crate) fn last_known<'a>(&'a self, dead: &[&str], wanted: impl Fn(&Probe) -> bool) -> Report<'a> {
        let on_demand = |watch: &ProbeSlot| watch.probe.pace.on_demand.is_some();
        let views = self.watches.iter().filter(|watch| wanted(&watch.probe)).map(|watch| match on_demand(watch) {
            true => View::of(watch, |standing, _, _| standing.status()),
            false => View::of(watch, ProbeStatus::status_at),
        });
        let views = views.filter(|view| view.age.is_some() || view.probe.pace.on_demand.is_none()).collect();
        Report { views, obstacle: self.obstacle(dead) }
    }

    /// Returns whether the service can take traffic, according to the latest results.
    pub(crate) fn is_ready(&self) -> bool {
        self.last_known(&self.dead(), |probe| probe.ready).pardoned().is_healthy()
    }

    /// Returns whether a background probe has never run yet.
    pub(crate) fn is_new(&self) -> bool {
        let by_themselves = self.watches.iter().filter(|watch| watch.probe.pace.on_demand.is_none());
        by_themselves.into_iter().any(|watch| watch.state().standing.last().is_none())
    }

    /// Returns the cause, other than a probe, that keeps the service out of traffic.
    fn obstacle(&self, dead: &[&str]) -> Option<String> {
        if self.is_draining() {
            Some(String::from("draining"))
        } else if let Some(gates) = self.closed_gates() {
            Some(format!("starting: {gates}"))
        } else {
            (!dead.is_empty()).then(|| format!("not alive: {}", dead.join(", ")))
        }
    }

    /// Returns the names of the closed gates.
    pub(crate) fn closed_gates(&self) -> Option<String> {
        let gates = self.gates();
        (!gates.is_empty()).then(|| gates.join(", "))
    }

    /// Returns the names of the liveness checks that fail.
    pub(crate) fn dead(&self) -> Vec<&str> {
        self.registry.vitals.iter().filter(|vital| !vital.is_alive()).map(|vital| vital.name.as_str()).collect()
    }

    /// Returns the names that startup waits for: closed gates, and critical probes that have never run.
    pub(crate) fn awaited(&self) -> Vec<String> {
        let never = |watch: &&Arc<ProbeSlot>| watch.probe.critical && watch.state().standing.last().is_none();
        let probes = self.watches.iter().filter(never).map(|watch| watch.probe.name.clone());
        self.closed_gates().into_iter().chain(probes).collect()
    }
}

impl<'a> View<'a> {
    /// Returns the state of a probe for a caller.
    pub(crate) fn asked(watch: &'a Arc<ProbeSlot>, late: &[&Arc<ProbeSlot>]) -> Self {
        let is_stale = late.iter().any(|late| Arc::ptr_eq(late, watch));
        View { is_stale, ..View::of(watch, ProbeStatus::status_at) }
    }

    fn of(watch: &'a ProbeSlot, status: impl Fn(&ProbeStatus, Instant, &Pace) -> HealthStatus) -> Self {
        let (now, state, pace) = (Instant::now(), watch.state(), &watch.probe.pace);
        View {
            probe: &watch.probe,
            status: status(&state.standing, now, pace),
            rendered: Arc::clone(&state.rendered),
            age: state.standing.age(now),
            standing_for: state.standing.standing_for(now),
            is_pardoned: false,
            is_stale: false,
        }
    }

    /// Returns the reason why the status is unknown, if it is.
    pub(crate) fn unknown(&self) -> Option<&'static str> {
        let reason = if self.age.is_none() { "not sampled yet" } else { "stale result" };
        (self.status == HealthStatus::Unknown).then_some(reason)
    }

    pub(crate) fn has_failed(&self) -> bool {
        matches!(self.status, HealthStatus::Error | HealthStatus::Unknown)
    }

    pub(crate) fn is_fatal(&self) -> bool {
        self.probe.critical && self.has_failed() && !self.is_pardoned
    }
}

impl Report<'_> {
    /// Returns the report with those failures marked that have lasted longer than
    /// [`max_unready`](crate::Probe::max_unready).
    pub(crate) fn pardoned(mut self) -> Self {
        for view in &mut self.views {
            let longest = view.probe.max_unready.filter(|_| view.status == HealthStatus::Error);
            view.is_pardoned = longest.is_some_and(|longest| view.standing_for > longest);
        }
        self
    }

    pub(crate) fn is_healthy(&self) -> bool {
        self.obstacle.is_none() && !self.views.iter().any(View::is_fatal)
    }

    pub(crate) fn is_degraded(&self) -> bool {
        self.views.iter().any(|view| view.status != HealthStatus::Ok)
    }

    /// Returns the overall status.
    pub(crate) fn status(&self) -> HealthStatus {
        if !self.is_healthy() {
            HealthStatus::Error
        } else if self.is_degraded() {
            HealthStatus::Warning
        } else {
            HealthStatus::Ok
        }
    }

    /// Returns the names of the causes that keep the service out of traffic, and of all probes that are not `Ok`.
    pub(crate) fn not_well(&self) -> String {
        let views = self.views.iter().filter(|view| view.status != HealthStatus::Ok);
        let names = self.obstacle.as_deref().into_iter().chain(views.map(|view| view.probe.name.as_str()));
        names.collect::<Vec<_>>().join(", ")
    }

    /// Returns the names of the causes that keep the service out of traffic, without any message of a probe.
    pub(crate) fn failing(&self) -> String {
        let fatal = self.views.iter().filter(|view| view.is_fatal()).map(|view| view.probe.name.as_str());
        self.obstacle.as_deref().into_iter().chain(fatal).collect::<Vec<_>>().join(", ")
    }
}
