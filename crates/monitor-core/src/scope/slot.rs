//! The current scope of a thread, and the slot that enters a scope for the time of a poll.
//!
//! Each poll would otherwise clone and drop a handle; a slot moves it instead.

use std::{cell::Cell, mem::ManuallyDrop};

use super::Scope;
use crate::panic::{self, CaughtPanic, PanicMode};

/// Holds a scope between the polls of the code that runs in it.
///
/// Entering moves the scope to the thread and back, so a poll does no reference counting.
#[derive(Debug, Default)]
pub struct ScopeSlot(Option<Scope>);

/// Restores the scope that was current before, also while unwinding.
struct Entered<'a>(&'a mut ScopeSlot);

thread_local! {
    /// The code that enters a scope takes it out again, so the cell is empty when its thread ends and needs no
    /// destructor. Without one, an access skips the check for whether the thread's storage still exists.
    static CURRENT: Cell<ManuallyDrop<Option<Scope>>> = const { Cell::new(ManuallyDrop::new(None)) };
}

/// Returns the current scope, the one this code runs in.
#[must_use]
pub fn current() -> Option<Scope> {
    CURRENT.with(|cell| {
        let scope = cell.replace(ManuallyDrop::new(None));
        let clone = Option::clone(&scope);
        cell.set(scope);
        clone
    })
}

// === impl ScopeSlot ===

impl ScopeSlot {
    /// Creates a slot with `scope` in it.
    #[must_use]
    pub fn new(scope: Scope) -> Self {
        Self(Some(scope))
    }

    /// Creates a slot with the current scope, or an empty one.
    pub(super) fn of_current() -> Self {
        Self(current())
    }

    /// Creates a slot with a scope nested in the current one, or an empty one.
    pub(super) fn of_nested() -> Self {
        Self(current().map(|scope| scope.nested()))
    }

    /// Returns the scope. While it is entered, the slot is empty.
    #[must_use]
    pub fn scope(&self) -> Option<&Scope> {
        self.0.as_ref()
    }

    /// Runs `f` inside the scope, or outside of any if the slot is empty.
    pub fn in_scope<R>(&mut self, f: impl FnOnce() -> R) -> R {
        let _entered = Entered::new(self);
        f()
    }

    /// Runs `f` inside the scope, or outside of any if the slot is empty. Returns the panic of `f`, if it panics, as
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

/// Passes the current scope to `f` by reference, which costs less than a clone of the handle.
///
/// Within `f` there is no current scope.
pub fn with_current<R>(f: impl FnOnce(Option<&Scope>) -> R) -> R {
    let mut slot = ScopeSlot::default();
    let Entered(slot) = &Entered::new(&mut slot);
    f(slot.scope())
}

fn swap(slot: &mut ScopeSlot) {
    let entering = ManuallyDrop::new(slot.0.take());
    slot.0 = ManuallyDrop::into_inner(CURRENT.with(|cell| cell.replace(entering)));
}
