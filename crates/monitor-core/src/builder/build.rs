//! Builds a monitor from its settings, and starts its threads.

use std::{
    env,
    sync::{
        Arc, OnceLock, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
};

use uuid::Uuid;

use super::{MonitorBuilder, check::guard, limits::Limits};
use crate::{
    base::{drops::DropCounter, error::BuildError, queue::Queue},
    capture::panic_hook,
    event::Excerpts,
    health::HealthSource,
    issue::{
        IssueLimits, Issues, UnresolvedEvents,
        site::{Counted, Sites},
    },
    model::{identity::Identity, method::KnownMethod},
    monitor::{
        Inner, Monitor, PanicHook, housekeeping, intake::Intake, periodic::Periodic, pulse::Pulse, resolver::Resolver,
        saver::Saver, shared::Shared, wake::Wake,
    },
    panic,
    persist::Persist,
    signal::{
        Signal,
        reporter::{ReporterWorker, Reporters},
    },
    switch::RouteSwitch,
    traffic::{Jobs, Traffic, outgoing::Outgoing, recorder::TrafficRecorder},
};

impl MonitorBuilder {
    /// Builds the monitor and starts its threads.
    ///
    /// # Errors
    ///
    /// Returns an error if a setting cannot work: an empty service name, a bound of 0, a route or path that does not
    /// begin with `/`, a declared route with an unknown method, a malformed gRPC method, two reporters with one name.
    /// Also if a thread cannot be started.
    pub fn build(mut self) -> Result<Monitor, BuildError> {
        self.check()?;
        if let Some(log) = self.log.take() {
            self.reporters.insert(0, Box::new(log));
        }
        let guarded = guard(std::mem::take(&mut self.reporters))?;
        let shared = Arc::new(self.shared(guarded.iter().map(|guarded| Arc::clone(&guarded.drops))));
        let reporters = guarded.into_iter().map(|guarded| self.reporter_queue(guarded));
        let reporters = Arc::new(Reporters(reporters.collect::<Result<_, _>>()?));
        reporters.publish(Signal::Started(Arc::clone(&shared.identity)));
        let persist = self.persist.take();
        let pulse = persist.is_some().then(|| Pulse::new(Arc::clone(&shared), shared.drops_of("store")));
        let saver = persist.zip(pulse.clone());
        let saver = saver.map(|(persist, pulse)| start_saver(&shared, &reporters, persist, pulse)).transpose()?;
        let (shared_, reporters_) = (Arc::clone(&shared), Arc::clone(&reporters));
        let excerpts = self.errors.excerpts.then(Excerpts::new);
        let before_report = self.before_report.take();
        let resolver = Resolver {
            shared: shared_,
            reporters: reporters_,
            before_report,
            excerpts,
            _saver: saver.clone(),
            has_warned: AtomicBool::new(false),
        };
        let resolver = Arc::new(Queue::spawn(self.limits.queue, Arc::clone(&shared.intake_drops), resolver)?);
        let _ = shared.resolver.set(Arc::downgrade(&resolver));
        // The store was loaded before the resolver existed.
        shared.resolve_left_behind();
        let intake = Intake { shared: Arc::clone(&shared), resolver };
        let intake = Queue::spawn(self.limits.queue, Arc::clone(&shared.intake_drops), intake)?;
        let periodic = Arc::new(Periodic::default());
        let (housekeeping, end) = mpsc::channel();
        housekeeping::spawn(Arc::clone(&shared), Arc::clone(&reporters), Arc::clone(&periodic), pulse.clone(), end)?;
        if self.panic_hook != PanicHook::Off {
            panic_hook::install();
        }
        Ok(Monitor::new(Inner {
            shared,
            intake,
            reporters,
            periodic,
            panic_hook: self.panic_hook,
            housekeeping,
            missing_hook: AtomicBool::new(false),
            saver,
            pulse,
        }))
    }

    fn shared(&self, reporters: impl Iterator<Item = Arc<DropCounter>>) -> Shared {
        let traffic_drops = Arc::new(DropCounter::new("traffic"));
        let intake_drops = Arc::new(DropCounter::new("intake"));
        let store_drops = Arc::new(DropCounter::new("store"));
        let trimmed = |path: &String| path.trim_end_matches('/').to_owned();
        let untracked: Vec<_> = self.untracked.iter().map(trimmed).collect();
        let protected = self.protected.iter().map(trimmed).chain(untracked.iter().cloned()).collect();
        let identity = self.identity();
        let redaction = self.redaction.clone();
        let Limits { issues, sample_bytes, retention, .. } = self.limits;
        let is_persisted = self.persist.is_some();
        let limits = IssueLimits { issues, sample_bytes, retention, is_persisted };
        let counted = Arc::new(Counted::new(self.limits.sites));
        let issues = Issues::new(limits, identity.release.clone(), Arc::clone(&counted), Arc::clone(&intake_drops));
        let secret = self.persist.as_deref().map_or_else(Uuid::new_v4, secret);
        let Limits { sites, burst, .. } = self.limits;
        let recorder = TrafficRecorder::new(self.limits.series, self.measured, Arc::clone(&traffic_drops));
        for (method, route) in &self.routes {
            recorder.declare(KnownMethod::from_name(method), route);
        }
        for method in &self.grpc_methods {
            recorder.declare_grpc(method);
        }
        Shared {
            id: next_id(),
            identity: Arc::new(identity),
            redaction: if self.send_default_pii { redaction.personal_data(true) } else { redaction },
            raw_paths: self.raw_paths,
            show_full_ips: self.show_full_ips || self.send_default_pii,
            trace_sampling: self.trace_sample_rate,
            untracked,
            ignore: self.errors.ignore.clone(),
            traffic: Traffic::new(recorder),
            outgoing: Outgoing::new(Arc::clone(&traffic_drops)),
            switch: RouteSwitch::new(protected),
            jobs: Jobs::new(Arc::clone(&traffic_drops)),
            health: HealthSource::default(),
            error_types: self.errors.types.clone(),
            in_app: self.errors.in_app.clone(),
            sources: Sites::new(sites, burst, secret, counted, Arc::clone(&intake_drops)),
            issues,
            unresolved: UnresolvedEvents::default(),
            resolver: OnceLock::new(),
            sampling: self.errors.sampling.clone(),
            wake: OnceLock::new(),
            is_purge_due: AtomicBool::new(false),
            intake_drops: Arc::clone(&intake_drops),
            drops: RwLock::new([traffic_drops, intake_drops, store_drops].into_iter().chain(reporters).collect()),
        }
    }

    fn identity(&self) -> Identity {
        let from = |setting: &Option<String>, variable: &str, default: &str| {
            let text = setting.clone().or_else(|| env::var(variable).ok()).unwrap_or_default();
            if text.is_empty() { default.to_owned() } else { text }
        };
        Identity {
            service: self.service.clone(),
            release: from(&self.release, "RELEASE_VERSION", "unknown"),
            revision: self.revision.clone(),
            environment: from(&self.environment, "ENVIRONMENT", "development"),
        }
    }

    fn reporter_queue(&self, guarded: ReporterWorker) -> Result<Queue<Arc<Signal>>, BuildError> {
        Ok(Queue::spawn(self.limits.queue, Arc::clone(&guarded.drops), guarded)?)
    }
}

fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Restores the persisted state, and starts the saver thread.
fn start_saver(
    shared: &Arc<Shared>,
    reporters: &Arc<Reporters>,
    persist: Arc<dyn Persist>,
    pulse: Arc<Pulse>,
) -> Result<Arc<Queue<()>>, BuildError> {
    let drops = shared.drops_of("store");
    let mut saver = Saver::new(Arc::clone(shared), Arc::clone(reporters), persist, Arc::clone(&drops), pulse);
    // On this thread, so that routes are disabled again before the first request.
    saver.save();
    let queue = Arc::new(Queue::spawn(1, drops, saver)?);
    let _ = shared.wake.set(Wake::new(&queue));
    Ok(queue)
}

/// Returns the secret by which users are hashed into marks: the store's, or a fresh one if the store has none.
fn secret(persist: &dyn Persist) -> Uuid {
    let read = panic::catch_printed(|| persist.secret()).unwrap_or_else(|caught| {
        caught.drop_payload();
        Err("it panicked".into())
    });
    read.unwrap_or_else(|error| {
        tracing::warn!(
            target: "monitor",
            %error,
            "the store has no secret, so known users are counted again"
        );
        Uuid::new_v4()
    })
}
