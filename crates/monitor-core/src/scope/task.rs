//! Carries the current scope to a task or a thread, and captures panics there in the scope.

use std::{
    panic::resume_unwind,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use super::slot::ScopeSlot;
use crate::panic::{self, CaughtPanic, PanicMode};

pin_project! {
    /// A future that runs in a scope. Made by [`ScopeFutureExt::in_current_scope`].
    #[derive(Debug)]
    pub struct InScope<F> {
        slot: ScopeSlot,
        // `None` while it is being dropped, which happens inside the scope as well.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for InScope<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Err(caught) = this.slot.catch(|| this.future.set(None)) {
                caught.resume();
            }
        }
    }
}

/// Carries the current scope into a spawned task.
pub trait ScopeFutureExt: Future + Sized {
    /// Runs this future in the scope that is current now, on whichever thread it is polled.
    ///
    /// A panic of the future is captured in that scope, then resumed.
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
        InScope { slot: ScopeSlot::of_current(), future: Some(self) }
    }

    /// Runs this future in a scope nested in the one that is current now, as [`with_scope`](super::with_scope) does.
    fn in_nested_scope(self) -> InScope<Self> {
        InScope { slot: ScopeSlot::of_nested(), future: Some(self) }
    }
}

impl<F: Future> ScopeFutureExt for F {}

/// Returns a function that runs `f` in the scope that is current now, for example on another thread.
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
    let mut slot = ScopeSlot::of_current();
    move || slot.catch(f).unwrap_or_else(|caught| resume_unwind(caught.into_payload()))
}

impl ScopeSlot {
    /// Runs `f` inside the scope. Captures its panic in the scope, and returns it.
    pub(crate) fn catch<R>(&mut self, f: impl FnOnce() -> R) -> Result<R, CaughtPanic> {
        // Nothing captures the panic, so the previous hook must print it.
        if !self.scope().is_some_and(|scope| scope.monitor().is_enabled()) {
            return panic::with_result(f, |f| self.run(PanicMode::Printed, f));
        }
        panic::with_result(f, |f| self.run(PanicMode::Captured, f)).map_err(|mut caught| {
            if let Some(scope) = self.scope() {
                caught.capture_in(scope);
            }
            caught
        })
    }
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
