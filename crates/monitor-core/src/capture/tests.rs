//! Captures beside an error whose own backtrace is being formatted.

use std::{fmt, panic::Location, sync::mpsc, thread, time::Duration};

use crate::{monitor::Monitor, symbols::OwnBacktrace};

#[test]
fn a_capture_goes_on_while_the_own_backtrace_of_another_error_is_formatted() {
    let monitor = Monitor::builder("shop").log(None).build().unwrap();
    let (begin, begun) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let own_backtrace = move || {
        begin.send(()).unwrap();
        let _ = released.recv();
        "   0: shop::price\n             at /shop/src/price.rs:7:9\n".to_owned()
    };
    let (end, ended) = mpsc::channel();
    let (first, ended_first) = (monitor.clone(), end.clone());
    thread::spawn(move || {
        let described = first.describe(&fmt::Error).unwrap();
        first.capture_described(None, described, Location::caller(), || Some(OwnBacktrace::new(own_backtrace)));
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
    assert_eq!(first.samples[0].location.as_ref().unwrap().to_string(), "shop/src/price.rs:7:9");
}

const PATIENCE: Duration = Duration::from_secs(20);
