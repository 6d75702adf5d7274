//! A reporter that hangs, panics, fails or fills up does not affect the others.

use std::{
    error::Error,
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender},
    },
    time::Duration,
};

use monitor_kit::{DropReason, Level, Limits, Monitor, MonitorBuilder, Reporter, Signal, clock};

use crate::support::{builder, dropped, flush, get, monitor, page, shows, status, visit, watched, watched_by};

#[test]
fn a_hung_reporter_delays_no_other() {
    let (_hung, builder) = with_hung(builder());
    let (monitor, memory) = watched_by(builder);
    visit(&monitor, get("/"), || status(500, ""));
    // One reporter hangs, so no flush succeeds; the other one receives the event as soon as it is resolved.
    while memory.events().is_empty() {
        assert!(!monitor.flush(Duration::from_millis(20)));
    }
    assert_eq!(memory.events().len(), 1);
}

#[test]
fn a_hung_reporter_delays_no_response() {
    let (_hung, builder) = with_hung(builder().limits(Limits::new().queue(1)));
    let (monitor, _) = watched_by(builder);
    (0..100).for_each(|_| visit(&monitor, get("/"), || status(500, "")));
    assert_eq!(monitor.traffic().unwrap().read()[0].started, 100);
}

#[test]
fn a_flush_keeps_its_time_when_a_reporter_hangs() {
    let (_hung, builder) = with_hung(builder());
    let monitor = builder.build().unwrap();
    let begun = clock::now();
    assert!(!monitor.flush(Duration::from_millis(300)));
    let taken = begun.elapsed();
    assert!(taken >= Duration::from_millis(300) && taken < Duration::from_secs(60), "{taken:?}");
}

#[test]
fn a_flush_may_be_given_all_the_time_there_is() {
    assert!(builder().build().unwrap().flush(Duration::MAX));
}

#[test]
fn a_hung_reporter_whose_queue_is_full_does_not_keep_a_flush_from_the_others() {
    let (hung, builder) = with_hung(builder().limits(Limits::new().queue(1)));
    let monitor = builder.reporter(Freeing(Some(hung.leave))).build().unwrap();
    hung.begun.recv().unwrap();
    fill(&monitor, 3);
    assert!(monitor.flush(Duration::from_secs(60)), "the other is asked first, and frees the one that hangs");
}

#[test]
fn a_panicking_reporter_is_counted_and_asked_again() {
    let (monitor, memory) = watched_by(
        builder().reporter_fn("broken", |_| std::panic::resume_unwind(Box::new("the webhook is not a URL"))),
    );
    monitor.capture_message("kept", Level::Error);
    flush(&monitor);
    assert_eq!(memory.events().len(), 1);
    assert_eq!(dropped(&monitor, "broken", DropReason::Panicked), 3, "the start, the error and its issue");
}

#[test]
fn a_failing_reporter_is_counted() {
    let (monitor, memory) = watched_by(builder().reporter(Failing));
    monitor.capture_message("kept", Level::Error);
    flush(&monitor);
    assert_eq!(memory.events().len(), 1);
    assert_eq!(dropped(&monitor, "failing", DropReason::Failed), 3);
}

#[test]
fn signals_that_a_full_queue_drops_are_counted() {
    let (hung, builder) = with_hung(builder().limits(Limits::new().queue(1)));
    let monitor = builder.build().unwrap();
    hung.begun.recv().unwrap();
    fill(&monitor, 3);
    assert_eq!(dropped(&monitor, "hung", DropReason::QueueFull), 2, "one fits while one is in work");
}

#[test]
fn dropping_the_last_handle_lets_reporters_finish() {
    let (sender, seen) = mpsc::channel();
    let monitor = builder().reporter_fn("slow", move |signal| sender.send(signal.clone()).unwrap()).build().unwrap();
    (0..5).for_each(|_| monitor.capture_message("on the way out", Level::Error));
    drop(monitor);
    let errors = seen.iter().filter(|signal| matches!(signal, Signal::Error(_)));
    assert_eq!(errors.count(), 5, "and then the thread has ended");
}

#[test]
fn after_a_shutdown_events_are_dropped_and_counted() {
    let (monitor, memory) = watched();
    monitor.capture_message("before", Level::Error);
    assert!(monitor.shutdown(Duration::from_secs(20)));
    monitor.capture_message("after", Level::Error);
    assert_eq!(memory.events().len(), 1);
    assert_eq!(dropped(&monitor, "intake", DropReason::Closed), 1);
}

#[test]
fn after_a_shutdown_requests_are_served_and_counted() {
    let (monitor, _) = watched();
    assert!(monitor.shutdown(Duration::from_secs(20)));
    visit(&monitor, get("/"), || status(200, ""));
    assert_eq!(monitor.traffic().unwrap().read()[0].started, 1);
}

#[test]
fn reporters_receive_the_start_the_error_and_the_new_issue() {
    let (monitor, memory) = watched();
    (0..2).for_each(|_| monitor.capture_message("out of stock", Level::Error));
    flush(&monitor);
    let signals: Vec<_> = memory.signals().iter().map(kind).collect();
    assert_eq!(signals, ["started", "error", "issue opened", "error"]);
}

fn kind(signal: &Signal) -> &'static str {
    match signal {
        Signal::Started(_) => "started",
        Signal::Error(_) => "error",
        Signal::IssueOpened(_) => "issue opened",
        _ => "unknown",
    }
}

/// A reporter that hangs until `leave` is dropped.
struct Hung {
    leave: Sender<()>,
    begun: Receiver<()>,
}

fn with_hung(builder: MonitorBuilder) -> (Hung, MonitorBuilder) {
    let ((leave, wait), (begin, begun)) = (mpsc::channel(), mpsc::channel());
    let hang = move |_: &Signal| {
        let _ = begin.send(());
        let _ = wait.recv();
    };
    (Hung { leave, begun }, builder.reporter_fn("hung", hang))
}

fn fill(monitor: &Monitor, signals: usize) {
    let identity = Arc::new(monitor.identity().expect("the monitor is enabled").clone());
    (0..signals).for_each(|_| monitor.publish(Signal::Started(Arc::clone(&identity))));
}

/// A reporter that releases another one when it is flushed.
struct Freeing(Option<Sender<()>>);

impl Reporter for Freeing {
    fn name(&self) -> &str {
        "freeing"
    }

    fn report(&mut self, _: &Signal) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.0.take();
        Ok(())
    }
}

struct Failing;

impl Reporter for Failing {
    fn name(&self) -> &str {
        "failing"
    }

    fn report(&mut self, _: &Signal) -> Result<(), Box<dyn Error + Send + Sync>> {
        Err("the server said no".into())
    }
}

#[test]
fn drops_that_other_parts_count_are_published() {
    let monitor = monitor();
    monitor.drops_of("log").count(DropReason::Failed);
    monitor.drops_of("log").count_many(DropReason::QueueFull, 2);
    let counts = [DropReason::Failed, DropReason::QueueFull].map(|reason| dropped(&monitor, "log", reason));
    assert_eq!(counts, [1, 2]);
    shows(&page(&monitor), "monitor_dropped_total{reporter=\"log\",reason=\"queue_full\"} 2");
    Monitor::disabled().drops_of("log").count(DropReason::Failed);
}
