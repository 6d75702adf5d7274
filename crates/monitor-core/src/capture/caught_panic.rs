//! Caught panics, and the last panic of a process that aborts.

use super::{Capture, panic_payload, place};
use crate::{
    base::{clock, mark::mark},
    event::{EventKind, Failure},
    model::code_location::CodeLocation,
    monitor::Monitor,
    panic::{CaughtPanic, Note},
    scope::{self, Scope},
};

impl CaughtPanic {
    /// Captures the panic in `scope`, unless a scope further in already did.
    pub fn capture_in(&mut self, scope: &Scope) {
        if let Some(capture) = Capture::within(scope) {
            capture.panic(self);
        }
    }

    /// Captures the panic by `monitor`, in the current scope or outside of any, unless a scope further in already did.
    pub fn capture_by(&mut self, monitor: &Monitor) {
        if let Some(capture) = Capture::new(monitor, scope::current().as_ref()) {
            capture.panic(self);
        }
    }
}

impl Monitor {
    /// Captures a panic in the hook, because nothing will catch it.
    pub(super) fn capture_last_panic(&self, scope: &Scope, note: Note, message: String) {
        if let Some(capture) = Capture::new(self, Some(scope)) {
            capture.panic_of(mark(&message), Some(note), panic_payload::of_text(message));
        }
    }

    /// Returns whether a panic in `scope` would be captured whole. If not, the hook takes no backtrace.
    pub(super) fn wants_backtrace(&self, location: Option<&CodeLocation>, scope: &Scope, message: &str) -> bool {
        let Some(inner) = self.inner() else { return false };
        let place = place::hash_of_panic(location);
        scope.with_fingerprint(|given| {
            let place = (EventKind::Panic, place, given);
            inner.shared.sources.would_admit(place, scope.route(), message, clock::steady())
        })
    }
}

impl Capture<'_> {
    fn panic(self, caught: &mut CaughtPanic) {
        if self.has_captured(caught) {
            // The scope learns of it all the same, or its failed response would be one more event.
            return self.mark(caught.mark());
        }
        if !caught.has_note() {
            self.monitor.warn_of_missing_hook();
        }
        let failure = caught.read(|payload| panic_payload::read(payload, &self.inner.shared.error_types));
        self.panic_of(caught.mark(), caught.take_note(), failure);
        caught.mark_captured(self.monitor.address());
    }

    /// Returns whether this panic is captured already. One that was resumed from another thread comes without a note;
    /// its mark tells whether this scope captured it.
    fn has_captured(self, caught: &CaughtPanic) -> bool {
        let is_seen = || self.scope.is_some_and(|scope| scope.has_seen(caught.mark()));
        caught.is_captured_by(self.monitor.address()) || (!caught.has_note() && is_seen())
    }

    fn panic_of(self, mark: u64, note: Option<Note>, failure: Failure) {
        self.mark(mark);
        let (location, stack) = note.map(|note| (note.location, note.stack)).unwrap_or_default();
        self.submit(Failure { location, ..failure }, || stack);
    }
}
