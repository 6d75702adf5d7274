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

use super::{
    MonitorBuilder,
    check::{check_prefixes, drop_counters},
    limits::Limits,
};
use crate::{
    base::{drops::DropCounter, error::BuildError, prefixes::Prefixes, queue::Queue, source::Source},
    capture::panic_hook,
    event::Excerpts,
    extension::{ReporterExtension, worker::ExtensionWorker},
    history::HistorySlots,
    issue::{
        IssueLimits, Issues, UnresolvedEvents,
        site::{Counted, Sites},
    },
    model::{identity::Identity, method::KnownMethod},
    monitor::{
        Inner, Monitor, PanicHook, housekeeping,
        intake::{Intake, RawEvent},
        periodic::Periodic,
        pulse::Pulse,
        resolver::Resolver,
        saver::Saver,
        shared::Shared,
        wake::Wake,
    },
    panic,
    persist::{Persist, durable::Durable, durables::Durables},
    signal::{Signal, reporters::Reporters},
    switch::RouteSwitch,
    symbols::RawBacktrace,
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
            self.extensions.insert(0, Box::new(ReporterExtension(Box::new(log))));
        }
        let mut extensions = std::mem::take(&mut self.extensions);
        let counters = drop_counters(&extensions)?;
        let identity = self.identity();
        let durables = extensions.iter_mut().map(|extension| extension.prepare(&identity));
        let durables: Vec<_> = durables.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        check_prefixes(&durables)?;
        let shared = Arc::new(self.shared(identity, durables, &counters));
        let reporters = Arc::new(Reporters::default());
        reporters.publish(Signal::Started(Arc::clone(&shared.identity)));
        let persist = self.persist.take();
        let pulse = persist.is_some().then(|| Pulse::new(Arc::clone(&shared), shared.drops_of("store")));
        let saver = persist.zip(pulse.clone());
        let saver = saver.map(|(persist, pulse)| start_saver(&shared, &reporters, persist, pulse)).transpose()?;
        let intake = self.start_intake(&shared, &reporters, saver.clone())?;
        let periodic = Arc::new(Periodic::default());
        let (housekeeping, end) = mpsc::channel();
        housekeeping::spawn(Arc::clone(&shared), Arc::clone(&reporters), Arc::clone(&periodic), pulse.clone(), end)?;
        if self.panic_hook != PanicHook::Off {
            panic_hook::install();
        }
        let monitor = Monitor::new(Inner {
            shared,
            intake,
            reporters: Arc::clone(&reporters),
            periodic,
            panic_hook: self.panic_hook,
            housekeeping,
            missing_hook: AtomicBool::new(false),
            saver: saver.clone(),
            pulse,
        });
        reporters.start(|early| {
            let workers = extensions.into_iter().zip(counters).map(|(extension, drops)| ExtensionWorker {
                extension,
                drops,
                monitor: monitor.downgrade(),
                early: early.to_vec(),
                _saver: saver.clone(),
            });
            workers.map(|worker| Queue::spawn(self.limits.queue, Arc::clone(&worker.drops), worker)).collect()
        })?;
        Ok(monitor)
    }

    /// Starts the resolver and the intake.
    fn start_intake(
        &mut self,
        shared: &Arc<Shared>,
        reporters: &Arc<Reporters>,
        saver: Option<Arc<Queue<()>>>,
    ) -> Result<Queue<RawEvent>, BuildError> {
        let resolver = Resolver {
            shared: Arc::clone(shared),
            reporters: Arc::clone(reporters),
            before_report: self.before_report.take(),
            excerpts: self.errors.excerpts.then(Excerpts::new),
            builder: RawBacktrace::capture(),
            _saver: saver,
            has_warned: AtomicBool::new(false),
        };
        let resolver = Arc::new(Queue::spawn(self.limits.queue, Arc::clone(&shared.intake_drops), resolver)?);
        let _ = shared.resolver.set(Arc::downgrade(&resolver));
        // The store was loaded before the resolver existed.
        shared.resolve_left_behind();
        let intake = Intake { shared: Arc::clone(shared), resolver };
        Ok(Queue::spawn(self.limits.queue, Arc::clone(&shared.intake_drops), intake)?)
    }

    fn shared(
        &mut self,
        identity: Identity,
        durables: Vec<Arc<dyn Durable>>,
        extensions: &[Arc<DropCounter>],
    ) -> Shared {
        let traffic_drops = Arc::new(DropCounter::new("traffic"));
        let intake_drops = Arc::new(DropCounter::new("intake"));
        let store_drops = Arc::new(DropCounter::new("store"));
        let trimmed = |path: &String| path.trim_end_matches('/').to_owned();
        let untracked: Vec<_> = self.untracked.iter().map(trimmed).collect();
        let protected = self.protected.iter().map(trimmed).chain(untracked.iter().cloned()).collect();
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
            history: HistorySlots::new(identity.release()),
            identity: Arc::new(identity),
            redaction: if self.send_default_pii { redaction.personal_data(true) } else { redaction },
            raw_paths: self.raw_paths,
            show_full_ips: self.show_full_ips || self.send_default_pii,
            trace_sampling: self.trace_sample_rate,
            trace_headers: std::mem::take(&mut self.trace_headers),
            untracked: Prefixes::new(untracked),
            ignore: self.errors.ignore.clone(),
            traffic: Traffic::new(recorder),
            outgoing: Outgoing::new(Arc::clone(&traffic_drops)),
            switch: RouteSwitch::new(protected),
            jobs: Jobs::new(Arc::clone(&traffic_drops)),
            health: Source::default(),
            alerts: Source::default(),
            error_types: self.errors.types.clone(),
            in_app: self.errors.in_app.clone(),
            sources: Sites::new(sites, burst, secret, counted, Arc::clone(&intake_drops)),
            issues,
            unresolved: UnresolvedEvents::default(),
            resolver: OnceLock::new(),
            sampling: self.errors.sampling.clone(),
            wake: OnceLock::new(),
            is_saved: AtomicBool::new(false),
            is_purge_due: AtomicBool::new(false),
            durables: if is_persisted { Durables::with_store(durables) } else { Durables::without_store(durables) },
            intake_drops: Arc::clone(&intake_drops),
            drops: RwLock::new(
                [traffic_drops, intake_drops, store_drops].into_iter().chain(extensions.iter().cloned()).collect(),
            ),
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
    let mut saver = Saver::new(shared, reporters, persist, Arc::clone(&drops), pulse);
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
