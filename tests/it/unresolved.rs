//! Errors with unresolved symbols: captures continue, and a process that ends loses none.

use std::{sync::mpsc, thread, time::Duration};

use monitor_kit::{BoxError, ErrorEvent, Issue, Persist, Scope, Signal, StoreWrite, capture_error};
use serde_json::{Value, json};

use crate::{
    stored::{Stored, Values},
    support::{Failure, builder, flush, watched_by},
};

#[test]
fn a_capture_goes_on_while_the_resolver_is_held_up() {
    let (before_report, release) = held_up();
    let stored = Stored::default();
    let (monitor, memory) = watched_by(builder().persist(stored.clone()).before_report(before_report));
    for text in ["out of stock", "out of money"] {
        let monitor = monitor.clone();
        thread::spawn(move || monitor.capture_error(&Failure::new(text))).join().expect("it is captured");
    }
    stored.once_it_has(2, "unresolved/");
    assert!(memory.events().is_empty(), "the resolver is still held up");
    drop(release);
    flush(&monitor);
    let messages: Vec<_> = memory.events().iter().map(|event| event.failure.message.clone()).collect();
    assert_eq!(messages, ["out of stock", "out of money"]);
}

#[test]
fn an_event_that_is_resolved_before_the_next_batch_is_not_stored_unresolved() {
    let (batches, batch) = mpsc::sync_channel(0);
    let (reports, report) = mpsc::channel();
    let report_id = move |signal: &Signal| {
        if let Signal::Error(event) = signal {
            let _ = reports.send(event.id);
        }
    };
    let builder = builder().persist(Batches(batches)).reporter_fn("ids", report_id);
    let monitor = builder.build().expect("the settings are right");
    let next = || batch.recv_timeout(PATIENCE).expect("a batch");
    monitor.capture_error(&Failure::new("out of stock"));
    next();
    // The saver is held up in its first batch. The resolver has released an event before it reports the next one.
    ["out of money", "out of time"].into_iter().for_each(|text| monitor.capture_error(&Failure::new(text)));
    let [_, resolved, _] = [(); 3].map(|()| report.recv_timeout(PATIENCE).expect("an event").to_string());
    let _end_of_first = next();
    let written = next();
    let of_event: Vec<_> = written.iter().filter(|key| key.ends_with(&resolved)).collect();
    assert!(matches!(&*of_event, [key] if key.starts_with("event/")), "{written:?}");
}

#[test]
fn an_unresolved_event_is_stored_with_the_module_build_and_offset_of_each_frame() {
    let executable = std::env::current_exe().unwrap();
    let name = executable.file_name().unwrap().to_str().unwrap();
    let stored = unresolved(&left_behind());
    let frames = stored["frames"].as_array().unwrap();
    let own: Vec<_> = frames.iter().filter(|frame| frame["module"] == name).collect();
    assert!(own.len() > 5, "{frames:#?}");
    for frame in own {
        assert!(frame["build_id"].as_str().is_some_and(|id| id.len() >= 16), "{frame}");
        assert!(frame["offset"].as_u64().is_some_and(|offset| offset > 0), "{frame}");
    }
    assert_eq!((&stored["message"], &stored["backtrace"]), (&json!("out of stock"), &json!([])));
}

#[test]
fn an_unresolved_event_of_another_build_keeps_modules_and_offsets() {
    let mut values = left_behind();
    let mut stored = unresolved(&values);
    let frames = stored["frames"].as_array_mut().unwrap();
    frames.iter_mut().for_each(|frame| frame["build_id"] = "0123456789abcdef".into());
    frames[0]["build_id"] = Value::Null;
    let name =
        |frame: &Value| format!("{}+{:#x}", frame["module"].as_str().unwrap(), frame["offset"].as_u64().unwrap());
    let expected: Vec<_> = frames.iter().map(name).collect();
    *values.values_mut().next().unwrap() = stored.to_string().into_bytes();

    let next = Stored::with(values);
    let issue = only_issue_in(&next);
    let frames: Vec<_> = issue.samples[0].backtrace.iter().map(|frame| frame.function.clone()).collect();
    assert_eq!(frames, expected);
    assert!(issue.samples[0].own_frames().all(|frame| !frame.in_app && frame.location.is_none()));
    assert_eq!((issue.count, &*issue.message), (1, "out of stock"));
    assert!(issue.explain().contains("- come from the file tests/it/unresolved.rs\n"), "{}", issue.explain());
    assert_eq!((next.keys_with("unresolved/"), next.keys_with("event/")), (0, 1));
}

/// Returns the only issue of a monitor that loads these values.
fn only_issue_in(stored: &Stored) -> Issue {
    let monitor = builder().persist(stored.clone()).build().expect("the settings are right");
    flush(&monitor);
    let mut issues = monitor.issues();
    assert_eq!(issues.len(), 1);
    issues.remove(0)
}

/// Returns the stored values of an error that is not resolved yet.
fn left_behind() -> Values {
    let (before_report, release) = held_up();
    let stored = Stored::default();
    let monitor =
        builder().persist(stored.clone()).before_report(before_report).build().expect("the settings are right");
    Scope::new(&monitor).in_scope(|| capture_error(&Failure::new("out of stock")));
    let mut values = stored.once_it_has(1, "unresolved/");
    drop(release);
    values.retain(|key, _| key.starts_with("unresolved/"));
    values
}

fn unresolved(values: &Values) -> Value {
    let [value] = &*values.values().collect::<Vec<_>>() else { panic!("one event is stored") };
    serde_json::from_slice(value).expect("JSON")
}

/// Returns a `before_report` that blocks the resolver until the other value is dropped.
fn held_up() -> (impl FnMut(ErrorEvent) -> Option<ErrorEvent> + Send, mpsc::Sender<()>) {
    let (release, released) = mpsc::channel::<()>();
    let holds = move |event| {
        let _ = released.recv();
        Some(event)
    };
    (holds, release)
}

/// A storage that sends the keys of the events in each batch when it begins, and an empty list when it ends. It waits
/// for the receiver of both.
struct Batches(mpsc::SyncSender<Vec<String>>);

impl Persist for Batches {
    fn load(&self, _: &str) -> Result<Vec<(String, Vec<u8>)>, BoxError> {
        Ok(Vec::new())
    }

    fn save(&self, changes: &[StoreWrite]) -> Result<u64, BoxError> {
        let mut keys: Vec<_> = changes.iter().map(|change| change.key().to_owned()).collect();
        keys.retain(|key| key.starts_with("event/") || key.starts_with("unresolved/"));
        if !keys.is_empty() {
            let _ = self.0.send(keys);
            let _ = self.0.send(Vec::new());
        }
        Ok(0)
    }
}

const PATIENCE: Duration = Duration::from_secs(60);
