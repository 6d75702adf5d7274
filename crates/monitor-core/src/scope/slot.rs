//! Enters a scope around a poll and takes it out again.

use std::mem::ManuallyDrop;

use super::{CURRENT, Scope, current};
use crate::panic::{self, CaughtPanic, PanicMode};

/// Holds a scope between the polls of whatever runs in it.
///
/// Entering moves the scope into place and back, so that a poll costs no reference counting.
#[derive(Debug, Default)]
pub struct ScopeSlot(Option<Scope>);

/// Puts back whatever was current before, also when unwinding.
struct Entered<'a>(&'a mut ScopeSlot);

// === impl ScopeSlot ===

impl ScopeSlot {
    /// Creates a slot with `scope` in it.
    #[must_use]
    pub fn new(scope: Scope) -> Self {
        Self(Some(scope))
    }

    /// Creates a slot with the scope this code runs in, or an empty one.
    pub(super) fn of_current() -> Self {
        Self(current())
    }

    /// Creates a slot with a scope within the one this code runs in, or an empty one.
    pub(super) fn of_nested() -> Self {
        Self(current().map(|scope| scope.nested()))
    }

    /// Returns the scope. While it is entered, the slot is empty.
    #[must_use]
    pub fn scope(&self) -> Option<&Scope> {
        self.0.as_ref()
    }

    /// Runs `f` inside the scope, or outside any where the slot is empty.
    pub fn enter<R>(&mut self, f: impl FnOnce() -> R) -> R {
        let _entered = Entered::new(self);
        f()
    }

    /// Runs `f` inside the scope, or outside any where the slot is empty, and returns its panic where it does, as
    /// [`panic::run`] does.
    pub fn run(&mut self, fate: PanicMode, f: &mut dyn FnMut()) -> Option<CaughtPanic> {
        let _entered = Entered::new(self);
        panic::run(fate, f)
    }
}

impl<'a> Entered<'a> {
    fn new(slot: &'a mut ScopeSlot) -> Self {
        swap(slot);
        Self(slot)
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        swap(self.0);
    }
}

/// Shows `f` the current scope, which is taken out of its place meanwhile.
pub(super) fn look<R>(f: impl FnOnce(Option<&Scope>) -> R) -> R {
    let mut slot = ScopeSlot::default();
    let Entered(slot) = &Entered::new(&mut slot);
    f(slot.scope())
}

fn swap(slot: &mut ScopeSlot) {
    let entering = ManuallyDrop::new(slot.0.take());
    slot.0 = ManuallyDrop::into_inner(CURRENT.with(|cell| cell.replace(entering)));
}
