//! Errors that the program itself captures.

use std::panic::Location;

use super::Capture;
use crate::{
    base::{drops::DropReason, mark::mark},
    event::{EventKind, Failure, any_error::AnyError},
    monitor::Monitor,
    scope::{self, Scope},
    symbols::Stack,
};
#[cfg(feature = "anyhow")]
use crate::{symbols::OwnBacktrace, text};

/// Captures `error`, with its chain of causes, in the current scope. Does nothing outside a scope;
/// [`Monitor::capture_error`] needs none.
///
/// The event is marked as handled, because the code that captures an error deals with it.
///
/// # Example
///
/// ```
/// # fn charge() -> Result<(), std::io::Error> { Ok(()) }
/// use monitor_kit::capture_error;
///
/// if let Err(error) = charge() {
///     capture_error(&error);
/// }
/// ```
///
/// The event's place is the caller's, and its function comes from the backtrace. This function is always inlined: a
/// call at the end of a function could otherwise replace that function on the stack.
///
/// # Example: an error in a box
///
/// ```
/// # fn charge() -> Result<(), Box<dyn std::error::Error + Send + Sync>> { Ok(()) }
/// use monitor_kit::CaptureExt;
///
/// let charged = charge().capture();
/// ```
#[track_caller]
#[inline(always)]
pub fn capture_error<E: AnyError<M> + ?Sized, M>(error: &E) {
    if let Some(scope) = scope::current() {
        capture(scope.monitor(), Some(&scope), error, Location::caller());
    }
}

/// Captures an error of anyhow with its own backtrace in the current scope, as [`Monitor::capture_anyhow`] does. Does
/// nothing outside a scope.
///
/// # Example
///
/// ```
/// # fn charge() -> Result<(), anyhow::Error> { Ok(()) }
/// use monitor_kit::capture_anyhow;
///
/// if let Err(error) = charge() {
///     capture_anyhow(error);
/// }
/// ```
#[cfg(feature = "anyhow")]
#[track_caller]
#[inline(always)]
pub fn capture_anyhow(error: anyhow::Error) {
    if let Some(scope) = scope::current() {
        capture_owned(scope.monitor(), Some(&scope), error, Location::caller());
    }
}

/// Captures the error of a result in passing. The trait is sealed.
pub trait CaptureExt<M = ()>: sealed::Sealed {
    /// Captures the error, if there is one, as [`capture_error`] does, and returns the result unchanged.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::CaptureExt;
    ///
    /// fn age(text: &str) -> Result<u8, std::num::ParseIntError> {
    ///     text.parse().capture()
    /// }
    /// # assert!(age("x").is_err());
    /// ```
    #[must_use]
    #[track_caller]
    fn capture(self) -> Self;
}

mod sealed {
    #[expect(unnameable_types, reason = "seals `CaptureExt`")]
    pub trait Sealed {}

    impl<T, E> Sealed for Result<T, E> {}
}

impl<T, E: AnyError<M>, M> CaptureExt<M> for Result<T, E> {
    // No closure here: `#[track_caller]` does not reach into one, and the caller's place would be lost.
    #[track_caller]
    #[inline(always)]
    fn capture(self) -> Self {
        if let Err(error) = &self {
            capture_error(error);
        }
        self
    }
}

impl Monitor {
    /// Captures `error`, with its chain of causes, in the current scope or outside of any.
    ///
    /// # Example
    ///
    /// ```
    /// # fn load() -> Result<(), std::io::Error> { Ok(()) }
    /// use monitor_kit::Monitor;
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// if let Err(error) = load() {
    ///     monitor.capture_error(&error);
    /// }
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    #[track_caller]
    #[inline(always)]
    pub fn capture_error<E: AnyError<M> + ?Sized, M>(&self, error: &E) {
        capture(self, scope::current().as_ref(), error, Location::caller());
    }

    /// Captures an error of anyhow with its own backtrace, which shows where the error arose, in the current scope or
    /// outside of any.
    ///
    /// An error has a backtrace if `RUST_BACKTRACE` or `RUST_LIB_BACKTRACE` is set; without one it is captured as by
    /// [`capture_error`](Self::capture_error). The error is taken by value because its backtrace can only be formatted
    /// as text, which a thread of the monitor does.
    ///
    /// Formatting holds a lock of the standard library, the first time for a tenth of a second. Other threads that
    /// create an `anyhow::Error` or print a panic's backtrace wait for that lock.
    /// [`capture_error`](Self::capture_error) never makes them wait.
    #[cfg(feature = "anyhow")]
    #[track_caller]
    #[inline(always)]
    pub fn capture_anyhow(&self, error: anyhow::Error) {
        capture_owned(self, scope::current().as_ref(), error, Location::caller());
    }
}

fn capture<E: AnyError<M> + ?Sized, M>(
    monitor: &Monitor,
    scope: Option<&Scope>,
    error: &E,
    at: &'static Location<'static>,
) {
    if let Some(capture) = Capture::new(monitor, scope) {
        capture.error(capture.read(error, at), Stack::capture);
    }
}

#[cfg(feature = "anyhow")]
fn capture_owned(monitor: &Monitor, scope: Option<&Scope>, error: anyhow::Error, at: &'static Location<'static>) {
    let Some(capture) = Capture::new(monitor, scope) else { return };
    let failure = capture.read(&error, at);
    capture.error(failure, || Stack { own: own_backtrace(error), ..Stack::capture() });
}

/// Returns the error's own backtrace, if it has one.
#[cfg(feature = "anyhow")]
fn own_backtrace(error: anyhow::Error) -> Option<OwnBacktrace> {
    let has_one = error.backtrace().status() == std::backtrace::BacktraceStatus::Captured;
    has_one.then(|| OwnBacktrace::new(move || text::format(format_args!("{}", error.backtrace()))))
}

impl Capture<'_> {
    fn read<E: AnyError<M> + ?Sized, M>(self, error: &E, at: &'static Location<'static>) -> Failure {
        let failure = Failure::read(&self.inner.shared.error_types, EventKind::Error, error);
        Failure { handled: true, location: Some(at.into()), ..failure }
    }

    /// Submits an error, unless its type is ignored.
    pub(super) fn error(self, failure: Failure, stack: impl FnOnce() -> Stack) {
        self.mark(mark(&failure.message));
        if self.inner.shared.ignore.has_type(failure.types()) {
            return self.count_drop(DropReason::Ignored);
        }
        self.submit(failure, stack);
    }
}
