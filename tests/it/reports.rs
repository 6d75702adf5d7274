//! Reports of anyhow and eyre, and errors in a box: captured as they are.

use std::error::Error;

use monitor_kit::{CaptureExt, ErrorEvent, MemoryReporter, Monitor, Scope, capture_error};

use crate::support::{flush, watched};

type BoxError = Box<dyn Error + Send + Sync>;

#[test]
fn a_report_is_captured_with_the_type_of_its_root_cause_where_it_is_captured() {
    let (monitor, memory) = watched();
    let line = line!() + 2;
    Scope::new(&monitor).enter(|| {
        drop(anyhow_age("x").capture());
        drop(eyre_age("x").capture());
        drop(boxed_age("x").capture());
        if let Err(report) = anyhow_age("x") {
            capture_error(&report);
        }
    });
    let events = events(&monitor, &memory);
    let seen: Vec<_> = events.iter().map(|event| (&*event.message, &*event.type_name)).collect();
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
    let lines: Vec<_> = events.iter().map(|event| event.location.as_ref().unwrap().line - line).collect();
    assert_eq!(lines, [0, 1, 2, 4]);
    assert_eq!(events[0].chain.last().unwrap().message, parsed);
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
    ] as [fn(); 5]
    {
        let scope = Scope::new(&monitor);
        let mut caught = scope.enter(|| monitor_kit::panic::catch(fail)).unwrap_err();
        scope.capture_panic(&mut caught);
        caught.dispose();
    }
    let events = events(&monitor, &memory);
    let seen: Vec<_> = events.iter().map(|event| (&*event.type_name, &*event.message)).collect();
    let expected = [
        ("std::io::error::Error", "the disk is gone"),
        ("ParseIntError", "no age"),
        ("error", "the network is gone"),
        ("panic", "the memory is gone"),
        ("panic", "a panic without a message"),
    ];
    assert_eq!(seen, expected);
    assert_eq!(events[1].chain.len(), 1);
}

fn events(monitor: &Monitor, memory: &MemoryReporter) -> Vec<ErrorEvent> {
    flush(monitor);
    memory.events().iter().map(|event| (**event).clone()).collect()
}

fn anyhow_age(text: &str) -> anyhow::Result<u8> {
    anyhow::Context::context(text.parse::<u8>(), "no age")
}

fn eyre_age(text: &str) -> eyre::Result<u8> {
    eyre::WrapErr::wrap_err(text.parse::<u8>(), "no age")
}

fn boxed_age(text: &str) -> Result<u8, BoxError> {
    Ok(text.parse::<u8>()?)
}
