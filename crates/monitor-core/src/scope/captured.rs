//! The errors captured in a scope, so that neither a layer further out nor a failed response captures them again.

use std::sync::atomic::Ordering;

use super::Scope;
use crate::monitor::Monitor;

impl Scope {
    /// Returns whether an error was captured in this scope or in one inside it.
    pub(crate) fn has_captured(&self) -> bool {
        self.0.captured.load(Ordering::Relaxed)
    }

    /// Marks this scope, and the scopes around it that report to the same monitor: the error with this mark is
    /// captured.
    pub(crate) fn mark_captured(&self, by: &Monitor, mark: u64) {
        for scope in self.and_around().filter(|scope| scope.monitor().is(by)) {
            scope.0.captured.store(true, Ordering::Relaxed);
            let seen = &mut scope.notes().seen;
            if !seen.contains(&mark) {
                if seen.len() == MAX_SEEN {
                    seen.pop_front();
                }
                seen.push_back(mark);
            }
        }
    }

    pub(crate) fn has_seen(&self, mark: u64) -> bool {
        self.has_captured() && self.noted().is_some_and(|notes| notes.seen.contains(&mark))
    }
}

/// Maximum number of errors that a scope recognises.
const MAX_SEEN: usize = 16;
