//! Reports of anyhow and eyre, and boxed errors, are captured like other errors.

use std::{env, error::Error, fs, process::Command};

use monitor_kit::{
    AttachedError, CaptureExt, ErrorEvent, MemoryReporter, Monitor, Scope, capture_anyhow, capture_error,
};

use crate::support::{flush, get, status, visit, watched};

type BoxError = Box<dyn Error + Send + Sync>;

#[test]
fn a_report_is_captured_with_the_type_of_its_root_cause_where_it_is_captured() {
    let (monitor, memory) = watched();
    let line = line!() + 2;
    Scope::new(&monitor).in_scope(|| {
        drop(anyhow_age("x").capture());
        drop(eyre_age("x").capture());
        drop(boxed_age("x").capture());
        if let Err(report) = anyhow_age("x") {
            capture_error(&report);
        }
    });
    let events = events(&monitor, &memory);
    let seen: Vec<_> = events.iter().map(|event| (&*event.failure.message, &*event.failure.type_name)).collect();
    let parsed = "invalid digit found in string";
    assert_eq!(
        seen,
        [
            ("no age", "ParseIntError"),
            ("no age", "ParseIntError"),
            (parsed, "ParseIntError"),
            ("no age", "ParseIntError")
        ]
    );
    let lines: Vec<_> = events.iter().map(|event| event.failure.location.as_ref().unwrap().line - line).collect();
    assert_eq!(lines, [0, 1, 2, 4]);
    assert_eq!(events[0].failure.chain.last().unwrap().message, parsed);
}

#[test]
fn a_panic_with_an_error_has_its_type_message_and_causes() {
    let (monitor, memory) = watched();
    for fail in [
        || std::panic::panic_any(std::io::Error::other("the disk is gone")),
        || std::panic::panic_any(anyhow_age("x").unwrap_err()),
        || std::panic::panic_any(BoxError::from("the network is gone")),
        || std::panic::panic_any(std::borrow::Cow::Borrowed("the memory is gone")),
        || std::panic::panic_any(7),
        || std::panic::panic_any(eyre_age("x").unwrap_err()),
        || std::panic::panic_any(Box::new("x".parse::<u8>().unwrap_err()) as Box<dyn Error + Send>),
        || std::panic::panic_any(Box::<str>::from("the cache is gone")),
    ] as [fn(); 8]
    {
        let scope = Scope::new(&monitor);
        let mut caught = scope.in_scope(|| monitor_core::instrument::panic::catch(fail)).unwrap_err();
        caught.capture_in(&scope);
        caught.drop_payload();
    }
    let events = events(&monitor, &memory);
    let seen: Vec<_> = events.iter().map(|event| (&*event.failure.type_name, &*event.failure.message)).collect();
    let expected = [
        ("std::io::error::Error", "the disk is gone"),
        ("ParseIntError", "no age"),
        ("error", "the network is gone"),
        ("panic", "the memory is gone"),
        ("panic", "a panic without a message"),
        ("ParseIntError", "no age"),
        ("ParseIntError", "invalid digit found in string"),
        ("panic", "the cache is gone"),
    ];
    assert_eq!(seen, expected);
    assert_eq!((events[1].failure.chain.len(), events[5].failure.chain.len()), (1, 1));
}

#[test]
fn an_attached_report_has_the_type_of_its_root_cause_and_the_place_where_it_was_attached() {
    let (monitor, memory) = watched();
    let line = line!() + 1;
    let of_anyhow = AttachedError::new(&anyhow_age("x").unwrap_err());
    let of_eyre = AttachedError::new(&eyre_age("x").unwrap_err());
    for attached in [of_anyhow, of_eyre] {
        visit(&monitor, get("/"), || {
            let mut response = status(500, "");
            response.extensions_mut().insert(attached.clone());
            response
        });
    }
    let events = events(&monitor, &memory);
    let seen: Vec<_> = events
        .iter()
        .map(|event| (&*event.failure.message, &*event.failure.type_name, event.failure.chain.len()))
        .collect();
    assert_eq!(seen, [("no age", "ParseIntError", 1); 2]);
    let places: Vec<_> = events.iter().map(|event| event.failure.location.as_ref().unwrap()).collect();
    let places: Vec<_> = places.iter().map(|at| (&*at.file, at.line - line)).collect();
    assert_eq!(places, [("tests/it/reports.rs", 0), ("tests/it/reports.rs", 1)]);
}

