//! Panics: location, backtrace and payload, from the panic hook to the code that catches the panic.
//!
//! The panic hook leaves a note with location and thread, and for the first ten panics of a site per minute also an
//! unresolved backtrace. The code that catches the panic takes the note with [`CaughtPanic::new`]. Inside a monitored
//! poll, the previous hook is not called: it prints the raw message, and may take hundreds of microseconds to format a
//! backtrace. It is called for panics that no monitored poll captures.
//!
//! # With `panic = "abort"`
//!
//! A panic cannot be caught, and no response can be sent. The hook itself captures the event, writes one redacted line
//! to stderr, and flushes the reporters for at most 200 ms before the process aborts. The event has no backtrace,
//! because resolving one may take longer than that.

mod kind;
mod unclaimed;

use std::{
    any::Any,
    borrow::Cow,
    cell::{Cell, RefCell},
    fmt,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Mutex, PoisonError},
    thread,
};

use self::kind::Kind;
pub(crate) use self::kind::{NO_TEXT, text_of};
pub use crate::base::unwind::{catch_and_drop, drop_payload, once};
use crate::{model::code_location::CodeLocation, symbols::Stack};

/// A caught panic, with the hook's note about it. Boxed, so that the result of every poll stays small.
pub struct CaughtPanic(Box<Inner>);

struct Inner {
    /// The mutex makes the type `Sync`, so that futures that hold it are `Sync` too. It is never contended.
    payload: Mutex<Box<dyn Any + Send>>,
    kind: Kind,
    note: Option<Box<Note>>,
    /// Address of the monitor that captured it.
    captured_by: Option<usize>,
}

/// The hook's note about a panic.
#[derive(Debug)]
pub(crate) struct Note {
    /// Distinguishes it from the note of another panic.
    kind: Kind,
    pub(crate) location: Option<CodeLocation>,
    pub(crate) stack: Stack,
}

impl Note {
    pub(crate) fn new(payload: &(dyn Any + Send), location: Option<CodeLocation>, stack: Stack) -> Self {
        Self { kind: Kind::of(payload), location, stack }
    }

    /// Leaves the note for the code that catches the panic, on this thread or on the thread that resumes it.
    pub(crate) fn leave(self) {
        if is_watched() {
            leave(Last::Noted(Box::new(self)));
        } else {
            unclaimed::leave(self);
        }
    }
}

enum Last {
    /// The hook ran, and the panic was not caught yet.
    Noted(Box<Note>),
    /// A panic of this kind, with its payload at this address, was captured and resumed.
    Captured { kind: Kind, payload: usize, by: usize },
}

thread_local! {
    static WATCHED: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
}

// === impl CaughtPanic ===

impl CaughtPanic {
    /// Wraps a payload returned by `catch_unwind`, and takes the hook's note: the note of this thread, else that of the
    /// thread whose panic was resumed here.
    #[must_use]
    #[cold]
    #[inline(never)]
    pub fn new(payload: Box<dyn Any + Send>) -> Self {
        let kind = Kind::of(&*payload);
        // The last record of this thread may belong to another panic, which foreign code caught.
        let (note, captured_by) = match take_last() {
            Some(Last::Noted(note)) if note.kind == kind => (Some(note), None),
            Some(Last::Captured { kind: other, payload: at, by }) if other == kind && at == address(&*payload) => {
                (None, Some(by))
            }
            _ => (unclaimed::claim(kind).map(Box::new), None),
        };
        Self(Box::new(Inner { payload: Mutex::new(payload), kind, note, captured_by }))
    }

