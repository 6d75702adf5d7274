//! A monitor is built out of its settings, and its threads are started.

use std::{
    env,
    sync::{Arc, RwLock, atomic::AtomicBool, mpsc},
};

use super::{MonitorBuilder, check::guard};
use crate::{
    Bridge, BuildError, Identity, Method, Monitor, Outgoing, Signal, Traffic, clock,
    drops::Drops,
    event::Excerpts,
    health::HealthSource,
    housekeeping::{self, Bridges},
    intake::Intake,
    issue::Issues,
    job::Jobs,
    monitor::{Inner, PanicHook, Shared},
    panic,
    queue::Queue,
    reporter::{Guarded, Outlets},
    source::Sources,
    switch::RouteSwitch,
};

impl MonitorBuilder {
    /// Builds the monitor and starts its threads.
    ///
    /// # Errors
    ///
    /// When a setting cannot work: an empty service name, a bound of 0, a route or path that does not begin with `/`, a
    /// route that is declared with an unknown method, a malformed gRPC method, two reporters of one name. When a thread
    /// cannot be started.
    pub fn build(mut self) -> Result<Monitor, BuildError> {
        self.check()?;
        if let Some(log) = self.log.take() {
            self.reporters.insert(0, Box::new(log));
        }
        let guarded = guard(std::mem::take(&mut self.reporters))?;
        let shared = Arc::new(self.shared(guarded.iter().map(|guarded| Arc::clone(&guarded.drops))));
        let outlets = guarded.into_iter().map(|guarded| self.outlet(guarded));
        let outlets = Arc::new(Outlets(outlets.collect::<Result<_, _>>()?));
        let (shared_, outlets_) = (Arc::clone(&shared), Arc::clone(&outlets));
        let excerpts = self.source_excerpts.then(Excerpts::new);
        let intake = Intake { shared: shared_, outlets: outlets_, before_report: self.before_report, excerpts };
        let intake = Queue::spawn(self.bounds.queue, Arc::clone(&shared.intake_drops), intake)?;
        let bridges = Arc::new(Bridges::new(Bridge::new(Arc::clone(&shared), self.recorder)));
        let (housekeeping, end) = mpsc::channel();
        housekeeping::spawn(Arc::clone(&shared), Arc::clone(&outlets), Arc::clone(&bridges), end)?;
        if self.panic_hook != PanicHook::Off {
            panic::install_hook();
        }
        outlets.publish(Signal::Started(Arc::clone(&shared.identity)));
        for disabled in shared.switch.list().into_iter().filter(|disabled| !disabled.is_over(clock::now())) {
            outlets.publish(Signal::RouteDisabled(disabled));
        }
        Ok(Monitor::new(Inner {
            shared,
            intake,
            outlets,
            bridges,
            panic_hook: self.panic_hook,
            housekeeping,
            missing_hook: AtomicBool::new(false),
        }))
    }

    fn shared(&mut self, reporters: impl Iterator<Item = Arc<Drops>>) -> Shared {
        let traffic_drops = Arc::new(Drops::new("traffic"));
        let intake_drops = Arc::new(Drops::new("intake"));
        let switch_drops = Arc::new(Drops::new("switch"));
        let trimmed = |path: &String| path.trim_end_matches('/').to_owned();
        let untracked: Vec<_> = self.untracked.iter().map(trimmed).collect();
        let protected = self.protected.iter().map(trimmed).chain(untracked.iter().cloned()).collect();
        let switch = RouteSwitch::new(protected, self.persist.take(), Arc::clone(&switch_drops));
        let traffic = Traffic::new(self.bounds.series, self.measured, Arc::clone(&traffic_drops));
        for (method, route) in &self.routes {
            traffic.declare(Method::from_name(method), route);
        }
        for method in &self.grpc_methods {
            traffic.declare_grpc(method);
        }
        Shared {
            identity: Arc::new(self.identity()),
            redaction: self.redaction.clone(),
            raw_paths: self.raw_paths,
            full_addresses: self.full_addresses,
            trace_sampling: self.trace_sampling,
            flask_names: self.flask_names,
            untracked,
            ignore: std::mem::take(&mut self.ignore),
            traffic,
            outgoing: Outgoing::new(Arc::clone(&traffic_drops)),
            switch,
            jobs: Jobs::new(Arc::clone(&traffic_drops)),
            health: HealthSource::default(),
            error_types: std::mem::take(&mut self.error_types),
            in_app: std::mem::take(&mut self.in_app),
            sources: Sources::new(self.bounds.sources, Arc::clone(&intake_drops)),
            issues: Issues::new(self.bounds.issues, Arc::clone(&intake_drops)),
            intake_drops: Arc::clone(&intake_drops),
            drops: RwLock::new([traffic_drops, intake_drops, switch_drops].into_iter().chain(reporters).collect()),
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

    fn outlet(&self, guarded: Guarded) -> Result<Queue<Arc<Signal>>, BuildError> {
        Ok(Queue::spawn(self.bounds.queue, Arc::clone(&guarded.drops), guarded)?)
    }
}
