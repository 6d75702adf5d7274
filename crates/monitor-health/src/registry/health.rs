//! The registry of probes: the state of a service's health.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use monitor_core::{HealthReading, HealthStatus, Monitor, ProbeReading, Redaction};
use tokio::{
    sync::{Semaphore, watch},
    time::{Duration, Instant},
};

use crate::{
    detail::DetailPolicy,
    probe::{liveness::Vital, probe_slot::ProbeSlot},
};

/// All probes of a service, and its readiness for traffic. Clones share one registry.
///
/// Probes run in the background from the moment the registry is [built](crate::HealthBuilder::build) within a tokio
/// runtime, otherwise from the first request on, until the last clone is dropped.
///
/// See the [crate docs](crate).
#[derive(Clone)]
pub struct Health(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) registry: Registry,
    pub(crate) watches: Vec<Arc<ProbeSlot>>,
    pub(crate) gates: Mutex<Vec<String>>,
    pub(crate) draining: AtomicBool,
    /// Slots of the probes that run concurrently.
    pub(crate) turns: Arc<Semaphore>,
    /// The last published status of the whole service, and the time of its last change.
    pub(crate) overall: Mutex<(HealthStatus, Instant)>,
    /// Notifies subscribers that readiness may have changed.
    pub(crate) changed: watch::Sender<()>,
}

pub(crate) struct Registry {
    pub(crate) version: String,
    pub(crate) environment: String,
    pub(crate) monitor: Monitor,
    pub(crate) redaction: Redaction,
    pub(crate) details: DetailPolicy,
    pub(crate) vitals: Vec<Vital>,
    /// The target of each name.
    pub(crate) paths: HashMap<String, Place>,
}

/// The target of a name, by index into `watches`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    Probe(usize),
    Group(Vec<usize>),
}

impl Health {
    pub(crate) fn new(registry: Registry, watches: Vec<Arc<ProbeSlot>>) -> Self {
        let inner = Arc::new(Inner {
            registry,
            watches,
            gates: Mutex::default(),
            draining: AtomicBool::new(false),
            turns: Arc::new(Semaphore::new(SIDE_BY_SIDE)),
            overall: Mutex::new((HealthStatus::Unknown, Instant::now())),
            changed: watch::Sender::new(()),
        });
        let weak = Arc::downgrade(&inner);
        inner.registry.monitor.show_health(move || Some(weak.upgrade()?.reading()));
        inner.start();
        let health = Self(inner);
        health.wait_for_symbols();
        health
    }

    /// Returns whether the service is draining.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.0.is_draining()
    }

    /// Returns the status of the service and of each probe, from the latest results. Never waits.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::health::{Health, HealthStatus, Probe, ProbeResult};
    ///
    /// let health = Health::builder().probe(Probe::new("cache", || async { ProbeResult::ok() })).build()?;
    /// let probe = &health.reading().probes[0];
    /// assert_eq!((&*probe.probe, probe.status), ("cache", HealthStatus::Unknown));
    /// # Ok::<(), monitor_kit::health::HealthError>(())
    /// ```
    #[must_use]
    pub fn reading(&self) -> HealthReading {
        self.0.reading()
    }
}

impl Inner {
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub(crate) fn gates(&self) -> MutexGuard<'_, Vec<String>> {
        self.gates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reading(&self) -> HealthReading {
        let probes = self.watches.iter().map(|watch| {
            let last_run = watch.state().standing.last().map_or(Duration::ZERO, |last| last.took);
            ProbeReading { probe: watch.probe.name.clone(), status: watch.status(), last_run }
        });
        HealthReading { is_ready: self.is_ready(), is_draining: self.is_draining(), probes: probes.collect() }
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let probes: Vec<_> = self.0.watches.iter().map(|watch| &watch.probe).collect();
        f.debug_struct("Health").field("probes", &probes).field("draining", &self.is_draining()).finish_non_exhaustive()
    }
}

const SIDE_BY_SIDE: usize = 8;
