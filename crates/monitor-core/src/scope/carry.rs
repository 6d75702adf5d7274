//! Carrying a scope: around a poll, into a task, into a thread.

use std::{
    mem::ManuallyDrop,
    panic::resume_unwind,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use super::{CURRENT, Scope, current};
use crate::panic::{self, Caught, Fate};

/// Holds a scope between the polls of whatever runs in it.
///
/// Entering moves the scope into place and back, so that a poll costs no reference counting.
#[derive(Debug, Default)]
pub struct ScopeSlot(Option<Scope>);

/// Puts back whatever was current before, also when unwinding.
struct Entered<'a>(&'a mut ScopeSlot);

pin_project! {
    /// A future that runs in a scope. Made by [`ScopeFutureExt::in_current_scope`].
    #[derive(Debug)]
    pub struct InScope<F> {
        slot: ScopeSlot,
        // `None` when it is dropped, which it is in the scope as well.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for InScope<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Err(caught) = this.slot.catch(|| this.future.set(None)) {
                caught.go_on();
            }
        }
    }
}

/// Carries the current scope into a spawned task.
pub trait ScopeFutureExt: Future + Sized {
    /// Runs this future in the scope that is current now, wherever it is polled.
    ///
    /// A panic in it is captured in that scope before it goes on to whoever polls.
    ///
    /// # Example
    ///
    /// ```
    /// # async fn send() {}
    /// use monitor_kit::scope::ScopeFutureExt;
    ///
    /// # fn spawn(_: impl Future) {}
    /// spawn(send().in_current_scope());
    /// ```
    fn in_current_scope(self) -> InScope<Self> {
        InScope { slot: ScopeSlot(current()), future: Some(self) }
    }

    /// Runs this future in a scope within the one that is current now, as [`nested`](super::nested) does.
    fn in_nested_scope(self) -> InScope<Self> {
        InScope { slot: ScopeSlot(current().map(|scope| scope.nested())), future: Some(self) }
    }
}

impl<F: Future> ScopeFutureExt for F {}

/// Returns a function that runs `f` in the scope that is current now, for instance on another thread.
///
/// # Example
///
/// ```
/// use monitor_kit::scope;
///
/// let handle = std::thread::spawn(scope::wrap(|| scope::add_breadcrumb("thread", "started")));
/// # handle.join().expect("the thread does not panic");
/// ```
pub fn wrap<R>(f: impl FnOnce() -> R) -> impl FnOnce() -> R {
    let mut slot = ScopeSlot(current());
    move || slot.catch(f).unwrap_or_else(|caught| resume_unwind(caught.into_payload()))
}

// === impl ScopeSlot ===

impl ScopeSlot {
    /// Creates a slot with `scope` in it.
    #[must_use]
    pub fn new(scope: Scope) -> Self {
        Self(Some(scope))
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
    pub fn run(&mut self, fate: Fate, f: &mut dyn FnMut()) -> Option<Caught> {
        let _entered = Entered::new(self);
        panic::run(fate, f)
    }

    /// Runs `f` inside the scope and returns a panic, which is captured in the scope.
    pub(crate) fn catch<R>(&mut self, f: impl FnOnce() -> R) -> Result<R, Caught> {
        if !self.scope().is_some_and(|scope| scope.monitor().is_enabled()) {
            return panic::returning(f, |f| self.run(Fate::Printed, f));
        }
        panic::returning(f, |f| self.run(Fate::Captured, f)).map_err(|mut caught| {
            if let Some(scope) = self.scope() {
                scope.capture_panic(&mut caught);
            }
            caught
        })
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

// === impl InScope ===

impl<F: Future> Future for InScope<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let polled = this.slot.catch(|| this.future.as_pin_mut().map_or(Poll::Pending, |future| future.poll(cx)));
        polled.unwrap_or_else(|caught| resume_unwind(caught.into_payload()))
    }
}
