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

use std::{
    any::Any,
    borrow::Cow,
    cell::{Cell, RefCell},
    fmt,
    io::{self, Write},
    panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook},
    sync::{Mutex, Once, PoisonError},
    thread,
    time::Duration,
};

use backtrace::Backtrace;

use crate::{
    CodeLocation, Scope,
    scope::{self, bounded},
};

/// A caught panic, with what the hook noted of it.
pub struct Caught {
    /// A lock that nobody contends makes a future that holds it one to be shared.
    payload: Mutex<Box<dyn Any + Send>>,
    pub(crate) note: Option<Note>,
    pub(crate) is_captured: bool,
}

/// What the hook saw.
#[derive(Debug)]
pub(crate) struct Note {
    pub(crate) location: Option<CodeLocation>,
    pub(crate) backtrace: Option<Backtrace>,
    pub(crate) thread: String,
}

enum Last {
    /// The hook ran, and nobody has caught the panic yet.
    Noted(Note),
    /// The panic with the payload at this address was captured, and goes on to whoever catches it next.
    Captured(usize),
}

thread_local! {
    static WATCHED: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
}

// === impl Caught ===

impl Caught {
    /// Takes what `catch_unwind` returned, and the hook's note of it.
    #[must_use]
    pub fn new(payload: Box<dyn Any + Send>) -> Self {
        let last = LAST.try_with(|last| last.borrow_mut().take()).ok().flatten();
        let (note, is_captured) = match last {
            Some(Last::Noted(note)) => (Some(note), false),
            Some(Last::Captured(address)) => (None, address == self::address(&*payload)),
            None => (None, false),
        };
        Self { payload: Mutex::new(payload), note, is_captured }
    }

    /// Returns the panic's message, not redacted.
    #[must_use]
    pub fn message(&self) -> Cow<'static, str> {
        message(&**self.payload.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the payload, to resume the panic with. Whoever catches it next finds the hook's note again.
    #[must_use]
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        if let Some(note) = self.note {
            leave(note);
        }
        self.payload.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops the payload. A panic in its `Drop` goes no further.
    pub fn dispose(self) {
        if self.is_captured {
            // The next payload may lie at the same address.
            let _ = LAST.try_with(|last| last.try_borrow_mut().map(|mut last| last.take()));
        }
        dispose(self.payload.into_inner().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn mark_captured(&mut self) {
        self.is_captured = true;
        let payload = self.payload.get_mut().unwrap_or_else(PoisonError::into_inner);
        let captured = Last::Captured(address(&**payload));
        let _ = LAST.try_with(|last| last.replace(Some(captured)));
    }
}

impl fmt::Debug for Caught {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caught").field("note", &self.note).finish_non_exhaustive()
    }
}

/// Runs `f` and returns its panic, of which the hook takes a note also outside a scope. It is for those who capture the
/// panic: the hook that stood there before ours does not print it.
///
/// # Errors
///
/// When `f` panicked.
pub fn catch<R>(f: impl FnOnce() -> R) -> Result<R, Caught> {
    let before = WATCHED.replace(true);
    let result = catch_printed(f);
    WATCHED.set(before);
    result
}

/// Runs `f` and returns its panic. It is for those who only look: unless somebody further out captures the panic, the
/// hook that stood there before ours prints it.
///
/// # Errors
///
/// When `f` panicked.
pub fn catch_printed<R>(f: impl FnOnce() -> R) -> Result<R, Caught> {
    catch_unwind(AssertUnwindSafe(f)).map_err(Caught::new)
}

/// Drops a panic's payload. A panic in its `Drop` goes no further.
pub fn dispose(payload: Box<dyn Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        #[expect(clippy::mem_forget, reason = "dropping it may panic again, and there is nobody left to catch it")]
        std::mem::forget(second);
    }
}

/// Installs the hook, once in a process, in front of the one that is there.
pub(crate) fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = take_hook();
        set_hook(Box::new(move |info| {
            let scope = scope::current().filter(|scope| scope.monitor().hooks_panics());
            // Where the process aborts, nobody catches what is watched.
            let is_watched = !cfg!(panic = "abort") && WATCHED.try_with(Cell::get).unwrap_or_default();
            if scope.is_none() && !is_watched {
                return previous(info);
            }
            let note = note(info, scope.as_ref());
            // In a scope that nobody watches, this may be all that is ever said of the panic.
            let is_told = is_watched || cfg!(panic = "abort");
            if !is_told || scope.as_ref().is_some_and(|scope| scope.monitor().chains_panics()) {
                previous(info);
            }
            match scope {
                Some(scope) if cfg!(panic = "abort") => last_words(&scope, note, &message(info.payload())),
                _ => leave(note),
            }
        }));
    });
}

fn note(info: &PanicHookInfo<'_>, scope: Option<&Scope>) -> Note {
    let location = info.location().map(CodeLocation::from);
    let wanted = !cfg!(panic = "abort")
        && scope.is_none_or(|scope| {
            scope.monitor().wants_backtrace(location.as_ref(), scope.route(), &message(info.payload()))
        });
    let thread = thread::current().name().unwrap_or_default().to_owned();
    Note { location, backtrace: wanted.then(Backtrace::new_unresolved), thread }
}

/// Leaves the note for whoever catches the panic.
fn leave(note: Note) {
    let _ = LAST.try_with(|last| last.try_borrow_mut().map(|mut last| *last = Some(Last::Noted(note))));
}

fn last_words(scope: &Scope, note: Note, message: &str) {
    let monitor = scope.monitor();
    let place = note.location.as_ref().map_or_else(|| String::from("unknown place"), ToString::to_string);
    let masked = monitor.redaction().text(message).replace(char::is_control, " ");
    let (method, route, id) = (scope.method().as_str(), scope.route(), scope.id());
    let _ = writeln!(io::stderr(), "panic in {method} {route} at {place}: {masked} (request_id {id}), aborting");
    monitor.capture_note(Some(scope), Some(note), message.to_owned());
    monitor.flush(LAST_FLUSH);
}

fn message(payload: &(dyn Any + Send)) -> Cow<'static, str> {
    if let Some(message) = payload.downcast_ref::<&'static str>() {
        Cow::Borrowed(message)
    } else if let Some(message) = payload.downcast_ref::<String>() {
        Cow::Owned(bounded(message.clone()))
    } else {
        Cow::Borrowed("a panic whose payload is no text")
    }
}

fn address(payload: &(dyn Any + Send)) -> usize {
    std::ptr::from_ref(payload).cast::<()>().addr()
}

const LAST_FLUSH: Duration = Duration::from_millis(200);
