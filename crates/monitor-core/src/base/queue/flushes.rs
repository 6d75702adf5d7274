//! The flushes of a queue: requested by callers, ended by the worker.
//!
//! A request does not travel through the channel, which may be full. Callers count requests and wait for the count of
//! ended ones; only they and the worker take the lock, never a thread that pushes an item.

use std::{
    sync::{Arc, PoisonError},
    time::Instant,
};

use crate::base::{
    clock,
    sync::{Condvar, Mutex, MutexGuard},
};

#[derive(Default)]
pub(super) struct Flushes {
    state: Mutex<State>,
    /// Notified when a flush or the worker has ended.
    progress: Condvar,
}

#[derive(Default)]
struct State {
    requested: u64,
    ended: u64,
    is_stopped: bool,
    is_worker_gone: bool,
}

/// A request to the worker. One flush answers all requests up to its number.
#[derive(Clone, Copy)]
pub(super) struct Request {
    pub(super) number: u64,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Kind {
    Flush,
    /// The flush is the last one, and the worker ends after it.
    Stop,
}

/// A flush or stop in progress.
#[must_use]
pub(crate) struct Pending {
    flushes: Arc<Flushes>,
    number: u64,
}

/// Marks the worker as gone when it ends, also by a panic.
pub(super) struct WorkerGuard(pub(super) Arc<Flushes>);

// === impl Flushes ===

impl Flushes {
    /// Registers a request. Calls `wake` unless the worker is already awake for an earlier request: it looks for
    /// another one after each flush.
    pub(super) fn request(self: &Arc<Self>, kind: Kind, wake: impl FnOnce()) -> Pending {
        let mut state = self.lock();
        let is_awake = state.requested > state.ended;
        state.requested += 1;
        state.is_stopped |= kind == Kind::Stop;
        let number = state.requested;
        drop(state);
        if !is_awake {
            wake();
        }
        Pending { flushes: Arc::clone(self), number }
    }

    /// Returns the latest request that has not been answered.
    pub(super) fn next(&self) -> Option<Request> {
        let state = self.lock();
        let kind = if state.is_stopped { Kind::Stop } else { Kind::Flush };
        (state.requested > state.ended).then_some(Request { number: state.requested, kind })
    }

    /// Answers all requests up to `number`.
    pub(super) fn end(&self, number: u64) {
        self.lock().ended = number;
        self.progress.notify_all();
    }

    /// Returns the number of requests so far.
    pub(super) fn requested(&self) -> u64 {
        self.lock().requested
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Pending ===

impl Pending {
    /// Waits for the end of the flush. Returns `true` if it ended before `deadline`.
    pub(crate) fn wait(self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(clock::now());
        let is_open = |state: &mut State| state.ended < self.number && !state.is_worker_gone;
        let waited = self.flushes.progress.wait_timeout_while(self.flushes.lock(), left, is_open);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.ended >= self.number
    }
}

// === impl WorkerGuard ===

impl Drop for WorkerGuard {
    fn drop(&mut self) {
        self.0.lock().is_worker_gone = true;
        self.0.progress.notify_all();
    }
}
