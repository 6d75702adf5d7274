//! Captures beside an error whose own backtrace is being formatted.

use std::{
    fmt,
    sync::{Mutex, mpsc},
    thread,
    time::Duration,
};

use super::Capture;
use crate::{
    event::{EventKind, Failure},
    monitor::Monitor,
    symbols::{OwnBacktrace, Stack},
};

#[test]
fn a_capture_goes_on_while_the_own_backtrace_of_another_error_is_formatted() {
    let monitor = Monitor::builder("shop").log(None).build().unwrap();
    let (begin, begun) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let own_backtrace = move || {
        begin.send(()).unwrap();
        let _ = released.lock().unwrap().recv();
        "   0: shop::price\n             at /shop/src/price.rs:7:9\n".to_owned()
    };
    let (end, ended) = mpsc::channel();
    let (first, ended_first) = (monitor.clone(), end.clone());
    thread::spawn(move || {
        let own = Some(OwnBacktrace::new(own_backtrace));
        let failure = Failure::new(EventKind::Error, &fmt::Error);
        Capture::new(&first, None).unwrap().error(failure, || Stack { own, ..Stack::capture() });
        ended_first.send(()).unwrap();
    });
    begun.recv_timeout(PATIENCE).expect("the backtrace is formatted");
    let second = monitor.clone();
    thread::spawn(move || {
        second.capture_error(&"x".parse::<u8>().unwrap_err());
        end.send(()).unwrap();
    });
    (0..2).for_each(|_| ended.recv_timeout(PATIENCE).expect("no capture waits for the formatting"));
    drop(release);
    assert!(monitor.flush(PATIENCE));
    let issues = monitor.issues();
    let first = issues.iter().find(|issue| issue.message == fmt::Error.to_string()).unwrap();
    assert_eq!(first.samples[0].backtrace[0].function, "shop::price");
    assert_eq!(first.samples[0].failure.location.as_ref().unwrap().to_string(), "shop/src/price.rs:7:9");
}

const PATIENCE: Duration = Duration::from_secs(20);
