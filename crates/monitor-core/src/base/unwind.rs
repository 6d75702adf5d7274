//! Panics of code that is not ours, such as a log subscriber's or a payload's `Drop`: they go no further.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicBool, Ordering},
};

/// Runs `f` the first time it comes here. A panic in it, such as a log subscriber's, goes no further.
pub fn once(done: &AtomicBool, f: impl FnOnce()) {
    if !done.swap(true, Ordering::Relaxed) {
        catch_and_drop(f);
    }
}

/// Runs `f`. A panic in it goes no further.
pub fn catch_and_drop(f: impl FnOnce()) {
    let _: Option<()> = catch(f);
}

/// Runs `f` and returns its result; `None` where it panicked.
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Option<R> {
    catch_unwind(AssertUnwindSafe(f)).map_err(drop_payload).ok()
}

/// Drops a panic's payload. A panic in its `Drop` goes no further.
pub fn drop_payload(payload: Box<dyn Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        #[expect(clippy::mem_forget, reason = "dropping it may panic again, and there is nobody left to catch it")]
        std::mem::forget(second);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn what_is_said_once_is_said_once_also_when_saying_it_panics() {
        let (said, times) = (AtomicBool::new(false), Cell::new(0));
        for _ in 0..2 {
            once(&said, || {
                times.set(times.get() + 1);
                panic!("the log is full");
            });
        }
        assert_eq!(times.get(), 1);
    }
}
