//! What is known of a service at one moment, and what it means.

use std::{sync::Arc, time::Duration};

use monitor_core::HealthStatus;
use tokio::time::Instant;

use crate::{Probe, health::Inner, said::Said, watch::Watch};

/// How one probe stands.
pub(crate) struct View<'a> {
    pub(crate) probe: &'a Probe,
    pub(crate) status: HealthStatus,
    pub(crate) said: Arc<Said>,
    /// `None` where it was never looked at.
    pub(crate) age: Option<Duration>,
    /// A newer result was asked for and did not come in time.
    pub(crate) is_stale: bool,
    standing_for: Duration,
    /// It has failed, and that does not count.
    is_pardoned: bool,
}

/// How several probes stand, and what keeps the service from traffic besides.
pub(crate) struct Report<'a> {
    pub(crate) views: Vec<View<'a>>,
    pub(crate) obstacle: Option<String>,
}

impl Inner {
    /// Returns how these probes stand.
    pub(crate) fn report_of<'a>(&'a self, watches: impl IntoIterator<Item = &'a Arc<Watch>>) -> Report<'a> {
        self.report_with(&self.dead(), watches)
    }

    /// Does the same where it is known what of the process is dead.
    pub(crate) fn report_with<'a>(
        &'a self,
        dead: &[&str],
        watches: impl IntoIterator<Item = &'a Arc<Watch>>,
    ) -> Report<'a> {
        Report { views: watches.into_iter().map(|watch| View::of(watch)).collect(), obstacle: self.obstacle(dead) }
    }

    /// Returns whether the service is fit for traffic, as far as the probes say so that joined readiness.
    pub(crate) fn readiness(&self) -> Report<'_> {
        self.readiness_of(self.watches.iter().filter(|watch| watch.probe.ready))
    }

    /// A probe that has kept the service away for longer than it may keeps nobody away any more.
    pub(crate) fn readiness_of<'a>(&'a self, watches: impl IntoIterator<Item = &'a Arc<Watch>>) -> Report<'a> {
        let mut report = self.report_of(watches);
        for view in &mut report.views {
            let longest = view.probe.max_unready.filter(|_| view.status == HealthStatus::Error);
            view.is_pardoned = longest.is_some_and(|longest| view.standing_for > longest);
        }
        report
    }

    /// Returns what keeps the service from traffic, whatever the probes say.
    fn obstacle(&self, dead: &[&str]) -> Option<String> {
        if self.is_draining() {
            Some(String::from("draining"))
        } else if let Some(gates) = self.closed_gates() {
            Some(format!("starting: {gates}"))
        } else {
            (!dead.is_empty()).then(|| format!("not alive: {}", dead.join(", ")))
        }
    }

    /// Returns the gates that are closed.
    pub(crate) fn closed_gates(&self) -> Option<String> {
        let gates = self.gates();
        (!gates.is_empty()).then(|| gates.join(", "))
    }

    /// Returns what of the process itself does not work any more.
    pub(crate) fn dead(&self) -> Vec<&str> {
        self.registry.vitals.iter().filter(|vital| !vital.is_alive()).map(|vital| vital.name.as_str()).collect()
    }

    /// Returns what the start still waits for: gates, and critical probes that were never looked at.
    pub(crate) fn awaited(&self) -> Vec<String> {
        let never = |watch: &&Arc<Watch>| watch.probe.critical && watch.state().standing.last().is_none();
        let probes = self.watches.iter().filter(never).map(|watch| watch.probe.name.clone());
        self.closed_gates().into_iter().chain(probes).collect()
    }
}

impl<'a> View<'a> {
    fn of(watch: &'a Watch) -> Self {
        let (now, state, pace) = (Instant::now(), watch.state(), &watch.probe.pace);
        let age = state.standing.age(now);
        View {
            probe: &watch.probe,
            status: state.standing.status_at(now, pace),
            said: Arc::clone(&state.said),
            age,
            standing_for: state.standing.standing_for(now),
            is_pardoned: false,
            is_stale: age.zip(pace.on_demand).is_some_and(|(age, time_to_live)| age > time_to_live),
        }
    }

    /// Returns why nothing is known of it, where that is so.
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
    pub(crate) fn is_healthy(&self) -> bool {
        self.obstacle.is_none() && !self.views.iter().any(View::is_fatal)
    }

    pub(crate) fn is_degraded(&self) -> bool {
        self.views.iter().any(|view| view.status != HealthStatus::Ok)
    }

    /// Returns how well all of it is together.
    pub(crate) fn status(&self) -> HealthStatus {
        if !self.is_healthy() {
            HealthStatus::Error
        } else if self.is_degraded() {
            HealthStatus::Warning
        } else {
            HealthStatus::Ok
        }
    }

    /// Returns what keeps the service from traffic: names, and no word of what was found.
    pub(crate) fn failing(&self) -> String {
        let fatal = self.views.iter().filter(|view| view.is_fatal()).map(|view| view.probe.name.as_str());
        self.obstacle.as_deref().into_iter().chain(fatal).collect::<Vec<_>>().join(", ")
    }
}
