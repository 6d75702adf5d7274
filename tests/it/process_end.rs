//! The log says how the last process ended.

use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use monitor_kit::{
    KnownMethod, LastEnd, LogReporter, Monitor, ProcessEnded, ProcessHeartbeat, Signal, traffic::InFlight,
};
use serde_json::Value;

use crate::support::{Log, flush};

#[test]
fn an_unclean_end_is_a_warning_with_the_requests_in_flight() {
    let mut last = heartbeat();
    last.in_flight =
        vec![InFlight::new(KnownMethod::Get, "/items/{id}", 3), InFlight::new(KnownMethod::Post, "/orders", 1)];
    last.in_flight_elsewhere = 7;
    let line = logged(ProcessEnded::new(LastEnd::OutOfMemory, last)).expect("a line");
    let expected = [
        ("level", "WARN"),
        ("message", "process_ended"),
        ("end", "out_of_memory"),
        ("last_release", "1.4.2"),
        ("started", "2025-07-29T12:30:00.250Z"),
        ("last_seen", "2025-07-29T12:31:00.500Z"),
        ("in_flight", "3 GET /items/{id}, 1 POST /orders, 7 elsewhere"),
    ];
    expected.iter().for_each(|(key, value)| assert_eq!(line[*key], *value, "{key}"));
}

#[test]
fn only_an_end_by_itself_is_no_warning() {
    for (end, level) in [(LastEnd::ByItself, "DEBUG"), (LastEnd::Killed, "WARN"), (LastEnd::MachineRestarted, "WARN")] {
        let line = logged(ProcessEnded::new(end, heartbeat())).expect("a line");
        assert_eq!(
            (&line["level"], &line["end"], &line["in_flight"]),
            (&level.into(), &end.as_str().into(), &Value::Null)
        );
    }
}

#[test]
fn an_end_that_is_not_recorded_is_not_logged() {
    assert_eq!(logged(ProcessEnded::not_recorded()), None);
}

fn heartbeat() -> ProcessHeartbeat {
    let at = |millis| UNIX_EPOCH + Duration::from_millis(millis);
    ProcessHeartbeat::new("1.4.2", at(1_753_792_200_250), at(1_753_792_260_500))
}

/// Returns the log line about this end.
fn logged(ended: ProcessEnded) -> Option<Value> {
    let log = Log::default();
    let reporter = LogReporter::new().dispatch(log.dispatch());
    let monitor = Monitor::builder("shop").log(reporter).build().expect("the settings are right");
    monitor.publish(Signal::ProcessEnded(Arc::new(ended)));
    flush(&monitor);
    log.lines("monitor::process").pop()
}
