//! Tests of issues over time, and under a wrong wall clock.

use std::{sync::mpsc, time::Duration};

use crate::{
    base::{
        clock::{self, Moment, WrongClock},
        drops::DropReason,
    },
    model::level::Level,
    monitor::Monitor,
    persist::eraser::Eraser,
    scope::{self, Scope},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn flush(monitor: &Monitor) {
    assert!(monitor.flush(Duration::from_secs(30)));
}

#[test]
fn an_issue_expires_by_the_monotonic_clock_and_is_counted() {
    let monitor = Monitor::builder("shop").log(None).build().unwrap();
    monitor.capture_message("out of paper", Level::Error);
    flush(&monitor);
    let left_after = |moment| {
        monitor.inner().unwrap().shared.issues.tick(moment);
        monitor.issues().len()
    };
    let in_days = |days: i64| Moment { steady: clock::steady() + days * 24 * 60 * 60 * 1_000_000, ..Moment::now() };
    assert_eq!(left_after(Moment { wall: clock::wall() + 400 * DAY, ..Moment::now() }), 1);
    assert_eq!((left_after(in_days(89)), left_after(in_days(91))), (1, 0));
    let dropped = monitor.dropped();
    assert!(dropped.iter().any(|dropped| dropped.reason == DropReason::Expired && dropped.count == 1), "{dropped:?}");
}

#[test]
fn events_captured_before_an_erasure_are_dropped_although_the_clock_was_set_back() {
    let (resume, wait) = mpsc::channel::<()>();
    let settings = Monitor::builder("shop").log(None).before_report(move |event| {
        let _ = wait.recv();
        Some(event)
    });
    let (clock, monitor) = (WrongClock::ahead(DAY), settings.build().unwrap());
    Scope::new(&monitor).in_scope(|| {
        scope::set_user("ada");
        crate::capture::message::capture_message("out of paper", Level::Error);
    });
    clock.correct();
    let shared = &monitor.inner().unwrap().shared;
    shared.issues.erase(Eraser::new("ada", shared.sources.mark("ada")));
    drop(resume);
    flush(&monitor);
    let issue = monitor.issues().remove(0);
    assert_eq!((issue.count, issue.samples.len(), issue.users_affected), (1, 0, 0));
}
