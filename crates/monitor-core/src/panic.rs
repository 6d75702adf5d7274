//! Panics: where one happened, and how it came there.
//!
//! The panic hook notes place, thread and, for the first ten of a source and minute, an unresolved backtrace. Whoever
//! catches the panic takes the note with [`CaughtPanic::new`]. Inside a monitored poll the hook that stood there before is
//! not called, for it prints the raw message and may take hundreds of microseconds to format a backtrace. It is called
//! where nobody is there to capture the panic.
//!
//! # With `panic = "abort"`
//!
//! Nothing can be caught and no response can be answered. The hook then captures the event itself, writes one redacted
//! line to stderr and flushes the reporters for at most 200 ms before the process aborts. The event has no backtrace: to
//! resolve one may take longer than that.

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
use crate::{model::code_location::CodeLocation, symbols::RawBacktrace};

/// A caught panic, with what the hook noted of it. In a box, so that the result of every poll stays small.
pub struct CaughtPanic(Box<Inner>);

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

impl Note {
    pub(crate) fn new(
        payload: &(dyn Any + Send),
        location: Option<CodeLocation>,
        backtrace: Option<RawBacktrace>,
    ) -> Self {
        let thread = thread::current().name().unwrap_or_default().to_owned();
        Self { kind: Kind::of(payload), location, backtrace, thread }
    }

    /// Leaves the note for the code that catches the panic, on this thread or on the one that resumes it.
    pub(crate) fn leave(self) {
        if is_watched() {
            leave(Last::Noted(Box::new(self)));
        } else {
            unclaimed::leave(self);
        }
    }
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

impl CaughtPanic {
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
        text_of(&**payload).unwrap_or(Cow::Borrowed(NO_TEXT))
    }

    /// Reads the payload.
    pub(crate) fn read<R>(&self, read: impl FnOnce(&(dyn Any + Send)) -> R) -> R {
        read(&**self.0.payload.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the payload, to resume the panic with. Whoever catches it next finds the hook's note again.
    #[must_use]
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        if let Some(note) = self.0.note {
            leave(Last::Noted(note));
        } else if !is_watched() {
            // Nobody of ours is left to catch it, and the next payload may lie at the same address.
            take_last();
        }
        self.0.payload.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a panic of a `Drop` go on, unless another is on its way: two at once would abort the process.
    pub fn resume(self) {
        if thread::panicking() {
            self.drop_payload();
        } else {
            resume_unwind(self.into_payload());
        }
    }

    /// Drops the payload. A panic in its `Drop` goes no further.
    pub fn drop_payload(self) {
        if self.0.captured_by.is_some() {
            // The next payload may lie at the same address.
            take_last();
        }
        drop_payload(self.0.payload.into_inner().unwrap_or_else(PoisonError::into_inner));
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

    /// Returns whether the monitor at this address captured it.
    pub(crate) fn is_captured_by(&self, monitor: usize) -> bool {
        self.0.captured_by == Some(monitor)
    }

    /// Notes that the monitor at this address captured it.
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

/// What becomes of a panic that is caught.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "whoever catches a panic either captures it or does not")]
pub enum PanicMode {
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
pub fn catch<R>(f: impl FnOnce() -> R) -> Result<R, CaughtPanic> {
    with_result(f, |f| run(PanicMode::Captured, f))
}

/// Runs `f` and returns its panic. It is for those who only look.
///
/// # Errors
///
/// When `f` panicked.
pub fn catch_printed<R>(f: impl FnOnce() -> R) -> Result<R, CaughtPanic> {
    with_result(f, |f| run(PanicMode::Printed, f))
}

/// Runs `f`, and returns its panic where it does.
///
/// What `f` finds out it writes to a place of the caller's. A closure that is handed on by value, and its result, are
/// copied at every step, which costs more than catching.
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

/// Hands `f` to somebody who runs functions that return nothing, and returns what it returns.
///
/// # Errors
///
/// When `f` panicked.
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

/// Returns whether a panic on this thread is caught by [`run`], which captures it. One that aborts the process never is.
pub(crate) fn is_watched() -> bool {
    !cfg!(panic = "abort") && WATCHED.try_with(Cell::get).unwrap_or_default()
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
