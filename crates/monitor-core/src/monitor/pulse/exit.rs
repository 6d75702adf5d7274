//! The last heartbeat of a program that returns from `main`, or calls `std::process::exit` on its main thread, while
//! the monitor runs.
//!
//! Such a process drops no handle that a task or a static holds, and waits for no thread of the monitor. Only the
//! thread-locals of its main thread are dropped. With musl not even these are, nor after an exit on another thread; the
//! end then cannot be told from a kill.

use std::{
    cell::RefCell,
    fs,
    sync::{Arc, Weak},
};

use super::Pulse;
use crate::base::unwind;

thread_local! {
    static PULSES: Pulses = const { Pulses(RefCell::new(Vec::new())) };
}

/// The pulses of the monitors built on this thread, ended when they are dropped.
struct Pulses(RefCell<Vec<Weak<Pulse>>>);

impl Drop for Pulses {
    fn drop(&mut self) {
        let running = self.0.get_mut().iter().filter_map(Weak::upgrade);
        running.for_each(|pulse| unwind::catch_and_drop(|| pulse.end()));
    }
}

/// Ends `pulse` when this thread ends, if it is the main thread. On any other it does nothing: the process may go on.
pub(super) fn end_with_main_thread(pulse: &Arc<Pulse>) {
    if !is_main_thread() {
        return;
    }
    PULSES.with(|Pulses(pulses)| {
        let mut pulses = pulses.borrow_mut();
        pulses.retain(|other| other.strong_count() > 0);
        pulses.push(Arc::downgrade(pulse));
    });
}

/// Returns whether this is the main thread, whose ID on Linux is that of the process: the link is `ID/task/ID`.
fn is_main_thread() -> bool {
    let Ok(thread) = fs::read_link("/proc/thread-self") else { return false };
    thread.iter().next() == thread.iter().next_back()
}
