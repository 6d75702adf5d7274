//! The panic hook is global, so this is a binary of its own with a single test.

use std::{
    convert::Infallible,
    future::Ready,
    panic::{AssertUnwindSafe, catch_unwind, set_hook},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Waker},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use monitor_core::MemoryReporter;
use monitor_core::instrument::panic;
use monitor_kit::{
    CatchPanicLayer, Monitor, MonitorBuilder, MonitorService, PanicHook, RequestIdLayer, Scope, TimingLayer, scope,
};
use tower::{Layer, Service, service_fn, util::ServiceFn};

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

    // Without the monitor's hook, the previous hook runs for a monitored panic, and its location is unknown.
    let (off, memory) = watched(Monitor::builder("off").panic_hook(PanicHook::Off));
    assert_eq!(calls(&|| panic_in(&off)), 1);
    assert_eq!(place(&off, &memory), None);

    let (instead, memory) = watched(Monitor::builder("instead"));
    assert_eq!(calls(&|| panic_in(&instead)), 0);
    assert!(place(&instead, &memory).is_some_and(|file| file.ends_with("panic_hook.rs")));

    let (chained, memory) = watched(Monitor::builder("chained").panic_hook(PanicHook::CallPrevious));
    assert_eq!(calls(&|| panic_in(&chained)), 1);
    assert!(place(&chained, &memory).is_some());

    let outside = || quietly(|| panic!("outside"));
    assert_eq!(calls(&outside), 1);

    // Panics that are not captured are still printed, whichever layer they pass through.
    let uncaptured: [&dyn Fn(); 5] = [
        &|| through(RequestIdLayer::new()),
        &|| through(TimingLayer::new(&instead)),
        &|| through(CatchPanicLayer::new(&Monitor::disabled())),
        &|| quietly(|| scope::wrap(|| panic!("outside any scope"))()),
        &|| quietly(|| poll(Monitor::disabled().job("job", async { quiet_panic() }))),
    ];
    assert_eq!(uncaptured.map(calls), [1; 5]);
    assert_eq!(calls(&|| through(CatchPanicLayer::new(&instead))), 0);

    // The hook is global: it also silences the panics that other monitors catch.
    assert_eq!(calls(&|| panic_in(&off)), 0);
}

fn watched(builder: MonitorBuilder) -> (Monitor, MemoryReporter) {
    let memory = MemoryReporter::new();
    (builder.log(None).reporter(memory.clone()).build().expect("the settings are good"), memory)
}

type Answer = Ready<Result<Response<Full<Bytes>>, Infallible>>;
type Panicking = ServiceFn<fn(Request<()>) -> Answer>;

/// Sends a request through `layer` to a service that panics.
fn through(layer: impl Layer<Panicking, Service = MonitorService<Panicking>>) {
    let panicking: fn(_) -> Answer = |_| panic!("in a service");
    let mut watched = layer.layer(service_fn(panicking));
    quietly(|| poll(watched.call(Request::new(()))));
}

fn quietly(f: impl FnOnce()) {
    drop(catch_unwind(AssertUnwindSafe(f)));
}

fn poll(future: impl Future) {
    let _ = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
}

fn panic_in(monitor: &Monitor) {
    let scope = Scope::new(monitor);
    let caught = scope.in_scope(|| panic::catch(|| panic!("inside")));
    caught.expect_err("it panics").capture_in(&scope);
}

/// Returns the file of the last captured panic.
fn place(monitor: &Monitor, memory: &MemoryReporter) -> Option<String> {
    assert!(monitor.flush(Duration::from_secs(60)));
    let events = memory.events();
    let event = events.last().expect("it is captured");
    event.failure.location.as_ref().map(|location| location.file.clone())
}

fn quiet_panic() {
    panic!("in a job");
}
