//! The queue between the threads that log and the writer thread.
//!
//! A wake-up is a system call, too expensive for every line. The thread therefore polls every few milliseconds while
//! lines arrive, and callers wake it only when it sleeps, when the queue is half full, or when they wait for it.

use std::{
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    thread::{self, ThreadId},
    time::Duration,
};

use monitor_core::{DropCounter, DropReason};

use super::WhenFull;
use crate::rolling::lines;

/// The state shared by the handles, the guard and the writer thread.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Wakes the writer thread.
    work: Condvar,
    /// Wakes callers that wait for the writer thread.
    progress: Condvar,
    pub(super) capacity: usize,
    when_full: WhenFull,
    drops: Arc<DropCounter>,
    writer: OnceLock<ThreadId>,
}

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    rest: Rest,
    /// Number of callers that wait for the thread.
    waiting: usize,
    is_closed: bool,
    /// The guard has given up: the lines that the thread holds are already counted as lost.
    is_abandoned: bool,
    has_ended: bool,
    pushed: u64,
    written: u64,
    /// The highest value of `pushed` that a flush waits for.
    asked: u64,
    /// Number of lines in the thread's batch that are not settled yet.
    in_work: u64,
}

/// The state of the writer thread.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Rest {
    #[default]
    Works,
    /// Wakes up by itself after [`NAP`].
    Naps,
    /// Sleeps until it is woken for the next line.
    Sleeps,
}

// === impl Queue: the callers' side ===

impl Queue {
    pub(super) fn new(capacity: usize, when_full: WhenFull, drops: Arc<DropCounter>) -> Self {
        let (work, progress) = (Condvar::new(), Condvar::new());
        Self { state: Mutex::default(), work, progress, capacity, when_full, drops, writer: OnceLock::new() }
    }

    pub(super) fn push(&self, lines: &[u8]) {
        let mut state = self.lock();
        if self.when_full == WhenFull::Block && !self.has_room(&state, lines) {
            state = self.wait_for_room(state, lines);
        }
        if state.is_closed {
            return self.lose(DropReason::Closed, lines::count(lines));
        }
        if !self.has_room(&state, lines) {
            return self.lose(DropReason::QueueFull, lines::count(lines));
        }
        state.bytes.extend_from_slice(lines);
        state.pushed += lines.len() as u64;
        if state.rest == Rest::Sleeps || self.is_half_full(&state) {
            self.wake(state);
        }
    }

    /// Waits until all lines pushed so far are written. Returns whether they are.
    pub(super) fn flush(&self, timeout: Duration) -> bool {
        let mut state = self.lock();
        let target = state.pushed;
        state.asked = target;
        state = self.wait(state, timeout, |state| state.written < target && !state.is_abandoned);
        state.written >= target
    }

    /// Rejects further lines and waits until the thread has ended. Lines not written by then are counted as lost.
    pub(super) fn close(&self, timeout: Duration) {
        let mut state = self.lock();
        state.is_closed = true;
        state = self.wait(state, timeout, |state| !state.has_ended);
        if state.has_ended {
            return;
        }
        state.is_abandoned = true;
        let left = mem::take(&mut state.bytes);
        let lost = lines::count(&left) + mem::take(&mut state.in_work);
        drop(state);
        self.lose(DropReason::Closed, lost);
    }

    /// Returns whether the lines fit. An empty queue accepts any length, or a line longer than the capacity could never
    /// be written.
    fn has_room(&self, state: &State, lines: &[u8]) -> bool {
        state.bytes.is_empty() || state.bytes.len().saturating_add(lines.len()) <= self.capacity
    }

    fn wait_for_room<'a>(&'a self, state: MutexGuard<'a, State>, lines: &[u8]) -> MutexGuard<'a, State> {
        // A writer that logs on its own thread would wait for itself.
        if self.writer.get() == Some(&thread::current().id()) {
            return state;
        }
        self.wait(state, Duration::MAX, |state| !state.is_closed && !self.has_room(state, lines))
    }