    /// Returns the message of the panic, not redacted. If the payload is not a text, returns a general message.
    #[must_use]
    pub fn message(&self) -> Cow<'static, str> {
        let payload = self.0.payload.lock().unwrap_or_else(PoisonError::into_inner);
        text_of(&**payload).unwrap_or(Cow::Borrowed(NO_TEXT))
    }

    /// Calls `read` with the payload.
    pub(crate) fn read<R>(&self, read: impl FnOnce(&(dyn Any + Send)) -> R) -> R {
        read(&**self.0.payload.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the payload, to resume the panic. The code that catches it next finds the hook's note again.
    #[must_use]
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        if let Some(note) = self.0.note {
            leave(Last::Noted(note));
        } else if !is_watched() {
            // No watcher is left to catch it, and the next payload may have the same address.
            take_last();
        }
        self.0.payload.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resumes the panic. If the thread is already panicking, drops the panic instead: a second panic would abort the
    /// process.
    pub fn resume(self) {
        if thread::panicking() {
            self.drop_payload();
        } else {
            resume_unwind(self.into_payload());
        }
    }

    /// Drops the payload. A panic in its `Drop` is caught.
    pub fn drop_payload(self) {
        if self.0.captured_by.is_some() {
            // The next payload may have the same address.
            take_last();
        }
        drop_payload(self.0.payload.into_inner().unwrap_or_else(PoisonError::into_inner));
    }

    /// Returns the hash of the message.
    pub(crate) fn mark(&self) -> u64 {
        self.0.kind.mark
    }

    pub(crate) fn has_note(&self) -> bool {
        self.0.note.is_some()
    }

    pub(crate) fn take_note(&mut self) -> Option<Note> {
        self.0.note.take().map(|note| *note)
    }

    /// Returns `true` if the monitor at this address captured the panic.
    pub(crate) fn is_captured_by(&self, monitor: usize) -> bool {
        self.0.captured_by == Some(monitor)
    }

    /// Records that the monitor at this address captured the panic.
    pub(crate) fn mark_captured(&mut self, by: usize) {
        self.0.captured_by = Some(by);
        let payload = self.0.payload.get_mut().unwrap_or_else(PoisonError::into_inner);
        leave(Last::Captured { kind: self.0.kind, payload: address(&**payload), by });
    }
}

impl fmt::Debug for CaughtPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caught").field("note", &self.0.note).finish_non_exhaustive()
    }
}

/// The treatment of a caught panic.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a caught panic is captured or it is not")]
pub enum PanicMode {
    /// The panic is captured: the hook leaves a note even outside a scope, and the previous hook does not print it.
    Captured,
    /// The panic is not captured: the previous hook prints it, unless a caller further out captures it.
    Printed,
}

/// Runs `f` and returns its panic. The previous hook does not print it, so the caller is responsible for its report.
///
/// # Errors
///
/// Returns the panic if `f` panicked.
pub fn catch<R>(f: impl FnOnce() -> R) -> Result<R, CaughtPanic> {
    with_result(f, |f| run(PanicMode::Captured, f))
}

/// Runs `f` and returns its panic. The previous hook prints it, so the caller need not capture it.
///
/// # Errors
///
/// Returns the panic if `f` panicked.
pub fn catch_printed<R>(f: impl FnOnce() -> R) -> Result<R, CaughtPanic> {
    with_result(f, |f| run(PanicMode::Printed, f))
}

/// Runs `f`, and returns its panic if it panicked.
///
/// `f` must store its result in a variable of the caller. Passing closures and results by value copies them at every
/// step, which costs more than the catching itself.
pub fn run(fate: PanicMode, f: &mut dyn FnMut()) -> Option<CaughtPanic> {
    match fate {
        PanicMode::Printed => catch_unwind(AssertUnwindSafe(f)).err().map(CaughtPanic::new),
        PanicMode::Captured => {
            let before = WATCHED.replace(true);
            let caught = catch_unwind(AssertUnwindSafe(f)).err().map(CaughtPanic::new);
            WATCHED.set(before);
            caught
        }
    }
}

/// Runs `f` by means of `run`, which takes functions without a result, and returns the result of `f`.
///
/// # Errors
///
/// Returns the panic if `f` panicked, or if `run` did not call `f`.
pub fn with_result<R>(
    f: impl FnOnce() -> R,
    run: impl FnOnce(&mut dyn FnMut()) -> Option<CaughtPanic>,
) -> Result<R, CaughtPanic> {
    let (mut f, mut returned) = (Some(f), None);
    let caught = run(&mut || returned = f.take().map(|f| f()));
    match (returned, caught) {
        (Some(returned), None) => Ok(returned),
        (_, Some(caught)) => Err(caught),
        (None, None) => Err(CaughtPanic::new(Box::new("it was not run"))),
    }
}

/// Returns `true` if [`run`] captures a panic on this thread. With `panic = "abort"` it never does.
pub(crate) fn is_watched() -> bool {
    !cfg!(panic = "abort") && WATCHED.try_with(Cell::get).unwrap_or_default()
}

/// Leaves a record for the code that catches the panic.
fn leave(word: Last) {
    let _ = LAST.try_with(|last| last.try_borrow_mut().map(|mut last| *last = Some(word)));
}

fn take_last() -> Option<Last> {
    LAST.try_with(|last| last.try_borrow_mut().ok()?.take()).ok().flatten()
}

fn address(payload: &(dyn Any + Send)) -> usize {
    std::ptr::from_ref(payload).cast::<()>().addr()
}