#[test]
fn an_error_of_anyhow_has_the_place_where_it_arose_if_it_is_captured_with_its_own_backtrace() {
    let name = "reports::an_error_of_anyhow_has_the_place_where_it_arose_if_it_is_captured_with_its_own_backtrace";
    if !has_backtraces(name) {
        return;
    }
    let (monitor, memory) = watched();
    Scope::new(&monitor).in_scope(|| capture_anyhow(anyhow_age("x").unwrap_err()));
    let captured = line!() + 1;
    monitor.capture_error(&anyhow_age("x").unwrap_err());
    let events = events(&monitor, &memory);
    let places: Vec<_> = events.iter().map(|event| event.failure.location.as_ref().unwrap()).collect();
    assert_eq!(places[0].line, PARSED_AT);
    assert!(places[0].file.ends_with("tests/it/reports.rs"), "{}", places[0].file);
    assert_eq!((&*places[1].file, places[1].line), ("tests/it/reports.rs", captured));
    assert!(events[0].own_frames().next().unwrap().function.ends_with("::anyhow_age"), "{:?}", events[0].backtrace);
    assert_eq!((&*events[0].failure.message, &*events[0].failure.type_name), ("no age", "ParseIntError"));
}

/// The standard library maps the executable when it first resolves a backtrace, and keeps it mapped.
#[test]
fn a_captured_report_does_not_resolve_its_own_backtrace() {
    if !has_backtraces("reports::a_captured_report_does_not_resolve_its_own_backtrace") {
        return;
    }
    let (monitor, memory) = watched();
    let plain = || "x".parse::<u8>().unwrap_err();
    monitor.capture_error(&plain());
    flush(&monitor);
    let mapped = mappings_of_executable();
    monitor.capture_error(&anyhow_age("x").unwrap_err());
    monitor.capture_error(&eyre_age("x").unwrap_err());
    monitor.capture_error(&*BoxError::from(anyhow::Error::new(plain()).context("no size").context("no age")));
    drop(AttachedError::new(&anyhow_age("x").unwrap_err()));
    let types: Vec<_> = events(&monitor, &memory).iter().skip(1).map(|event| event.failure.type_name.clone()).collect();
    assert_eq!(types, ["ParseIntError", "ParseIntError", "error"]);
    assert_eq!(mappings_of_executable(), mapped, "a backtrace was resolved");
    drop(format!("{:?}", anyhow_age("x").unwrap_err()));
    assert_ne!(mappings_of_executable(), mapped, "a backtrace that is resolved is noticed");
}

/// Returns whether errors have a backtrace. The variable is read once per process, so if it is unset, the test runs in
/// a child process.
fn has_backtraces(test: &str) -> bool {
    if env::var_os("RUST_LIB_BACKTRACE").is_some_and(|value| value == "1") {
        return true;
    }
    let mut again = Command::new(env::current_exe().expect("a path"));
    let output = again.args([test, "--exact"]).env("RUST_LIB_BACKTRACE", "1").output().expect("it starts");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && printed.contains("1 passed"), "{printed}");
    false
}

fn mappings_of_executable() -> usize {
    let executable = env::current_exe().expect("a path");
    let maps = fs::read_to_string("/proc/self/maps").expect("this is Linux");
    maps.lines().filter(|line| line.ends_with(&*executable.to_string_lossy())).count()
}

fn events(monitor: &Monitor, memory: &MemoryReporter) -> Vec<ErrorEvent> {
    flush(monitor);
    memory.events().iter().map(|event| (**event).clone()).collect()
}

const PARSED_AT: u32 = line!() + 3;

fn anyhow_age(text: &str) -> anyhow::Result<u8> {
    anyhow::Context::context(text.parse::<u8>(), "no age")
}

fn eyre_age(text: &str) -> eyre::Result<u8> {
    eyre::WrapErr::wrap_err(text.parse::<u8>(), "no age")
}

fn boxed_age(text: &str) -> Result<u8, BoxError> {
    Ok(text.parse::<u8>()?)
}
