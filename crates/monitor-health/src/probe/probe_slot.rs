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

use super::{
    Probe,
    rendered::Rendered,
    status::{ProbeStatus, Sample, Transition},
};

pub(crate) struct ProbeSlot {
    pub(crate) probe: Probe,
    state: Mutex<State>,
    /// How many runs ended.
    ended: watch::Sender<u64>,
    /// Somebody runs it again and again.
    is_kept: AtomicBool,
}

pub(crate) struct State {
    pub(crate) standing: ProbeStatus,
    /// What is published of the last run, written once.
    pub(crate) said: Arc<Rendered>,
    /// How many halves of the run in flight are not over.
    halves: u8,
    running_since: Option<Instant>,
}

/// Whoever runs a probe again and again. Dropped, as it is when its runtime ends, somebody else may.
pub(crate) struct Keeper {
    watch: Arc<ProbeSlot>,
}

/// A run in flight, which may still wait for its turn.
pub(crate) struct Run {
    /// Whoever waits for what it finds.
    pub(crate) waits: RunHandle,
    /// The task or thread it is on.
    pub(crate) runs: RunHandle,
}

/// There is no other run until both halves of this one are over. Dropped, it is over.
pub(crate) struct RunHandle {
    watch: Arc<ProbeSlot>,
    is_over: bool,
}

/// When the next run begins.
pub(crate) enum Pause {
    /// After about this time.
    Interval(Duration),
    /// Soon, and after this time at the latest: the thresholds have not decided yet.
    Retry(Duration),
}

/// What somebody who wants a result has to do.
pub(crate) enum Ask {
    /// It is there.
    Nothing,
    /// Begin the run.
    Begin(Run),
    /// Wait for a run that others began.
    Wait,
    /// There is a run past its time: nobody waits for that.
    GiveUp,
}

// === impl Watch ===

impl ProbeSlot {
    pub(crate) fn new(probe: Probe) -> Self {
        let standing = ProbeStatus::new(Instant::now());
        let state = State { standing, said: Arc::default(), halves: 0, running_since: None };
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
    pub(crate) fn begin(self: &Arc<Self>) -> Option<Run> {
        self.begin_in(&mut self.state())
    }

    fn begin_in(self: &Arc<Self>, state: &mut State) -> Option<Run> {
        let half = || RunHandle { watch: Arc::clone(self), is_over: false };
        (state.halves == 0).then(|| {
            state.halves = 2;
            Run { waits: half(), runs: half() }
        })
    }

    /// Asks for a result that is fresh. To look and to begin is one step, or two callers would begin one after the other.
    pub(crate) fn ask(self: &Arc<Self>) -> Ask {
        let (mut state, pace) = (self.state(), &self.probe.pace);
        let is_fresh = |age| pace.on_demand.is_none_or(|time_to_live| age <= time_to_live);
        if state.standing.age(Instant::now()).is_some_and(is_fresh) {
            return Ask::Nothing;
        }
        let is_overdue = state.overdue(pace.timeout).is_some();
        match pace.on_demand.and_then(|_| self.begin_in(&mut state)) {
            Some(flight) => Ask::Begin(flight),
            None if is_overdue => Ask::GiveUp,
            None => Ask::Wait,
        }
    }

    /// Its turn has come: from here on its time runs.
    pub(crate) fn take_off(&self) {
        self.state().running_since = Some(Instant::now());
    }

    /// Takes note of a run, where `found` knows of one, and returns the transition where there is one.
    pub(crate) fn record(&self, found: impl FnOnce(&mut State) -> Option<Sample>) -> Option<Transition> {
        let mut state = self.state();
        let sample = found(&mut state)?;
        let transition = state.standing.record(sample, &self.probe.pace);
        state.said = Arc::new(Rendered::new(&self.probe, &state.standing));
        transition
    }

    /// Tells whoever waits that a run is over.
    pub(crate) fn tell(&self) {
        self.ended.send_modify(|ended| *ended += 1);
    }

    /// Returns whether the last result came at this moment or later.
    pub(crate) fn has_looked_since(&self, moment: Instant) -> bool {
        self.state().standing.last().is_some_and(|last| last.at >= moment)
    }

    /// Returns how long it is to the next run, on average.
    pub(crate) fn pause(&self) -> Pause {
        let state = self.state();
        let interval = self.probe.pace.interval(state.standing.status());
        if state.standing.is_undecided() { Pause::Retry(interval) } else { Pause::Interval(interval) }
    }

    pub(crate) fn status(&self) -> HealthStatus {
        self.state().standing.status_at(Instant::now(), &self.probe.pace)
    }
}

// === impl State ===

impl State {
    /// Returns for how long a run has been going on past its time; `None` where none is.
    pub(crate) fn overdue(&self, timeout: Duration) -> Option<Duration> {
        self.running_since.map(|since| since.elapsed()).filter(|running| *running > timeout)
    }
}

// === impl Keeper ===

impl Keeper {
    pub(crate) fn watch(&self) -> &Arc<ProbeSlot> {
        &self.watch
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.watch.is_kept.store(false, Ordering::Relaxed);
    }
}

// === impl Half ===

impl RunHandle {
    pub(crate) fn watch(&self) -> &Arc<ProbeSlot> {
        &self.watch
    }

    /// Ends it together with whatever else becomes of `state`.
    pub(crate) fn end(mut self, state: &mut State) {
        self.end_in(state);
    }

    fn end_in(&mut self, state: &mut State) {
        self.is_over = true;
        state.halves -= 1;
        if state.halves == 0 {
            state.running_since = None;
        }
    }
}

impl Drop for RunHandle {
    fn drop(&mut self) {
        if !self.is_over {
            let watch = Arc::clone(&self.watch);
            let mut state = watch.state();
            self.end_in(&mut state);
            let is_last = state.halves == 0;
            drop(state);
            // Before the other half is over there is nothing new to look at.
            if is_last {
                watch.tell();
            }
        }
    }
}
