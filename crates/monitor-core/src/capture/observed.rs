//! Failures that a layer or another library observed in a scope.

use super::Capture;
use crate::{
    base::{bounded::bounded, mark::mark},
    event::Failure,
    scope::Scope,
    symbols::Stack,
};

impl Scope {
    /// Captures a failure observed in this scope, unless the same error was captured in it before.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use monitor_kit::{EventKind, Failure, Monitor, Scope};
    ///
    /// let monitor = Monitor::builder("mailer").build()?;
    /// Scope::new(&monitor).capture_failure(Failure::of_text(EventKind::Error, "smtp", "mailbox full"));
    /// monitor.flush(Duration::from_secs(5));
    /// assert_eq!(monitor.issues()[0].message, "mailbox full");
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    pub fn capture_failure(&self, failure: Failure) {
        if let Some(capture) = Capture::within(self) {
            capture.observed(failure, self);
        }
    }
}

impl Capture<'_> {
    fn observed(self, failure: Failure, scope: &Scope) {
        if has_seen(scope, &failure) {
            return self.mark(mark(&failure.message));
        }
        let message = bounded(failure.message);
        self.error(Failure { message, ..failure }, Stack::of_thread);
    }
}

/// Returns whether the error was captured in `scope` before. It stays the same error when it is wrapped.
fn has_seen(scope: &Scope, failure: &Failure) -> bool {
    let mut messages = [&failure.message].into_iter().chain(failure.chain.iter().map(|cause| &cause.message));
    scope.has_captured() && messages.any(|message| scope.has_seen(mark(message)))
}
