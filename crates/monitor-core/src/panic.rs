//! Panics: where one happened, and how it came there.
//!
//! The panic hook notes place, thread and, for the first ten of a source and minute, an unresolved backtrace. Whoever
//! catches the panic takes the note with [`Caught::new`]. Inside a monitored poll the hook that stood there before is
//! not called, for it prints the raw message and may take hundreds of microseconds to format a backtrace. It is called
//! where nobody is there to capture the panic.
//!
//! # With `panic = "abort"`
//!
//! Nothing can be caught and no response can be answered. The hook then captures the event itself, writes one redacted
//! line to stderr and flushes the reporters for at most 200 ms before the process aborts. The event has no backtrace: to
//! resolve one may take longer than that.

mod hook;
mod payload;
mod unclaimed;

use std::{
    any::Any,
    borrow::Cow,
    cell::{Cell, RefCell},
    fmt,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use self::payload::{Kind, text_of};
pub(crate) use self::{hook::install_hook, payload::Payload};
use crate::{event::CodeLocation, monitor::Monitor, symbols::RawBacktrace};

/// A caught panic, with what the hook noted of it. In a box, so that the result of every poll stays small.
pub struct Caught(Box<Inner>);

struct Inner {
    /// A lock that nobody contends makes a future that holds it one to be shared.
    payload: Mutex<Box<dyn Any + Send>>,
    kind: Kind,
    note: Option<Box<Note>>,
    /// Which monitor captured it, by address.
    captured_by: Option<usize>,
}

/// What the hook saw.
#[derive(Debug)]
pub(crate) struct Note {
    /// Tells it from the note of another panic.
    kind: Kind,
    pub(crate) location: Option<CodeLocation>,
    pub(crate) backtrace: Option<RawBacktrace>,
    pub(crate) thread: String,
}

enum Last {
    /// The hook ran, and nobody has caught the panic yet.
    Noted(Box<Note>),
    /// A panic of this kind, whose payload is at this address, was captured and resumed.
    Captured { kind: Kind, payload: usize, by: usize },
}

thread_local! {
    static WATCHED: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
}

// === impl Caught ===

impl Caught {
    /// Takes what `catch_unwind` returned, and the hook's note of it: that of this thread, else that of the thread whose
    /// panic was resumed here.
    #[must_use]
    #[cold]
    #[inline(never)]
    pub fn new(payload: Box<dyn Any + Send>) -> Self {
        let kind = Kind::of(&*payload);
        let (note, captured_by) = match take_last() {
            Some(Last::Noted(note)) if note.kind == kind => (Some(note), None),
            Some(Last::Captured { kind: other, payload: at, by }) if other == kind && at == address(&*payload) => {
                (None, Some(by))
            }
            _ => (unclaimed::claim(kind).map(Box::new), None),
        };
        Self(Box::new(Inner { payload: Mutex::new(payload), kind, note, captured_by }))
    }

    /// Returns the panic's message, not redacted; a general one where the payload is no text.
    #[must_use]
    pub fn message(&self) -> Cow<'static, str> {
        let payload = self.0.payload.lock().unwrap_or_else(PoisonError::into_inner);
        text_of(&**payload).unwrap_or(Cow::Borrowed(payload::NO_TEXT))
    }

    /// Returns the type, message and causes in the payload.
    pub(crate) fn read(&self, read: impl FnOnce(&(dyn Any + Send)) -> Payload) -> Payload {
        read(&**self.0.payload.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the payload, to resume the panic with. Whoever catches it next finds the hook's note again.
    #[must_use]
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        if let Some(note) = self.0.note {
            leave(Last::Noted(note));
        } else if !WATCHED.try_with(Cell::get).unwrap_or_default() {
            // Nobody of ours is left to catch it, and the next payload may lie at the same address.
            take_last();
        }
        self.0.payload.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a panic of a `Drop` go on, unless another is on its way: two at once would abort the process.
    pub fn go_on(self) {
        if thread::panicking() {
            self.dispose();
        } else {
            resume_unwind(self.into_payload());
        }
    }

    /// Drops the payload. A panic in its `Drop` goes no further.
    pub fn dispose(self) {
        if self.0.captured_by.is_some() {
            // The next payload may lie at the same address.
            take_last();
        }
        dispose(self.0.payload.into_inner().unwrap_or_else(PoisonError::into_inner));
    }

    /// Returns the mark of its message.
    pub(crate) fn mark(&self) -> u64 {
        self.0.kind.mark
    }

    pub(crate) fn has_note(&self) -> bool {
        self.0.note.is_some()
    }

    pub(crate) fn take_note(&mut self) -> Option<Note> {
        self.0.note.take().map(|note| *note)
    }

    pub(crate) fn is_captured_by(&self, monitor: &Monitor) -> bool {
        self.0.captured_by == Some(monitor.address())
    }

    pub(crate) fn mark_captured(&mut self, by: &Monitor) {
        let by = by.address();
        self.0.captured_by = Some(by);
        let payload = self.0.payload.get_mut().unwrap_or_else(PoisonError::into_inner);
        leave(Last::Captured { kind: self.0.kind, payload: address(&**payload), by });
    }
}

impl fmt::Debug for Caught {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caught").field("note", &self.0.note).finish_non_exhaustive()
    }
}

/// What becomes of a panic that is caught.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "whoever catches a panic either captures it or does not")]
pub enum Fate {
    /// It is captured: the hook takes a note of it also outside a scope, and the hook that stood there before ours does
    /// not print it.
    Captured,
    /// It is only looked at: unless somebody further out captures it, the hook that stood there before ours prints it.
    Printed,
}

/// Runs `f` and returns its panic, which is captured by whoever catches it.
///
/// # Errors
///
/// When `f` panicked.
pub fn catch<R>(f: impl FnOnce() -> R) -> Result<R, Caught> {
    returning(f, |f| run(Fate::Captured, f))
}

/// Runs `f` and returns its panic. It is for those who only look.
///
/// # Errors
///
/// When `f` panicked.
pub fn catch_printed<R>(f: impl FnOnce() -> R) -> Result<R, Caught> {
    returning(f, |f| run(Fate::Printed, f))
}

/// Runs `f`, and returns its panic where it does.
///
/// What `f` finds out it writes to a place of the caller's. A closure that is handed on by value, and its result, are
/// copied at every step, which costs more than catching.
pub fn run(fate: Fate, f: &mut dyn FnMut()) -> Option<Caught> {
    match fate {
        Fate::Printed => catch_unwind(AssertUnwindSafe(f)).err().map(Caught::new),
        Fate::Captured => {
            let before = WATCHED.replace(true);
            let caught = catch_unwind(AssertUnwindSafe(f)).err().map(Caught::new);
            WATCHED.set(before);
            caught
        }
    }
}

/// Hands `f` to somebody who runs functions that return nothing, and returns what it returns.
///
/// # Errors
///
/// When `f` panicked.
pub fn returning<R>(f: impl FnOnce() -> R, run: impl FnOnce(&mut dyn FnMut()) -> Option<Caught>) -> Result<R, Caught> {
    let (mut f, mut returned) = (Some(f), None);
    let caught = run(&mut || returned = f.take().map(|f| f()));
    match (returned, caught) {
        (Some(returned), None) => Ok(returned),
        (_, Some(caught)) => Err(caught),
        (None, None) => Err(Caught::new(Box::new("it was not run"))),
    }
}

/// Runs `f` the first time it comes here. A panic in it, such as a log subscriber's, goes no further.
pub fn once(done: &AtomicBool, f: impl FnOnce()) {
    if !done.swap(true, Ordering::Relaxed) {
        quietly(f);
    }
}

/// Runs `f`. A panic in it goes no further.
pub fn quietly(f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        dispose(payload);
    }
}

/// Drops a panic's payload. A panic in its `Drop` goes no further.
pub fn dispose(payload: Box<dyn Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        #[expect(clippy::mem_forget, reason = "dropping it may panic again, and there is nobody left to catch it")]
        std::mem::forget(second);
    }
}

/// Leaves word for whoever catches the panic.
fn leave(word: Last) {
    let _ = LAST.try_with(|last| last.try_borrow_mut().map(|mut last| *last = Some(word)));
}

fn take_last() -> Option<Last> {
    LAST.try_with(|last| last.try_borrow_mut().ok()?.take()).ok().flatten()
}

fn address(payload: &(dyn Any + Send)) -> usize {
    std::ptr::from_ref(payload).cast::<()>().addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_once_is_said_once_also_when_saying_it_panics() {
        let (said, times) = (AtomicBool::new(false), Cell::new(0));
        for _ in 0..2 {
            once(&said, || {
                times.set(times.get() + 1);
                panic!("the log is full");
            });
        }
        assert_eq!(times.get(), 1);
    }
}
