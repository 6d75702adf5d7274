//! Messages that the program captures.

use std::panic::Location;

use super::Capture;
use crate::{
    base::{bounded::bounded, mark::mark},
    event::{EventKind, Failure},
    model::level::Level,
    monitor::Monitor,
    scope::{self, Scope},
    symbols::Stack,
};

/// Captures a message in the current scope. Does nothing outside a scope; [`Monitor::capture_message`] needs none.
///
/// # Example
///
/// ```
/// use monitor_kit::{Level, capture_message};
///
/// capture_message("no subscribers left", Level::Warn);
/// ```
#[track_caller]
#[inline(always)]
pub fn capture_message(message: impl Into<String>, level: Level) {
    if let Some(scope) = scope::current() {
        capture(scope.monitor(), Some(&scope), level, message.into(), Location::caller());
    }
}

impl Monitor {
    /// Captures a message in the current scope or outside of any.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::{Level, Monitor};
    ///
    /// let monitor = Monitor::builder("mailer").build()?;
    /// monitor.capture_message("no subscribers left", Level::Warn);
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    #[track_caller]
    #[inline(always)]
    pub fn capture_message(&self, message: impl Into<String>, level: Level) {
        capture(self, scope::current().as_ref(), level, message.into(), Location::caller());
    }
}

fn capture(monitor: &Monitor, scope: Option<&Scope>, level: Level, message: String, at: &'static Location<'static>) {
    let Some(capture) = Capture::new(monitor, scope) else { return };
    // Only a message at level ERROR explains a failed response.
    if level == Level::Error {
        capture.mark(mark(&message));
    }
    let failure = Failure::of_text(EventKind::Message, "", bounded(message));
    capture.submit(Failure { handled: true, level, location: Some(at.into()), ..failure }, Stack::of_thread);
}
