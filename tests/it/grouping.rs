//! The same error is one issue, wherever and however it occurs. The grouping rules themselves are tested in
//! `monitor-core`.

use std::{
    env,
    error::Error,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    process::Command,
    thread,
};

use monitor_core::MemoryReporter;
use monitor_kit::{CaptureExt, ErrorEvent, ErrorSettings, Fingerprint, Monitor, Scope, capture_error, scope};

use crate::support::{Failure, builder, flush, ready, watched, watched_by};

#[test]
fn a_panic_on_two_threads_is_one_issue_of_the_function_it_happened_in() {
    let (monitor, memory) = watched();
    for _ in 0..2 {
        let monitor = monitor.clone();
        thread::spawn(move || fail_in_a_scope(&monitor)).join().expect("it is caught");
    }
    fail_in_a_scope(&monitor);
    flush(&monitor);
    let issues = monitor.issues();
    assert_eq!((issues.len(), issues[0].count, memory.events().len()), (1, 3, 3));
    let explanation = issues[0].explain();
    assert!(
        explanation.contains("by function") && explanation.contains("- happened in the function it::grouping::fails\n"),
        "{explanation}"
    );
}

#[test]
fn a_panic_in_two_processes_is_one_issue() {
    let here = fingerprint_of_a_panic();
    let there = || {
        let this = env::current_exe().unwrap();
        let output = Command::new(this).args(["--exact", PRINTS, "--nocapture"]).output().unwrap();
        String::from_utf8_lossy(&output.stdout).lines().find_map(|line| line.strip_prefix(MARK).map(str::to_owned))
    };
    assert_eq!((there(), there()), (Some(here.to_string()), Some(here.to_string())));
}

/// The child process of the test above.
#[test]
#[expect(clippy::print_stdout, reason = "the parent process reads the output")]
fn prints_the_fingerprint_of_a_panic() {
    println!("\n{MARK}{}", fingerprint_of_a_panic());
}

#[test]
fn the_source_around_a_panic_is_shown() {
    let (monitor, memory) = watched();
    fail_in_a_scope(&monitor);
    flush(&monitor);
    let event = memory.events().remove(0);
    let own = event.own_frames().next().expect("there is a frame");
    let line = own.location.as_ref().expect("it has a place").line;
    let excerpt = own.excerpt.as_ref().expect("the source is here");
    assert_eq!(excerpt.lines[(line - excerpt.first_line) as usize].trim(), r#"panic!("it fails");"#);
}

#[test]
fn a_fingerprint_of_the_program_joins_and_splits_issues() {
    let (monitor, _) = watched();
    for partner in ["acme", "umbrella", "acme"] {
        Scope::new(&monitor).in_scope(|| {
            scope::set_fingerprint(["{{ default }}", partner]);
            capture_error(&Failure::new("refused"));
        });
    }
    for says in ["no cart", "no order"] {
        Scope::new(&monitor).in_scope(|| {
            scope::set_fingerprint(["checkout"]);
            capture_error(&Failure::new(says));
        });
    }
    flush(&monitor);
    let mut counts: Vec<_> = monitor.issues().iter().map(|issue| issue.count).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 2, 2]);
}

#[test]
fn registered_types_behind_a_box_are_named() {
    let boxed = || -> Result<(), Box<dyn Error + Send + Sync>> { Err(Box::new("x".parse::<u8>().unwrap_err())) };
    let types = |monitor: &Monitor, memory: &MemoryReporter| {
        Scope::new(monitor).in_scope(|| boxed().inspect_err(|error| capture_error(&**error))).unwrap_err();
        Scope::new(monitor).in_scope(|| Err::<(), _>(Wrapped(boxed().unwrap_err())).capture()).unwrap_err();
        flush(monitor);
        let events = memory.events();
        (events[0].failure.type_name.to_string(), events[1].failure.chain[0].type_name.clone())
    };
    let (monitor, memory) = watched();
    assert_eq!(types(&monitor, &memory), ("ParseIntError".into(), "ParseIntError".into()));
    let (monitor, memory) = watched_by(builder().errors(ErrorSettings::new().error_type::<std::num::ParseIntError>()));
    let name = || String::from("core::num::error::ParseIntError");
    assert_eq!(types(&monitor, &memory), (name(), name()));
}

#[test]
fn the_error_in_an_anyhow_or_eyre_report_is_named() {
    let open = builder().errors(
        ErrorSettings::new()
            .error_type::<std::num::ParseIntError>()
            .error_wrapper(|report: &anyhow::Error| report.as_ref())
            .error_wrapper(|report: &eyre::Report| report.as_ref()),
    );
    let (monitor, memory) = watched_by(open);
    let parsed = || "x".parse::<u8>();
    Scope::new(&monitor).in_scope(|| {
        drop(anyhow::Context::context(parsed(), "no age").inspect_err(|report| capture_error(&**report)));
        drop(eyre::WrapErr::wrap_err(parsed(), "no size").inspect_err(|report| capture_error(&**report)));
        capture_error(&*anyhow::anyhow!("nothing but words"));
    });
    drop(ready(monitor.job("sum", async { parsed().map_err(anyhow::Error::from) })));
    drop(ready(monitor.job("mean", async { parsed().map_err(eyre::Report::from) })));
    flush(&monitor);
    let seen: Vec<_> = memory.events().iter().map(|event| seen(event)).collect();
    let number = "core::num::error::ParseIntError";
    let expected = [
        ("no age", number),
        ("no size", number),
        ("nothing but words", "error"),
        ("invalid digit found in string", number),
        ("invalid digit found in string", number),
    ];
    assert_eq!(seen, expected.map(|(says, innermost)| (says.to_owned(), innermost.to_owned())));
}

/// Returns the message of an event, and its innermost known type.
fn seen(event: &ErrorEvent) -> (String, String) {
    let failure = &event.failure;
    let innermost = failure.chain.last().map_or(&*failure.type_name, |cause| &cause.type_name);
    (failure.message.clone(), innermost.to_owned())
}

fn fingerprint_of_a_panic() -> Fingerprint {
    let (monitor, _) = watched();
    fail_in_a_scope(&monitor);
    flush(&monitor);
    monitor.issues()[0].fingerprint
}

fn fail_in_a_scope(monitor: &Monitor) {
    let _ = catch_unwind(AssertUnwindSafe(|| Scope::new(monitor).in_scope(|| scope::wrap(fails)())));
}

fn fails() {
    panic!("it fails");
}

#[derive(Debug)]
struct Wrapped(Box<dyn Error + Send + Sync>);

impl fmt::Display for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wrapped")
    }
}

impl Error for Wrapped {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

const PRINTS: &str = "grouping::prints_the_fingerprint_of_a_panic";
const MARK: &str = "fingerprint ";
