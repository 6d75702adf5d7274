//! Catching panics of foreign code, such as a log subscriber or the `Drop` of a payload.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicBool, Ordering},
};

/// Runs `f` on the first call with this flag only. A panic in `f`, such as a log subscriber's, is caught and dropped.
pub fn once(done: &AtomicBool, f: impl FnOnce()) {
    if !done.swap(true, Ordering::Relaxed) {
        catch_and_drop(f);
    }
}

/// Runs `f`. A panic in it is caught and dropped.
pub fn catch_and_drop(f: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(f)).map_err(drop_payload);
}

/// Drops the payload of a panic. A panic in its `Drop` is caught; the second payload is leaked.
pub fn drop_payload(payload: Box<dyn Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        #[expect(clippy::mem_forget, reason = "its drop may panic again, and nothing would catch that")]
        std::mem::forget(second);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_call_that_panics_is_not_repeated() {
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
