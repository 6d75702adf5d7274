//! A probe in the registry: its status, its rendered results, and the run in flight.
//!
//! At most one run of a probe may exist at a time, even when its caller has given up and the check still blocks. A slot
//! tracks a run by two [`RunHandle`]s, one for the task that waits for the result and one for the task or thread that
//! runs the check. The next run can begin once both are released.

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
    /// Number of runs that ended.
    ended: watch::Sender<u64>,
    /// A [`ScheduleClaim`] schedules this probe.
    is_claimed: AtomicBool,
}

pub(crate) struct State {
    pub(crate) standing: ProbeStatus,
    /// The rendered results of the last run.
    pub(crate) rendered: Arc<Rendered>,
    /// Number of run handles that are not released.
    halves: u8,
    running_since: Option<Instant>,
}

/// The right to schedule a probe in the background. Dropped when its runtime shuts down, so that another runtime can
/// take over.
pub(crate) struct ScheduleClaim {
    watch: Arc<ProbeSlot>,
}

/// A run in flight, which may still wait for a concurrency slot.
pub(crate) struct Run {
    /// Held by the task that waits for the result.
    pub(crate) waits: RunHandle,
    /// Held by the task or thread that runs the check.
    pub(crate) runs: RunHandle,
}

/// Holds off the next run of the probe. Released when it is dropped.
pub(crate) struct RunHandle {
    watch: Arc<ProbeSlot>,
    is_over: bool,
}

/// The pause before the next run.
pub(crate) enum Pause {
    /// The regular interval, before jitter.
    Interval(Duration),
    /// A short pause, and this long at most: no threshold has been reached yet.
    Retry(Duration),
}

/// The next step for a caller that wants a fresh result.
pub(crate) enum Ask {
    /// A fresh result exists.
    Nothing,
    /// Start this run.
    Begin(Run),
    /// Wait for the run in flight.
    Wait,
    /// The run in flight has exceeded its time-out: do not wait for it.
    GiveUp,
}

// === impl ProbeSlot ===

impl ProbeSlot {
    pub(crate) fn new(probe: Probe) -> Self {
        let standing = ProbeStatus::new(Instant::now());
        let state = State { standing, rendered: Arc::default(), halves: 0, running_since: None };
        Self { probe, state: Mutex::new(state), ended: watch::Sender::new(0), is_claimed: AtomicBool::new(false) }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a receiver that is notified when a run ends. Subscribe before reading the state, or a run that ends in
    /// between is missed.
    pub(crate) fn ended(&self) -> watch::Receiver<u64> {
        self.ended.subscribe()
    }

    /// Claims the background schedule of this probe; returns `None` if it is already claimed.
    pub(crate) fn claim(self: &Arc<Self>) -> Option<ScheduleClaim> {
        let is_claimed = self.is_claimed.load(Ordering::Relaxed) || self.is_claimed.swap(true, Ordering::Relaxed);
        (!is_claimed).then(|| ScheduleClaim { watch: Arc::clone(self) })
    }

    /// Begins a run; returns `None` while another is in flight.
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

    /// Returns what a caller must do for a fresh result. The check and the start of a run are one step under the lock,
    /// or two callers would run the probe one after the other.
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

    /// Starts the clock of a run that has got its concurrency slot.
    pub(crate) fn take_off(&self) {
        self.state().running_since = Some(Instant::now());
    }

    /// Records the result that `found` returns, if any. Returns the transition if it changes the status.
    pub(crate) fn record(&self, found: impl FnOnce(&mut State) -> Option<Sample>) -> Option<Transition> {
        let mut state = self.state();
        let sample = found(&mut state)?;
        let transition = state.standing.record(sample, &self.probe.pace);
        state.rendered = Arc::new(Rendered::new(&self.probe, &state.standing));
        transition
    }

    /// Notifies all receivers that a run has ended.
    pub(crate) fn notify(&self) {
        self.ended.send_modify(|ended| *ended += 1);
    }

    /// Returns whether the last result was recorded at or after `moment`.
    pub(crate) fn has_looked_since(&self, moment: Instant) -> bool {
        self.state().standing.last().is_some_and(|last| last.at >= moment)
    }

    /// Returns the pause before the next run, before jitter.
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
    /// Returns how long the run in flight has taken, if that exceeds `timeout`.
    pub(crate) fn overdue(&self, timeout: Duration) -> Option<Duration> {
        self.running_since.map(|since| since.elapsed()).filter(|running| *running > timeout)
    }
}

// === impl ScheduleClaim ===

impl ScheduleClaim {
    pub(crate) fn watch(&self) -> &Arc<ProbeSlot> {
        &self.watch
    }
}

impl Drop for ScheduleClaim {
    fn drop(&mut self) {
        self.watch.is_claimed.store(false, Ordering::Relaxed);
    }
}

// === impl RunHandle ===

impl RunHandle {
    pub(crate) fn watch(&self) -> &Arc<ProbeSlot> {
        &self.watch
    }

    /// Releases the handle under the lock that the caller holds, together with its other changes to `state`.
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
            // While the other handle is held, there is no new result to read.
            if is_last {
                watch.notify();
            }
        }
    }
}
