//! The stack of a failure: its thread, and its backtraces if they were taken.

use std::thread;

use super::{OwnBacktrace, RawBacktrace};

/// The stack of a failure. Taken only for a failure that is captured whole.
#[derive(Debug, Default)]
pub(crate) struct Stack {
    /// Name of the thread; empty if it has none.
    pub(crate) thread: String,
    /// The stack at the capture.
    pub(crate) here: Option<RawBacktrace>,
    /// The backtrace that the error itself contains.
    pub(crate) own: Option<OwnBacktrace>,
}

impl Stack {
    /// Returns the stack of this thread without a backtrace.
    pub(crate) fn of_thread() -> Self {
        Self { thread: thread::current().name().unwrap_or_default().to_owned(), here: None, own: None }
    }

    /// Returns the stack of this thread with its backtrace.
    pub(crate) fn capture() -> Self {
        Self { here: Some(RawBacktrace::capture()), ..Self::of_thread() }
    }
}