    fn wait<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        timeout: Duration,
        mut is_open: impl FnMut(&State) -> bool,
    ) -> MutexGuard<'a, State> {
        if mem::take(&mut state.rest) != Rest::Works {
            self.work.notify_one();
        }
        state.waiting += 1;
        let waited = self.progress.wait_timeout_while(state, timeout, |state| is_open(state));
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        state
    }

    /// Wakes the thread unless it works. That is a system call, so it is done at most once per nap or sleep, and after
    /// unlocking.
    fn wake(&self, mut state: MutexGuard<'_, State>) {
        let rest = mem::take(&mut state.rest);
        drop(state);
        if rest != Rest::Works {
            self.work.notify_one();
        }
    }
}

// === impl Queue: the thread's side ===

impl Queue {
    /// Registers the current thread as the writer thread.
    pub(super) fn begin(&self) {
        let _ = self.writer.set(thread::current().id());
    }

    /// Waits for lines and swaps them for the empty `batch`. Returns `false` once the queue is closed and empty.
    pub(super) fn take(&self, batch: &mut Vec<u8>) -> bool {
        let mut state = self.lock();
        for quiet in 0_u32.. {
            state = self.pause(state, quiet);
            if !state.bytes.is_empty() || state.is_closed {
                break;
            }
        }
        mem::swap(&mut state.bytes, batch);
        self.notify_waiting(state);
        !batch.is_empty()
    }

    /// Sets the number of lines in work. Returns `false` if the guard has given up.
    pub(super) fn hold(&self, lines: u64) -> bool {
        let mut state = self.lock();
        state.in_work = lines;
        if state.is_abandoned {
            // The thread took this batch before the guard gave up, and `close` has not seen it.
            self.lose(DropReason::Closed, mem::take(&mut state.in_work));
        }
        !state.is_abandoned
    }

    /// Removes lines from those in work and counts the lost ones. Returns `false` if the guard has given up, and has
    /// therefore counted them already.
    pub(super) fn settle(&self, lines: u64, lost: Option<(DropReason, u64)>) -> bool {
        let mut state = self.lock();
        if state.is_abandoned {
            return false;
        }
        state.in_work = state.in_work.saturating_sub(lines);
        if let Some((reason, many)) = lost {
            self.lose(reason, many);
        }
        true
    }

    /// Sleeps before the next attempt at a writer that would block. Returns `false` if the guard has given up.
    pub(super) fn wait_for_writer(&self) -> bool {
        thread::sleep(PAUSE);
        !self.lock().is_abandoned
    }

    /// Marks a batch of `length` bytes as written.
    pub(super) fn finish(&self, length: usize) {
        let mut state = self.lock();
        state.written += length as u64;
        self.notify_waiting(state);
    }

    /// Marks the thread as ended.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.has_ended = true;
        self.notify_waiting(state);
    }

    fn pause<'a>(&'a self, mut state: MutexGuard<'a, State>, quiet: u32) -> MutexGuard<'a, State> {
        // No batching: the queue is closed, a flush is waiting, or the queue is half full.
        if state.is_closed || state.asked > state.written || self.is_half_full(&state) {
            return state;
        }
        let sleeps = quiet >= QUIET && state.bytes.is_empty();
        state.rest = if sleeps { Rest::Sleeps } else { Rest::Naps };
        let mut state = if sleeps {
            self.work.wait(state).unwrap_or_else(PoisonError::into_inner)
        } else {
            self.work.wait_timeout(state, NAP).unwrap_or_else(PoisonError::into_inner).0
        };
        state.rest = Rest::Works;
        state
    }

    fn is_half_full(&self, state: &State) -> bool {
        state.bytes.len() > self.capacity / 2
    }

    fn notify_waiting(&self, state: MutexGuard<'_, State>) {
        let is_awaited = state.waiting > 0;
        drop(state);
        if is_awaited {
            self.progress.notify_all();
        }
    }

    pub(super) fn lose(&self, reason: DropReason, lines: u64) {
        self.drops.count_many(reason, lines);
    }

    #[cfg(test)]
    pub(super) fn sleeps(&self) -> bool {
        self.lock().rest == Rest::Sleeps
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Time for which lines are batched.
const NAP: Duration = Duration::from_millis(5);

/// Time between two attempts at a writer that would block.
const PAUSE: Duration = Duration::from_millis(1);

/// Number of naps without a line before the thread sleeps.
const QUIET: u32 = 4;
