//! The panic hook, which is the process's: a binary of its own, and one test in it.

use std::{
    panic::{catch_unwind, set_hook},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use monitor_core::MemoryReporter;
use monitor_kit::{Monitor, MonitorBuilder, Scope, panic};

#[test]
fn the_hook_before_ours_sees_what_is_not_monitored_and_the_rest_only_where_asked_for() {
    let called = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&called);
    set_hook(Box::new(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
    }));
    let calls = |f: &dyn Fn()| {
        let before = called.load(Ordering::Relaxed);
        f();
        called.load(Ordering::Relaxed) - before
    };

    // Without our hook a monitored panic is the other's, and its place is not known.
    let (off, memory) = watched(Monitor::builder("off").panic_hook(false));
    assert_eq!(calls(&|| panic_in(&off)), 1);
    assert_eq!(place(&off, &memory), None);

    let (instead, memory) = watched(Monitor::builder("instead"));
    assert_eq!(calls(&|| panic_in(&instead)), 0);
    assert!(place(&instead, &memory).is_some_and(|file| file.ends_with("panic_hook.rs")));

    let (chained, memory) = watched(Monitor::builder("chained").chain_monitored(true));
    assert_eq!(calls(&|| panic_in(&chained)), 1);
    assert!(place(&chained, &memory).is_some());

    let outside = || drop(catch_unwind(|| panic!("outside")));
    assert_eq!(calls(&outside), 1);

    // The hook is the process's: what somebody catches with our means is not printed any more.
    assert_eq!(calls(&|| panic_in(&off)), 0);
}

fn watched(builder: MonitorBuilder) -> (Monitor, MemoryReporter) {
    let memory = MemoryReporter::new();
    (builder.log(None).reporter(memory.clone()).build().expect("the settings are good"), memory)
}

fn panic_in(monitor: &Monitor) {
    let scope = Scope::new(monitor);
    let caught = scope.enter(|| panic::catch(|| panic!("inside")));
    scope.capture_panic(&mut caught.expect_err("it panics"));
}

/// Returns the file of the last panic captured.
fn place(monitor: &Monitor, memory: &MemoryReporter) -> Option<String> {
    assert!(monitor.flush(Duration::from_secs(60)));
    let events = memory.events();
    let event = events.last().expect("it is captured");
    event.location.as_ref().map(|location| location.file.clone())
}
