//! One probe in the registry: how it stands, what is published of it, and whether a run is in flight.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use monitor_core::HealthStatus;
use tokio::{sync::watch, time::Instant};

use crate::{
    Probe,
    said::Said,
    standing::{Sample, Standing, Transition},
};

pub(crate) struct Watch {
    pub(crate) probe: Probe,
    state: Mutex<State>,
    /// How many runs ended.
    ended: watch::Sender<u64>,
    /// Somebody runs it again and again.
    is_kept: AtomicBool,
}

pub(crate) struct State {
    pub(crate) standing: Standing,
    /// What is published of the last run, written once.
    pub(crate) said: Arc<Said>,
    /// A run is in flight, though it may still wait for its turn.
    in_flight: bool,
    running_since: Option<Instant>,
}

/// Whoever runs a probe again and again. Dropped, as it is when its runtime ends, somebody else may.
pub(crate) struct Keeper {
    watch: Arc<Watch>,
}

/// A run in flight. Dropped, it is none any more, also when the runtime it is on ends.
pub(crate) struct Flight {
    watch: Arc<Watch>,
}

impl Watch {
    pub(crate) fn new(probe: Probe) -> Self {
        let standing = Standing::new(Instant::now());
        let state = State { standing, said: Arc::default(), in_flight: false, running_since: None };
        Self { probe, state: Mutex::new(state), ended: watch::Sender::new(0), is_kept: AtomicBool::new(false) }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what tells when a run ends. Take it before the state is looked at, or a run that ends in between is missed.
    pub(crate) fn ended(&self) -> watch::Receiver<u64> {
        self.ended.subscribe()
    }

    /// Begins to run it again and again; `None` where somebody does.
    pub(crate) fn keep(self: &Arc<Self>) -> Option<Keeper> {
        let is_kept = self.is_kept.load(Ordering::Relaxed) || self.is_kept.swap(true, Ordering::Relaxed);
        (!is_kept).then(|| Keeper { watch: Arc::clone(self) })
    }

    /// Begins a run; `None` while one is in flight.
    pub(crate) fn begin(self: &Arc<Self>) -> Option<Flight> {
        let mut state = self.state();
        if state.in_flight {
            return None;
        }
        state.in_flight = true;
        Some(Flight { watch: Arc::clone(self) })
    }

    /// Takes note of a run, and returns the transition where there is one.
    pub(crate) fn record(&self, sample: Sample) -> Option<Transition> {
        let mut state = self.state();
        let transition = state.standing.record(sample, &self.probe.pace);
        state.said = Arc::new(Said::new(&self.probe, &state.standing));
        transition
    }

    /// Tells whoever waits that a run is over.
    pub(crate) fn tell(&self) {
        self.ended.send_modify(|ended| *ended += 1);
    }

    /// Returns whether the last result is as good as one that is asked for now.
    pub(crate) fn is_fresh(&self) -> bool {
        let state = self.state();
        let Some(age) = state.standing.age(Instant::now()) else { return false };
        self.probe.pace.on_demand.is_none_or(|time_to_live| age <= time_to_live)
    }

    /// Returns for how long a run has been in flight past its time; `None` where none is.
    pub(crate) fn overdue(&self) -> Option<Duration> {
        let since = self.state().running_since?;
        Some(since.elapsed()).filter(|running| *running > self.probe.pace.timeout)
    }

    /// Returns how long it is to the next run.
    pub(crate) fn pause(&self) -> Duration {
        let status = self.state().standing.status();
        self.probe.pace.interval(status)
    }

    pub(crate) fn status(&self) -> HealthStatus {
        self.state().standing.status_at(Instant::now(), &self.probe.pace)
    }
}

impl Keeper {
    pub(crate) fn watch(&self) -> &Arc<Watch> {
        &self.watch
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.watch.is_kept.store(false, Ordering::Relaxed);
    }
}

impl Flight {
    pub(crate) fn watch(&self) -> &Arc<Watch> {
        &self.watch
    }

    /// Its turn has come: from here on its time runs.
    pub(crate) fn take_off(&self) {
        self.watch.state().running_since = Some(Instant::now());
    }

    /// Ends the flight and tells so, in this order: whoever is woken may begin the next.
    pub(crate) fn land(self) {}
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut state = self.watch.state();
        (state.in_flight, state.running_since) = (false, None);
        drop(state);
        self.watch.tell();
    }
}
