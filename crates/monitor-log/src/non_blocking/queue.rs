//! The lines on their way to the writer's thread.

use std::{
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    thread::{self, ThreadId},
    time::Duration,
};

use monitor_core::{DropCounter, DropReason};

use super::WhenFull;
use crate::rolling::lines;

/// What the handles, the guard and the thread share.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Wakes the thread.
    work: Condvar,
    /// Wakes those who wait for the thread.
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
    /// How many wait for the thread.
    waiting: usize,
    is_closed: bool,
    /// Nobody waits for the thread any more, and what it holds is counted as lost.
    is_abandoned: bool,
    has_ended: bool,
    pushed: u64,
    written: u64,
    /// What somebody waits for until it is written.
    asked: u64,
    /// The lines that the thread holds.
    in_work: u64,
}

/// What the thread does.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Rest {
    #[default]
    Works,
    /// It takes what has gathered in a moment by itself.
    Naps,
    /// It must be woken for the next line.
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
        let is_awaited = state.rest == Rest::Sleeps || self.is_half_full(&state);
        self.wake_if(is_awaited, state);
    }

    /// Waits until what was pushed so far is written, and returns whether it is.
    pub(super) fn flush(&self, timeout: Duration) -> bool {
        let mut state = self.lock();
        let target = state.pushed;
        state.asked = target;
        state = self.wait(state, timeout, |state| state.written < target && !state.is_abandoned);
        state.written >= target
    }

    /// Takes nothing more, and waits until the thread has ended. What it has not written by then is lost.
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

    fn has_room(&self, state: &State, lines: &[u8]) -> bool {
        state.bytes.is_empty() || state.bytes.len().saturating_add(lines.len()) <= self.capacity
    }

    fn wait_for_room<'a>(&'a self, state: MutexGuard<'a, State>, lines: &[u8]) -> MutexGuard<'a, State> {
        // A writer that logs would wait for itself.
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

    /// Wakes the thread, which costs a system call, only where it is needed and only once.
    fn wake_if(&self, is_awaited: bool, mut state: MutexGuard<'_, State>) {
        let wakes = is_awaited && mem::take(&mut state.rest) != Rest::Works;
        drop(state);
        if wakes {
            self.work.notify_one();
        }
    }
}

// === impl Queue: the thread's side ===

impl Queue {
    /// Says which thread this is.
    pub(super) fn begin(&self) {
        let _ = self.writer.set(thread::current().id());
    }

    /// Waits for lines, and swaps them for the empty `batch`. Returns false when there will be no more.
    pub(super) fn take(&self, batch: &mut Vec<u8>) -> bool {
        let mut state = self.lock();
        for quiet in 0_u32.. {
            state = self.pause(state, quiet);
            if !state.bytes.is_empty() || state.is_closed {
                break;
            }
        }
        mem::swap(&mut state.bytes, batch);
        self.tell(state);
        !batch.is_empty()
    }

    /// Notes how many lines are in work. Returns false when nobody waits for them any more.
    pub(super) fn hold(&self, lines: u64) -> bool {
        let mut state = self.lock();
        state.in_work = lines;
        if state.is_abandoned {
            self.lose(DropReason::Closed, mem::take(&mut state.in_work));
        }
        !state.is_abandoned
    }

    /// Notes that lines are done with, of which some may be lost. Returns false when nobody waits any more.
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

    /// Waits a moment for a writer that would block. Returns `false` when the guard has given up on the thread.
    pub(super) fn wait_for_writer(&self) -> bool {
        thread::sleep(PAUSE);
        !self.lock().is_abandoned
    }

    /// Notes that a batch is done with.
    pub(super) fn finish(&self, length: usize) {
        let mut state = self.lock();
        state.written += length as u64;
        self.tell(state);
    }

    /// Notes that the thread writes nothing more.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.has_ended = true;
        self.tell(state);
    }

    fn pause<'a>(&'a self, mut state: MutexGuard<'a, State>, quiet: u32) -> MutexGuard<'a, State> {
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

    fn tell(&self, state: MutexGuard<'_, State>) {
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

/// How long lines gather before they are written together.
const NAP: Duration = Duration::from_millis(5);

/// How long a writer that would block is left alone.
const PAUSE: Duration = Duration::from_millis(1);

/// After so many naps without a line the thread sleeps until it is woken.
const QUIET: u32 = 4;
