//! Panics in a build with `panic = "abort"`. A test binary of its own, because it needs a profile of its own.

use std::{
    env,
    path::PathBuf,
    process::{Command, Output},
    time::{Duration, Instant},
};

#[test]
fn an_aborting_build_writes_one_redacted_line_reports_and_answers_nothing() {
    let output = run(&[]);
    let (stdout, stderr) = texts(&output);
    assert!(!output.status.success());
    assert_eq!(stdout, "reported: no such user: [Filtered], password=[Filtered]\n", "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with("panic in GET _unmatched at crates/monitor-tower/examples/panic_abort.rs:"), "{stderr}");
    assert!(stderr.contains(": no such user: [Filtered], password=[Filtered] (request_id "), "{stderr}");
}

#[test]
fn the_line_of_a_panic_inside_a_dependency_names_no_machine() {
    let (_, stderr) = texts(&run(&["--foreign"]));
    assert!(stderr.starts_with("panic in GET _unmatched at bytes-1."), "{stderr}");
}

#[test]
fn a_payload_that_cannot_be_formatted_causes_no_second_panic() {
    for (arg, message) in [("--torn", "no such"), ("--broken", "a panic without a message")] {
        let (stdout, stderr) = texts(&run(&[arg]));
        assert_eq!(stdout, format!("reported: {message}\n"), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.contains(&format!(": {message} (request_id ")), "{stderr}");
    }
}

#[test]
fn a_hung_reporter_holds_up_the_abort_for_a_moment_only() {
    let program = build("abort");
    let begun = begin();
    let output = Command::new(program).arg("--hang").output().expect("it starts");
    // The abort waits for 200 ms at most, plus the delays of a busy machine, and not for the reporter's hour.
    assert!(begun.elapsed() < Duration::from_secs(60));
    assert!(!output.status.success());
}

#[test]
fn a_build_that_unwinds_answers() {
    let output = Command::new(build("dev")).output().expect("it starts");
    let (stdout, stderr) = texts(&output);
    assert!(output.status.success(), "{stderr}");
    assert!(stdout.contains("answered: true"), "{stdout}");
    assert_eq!(stderr, "");
}

fn run(args: &[&str]) -> Output {
    Command::new(build("abort")).args(args).output().expect("it starts")
}

/// Builds the example and returns its path.
fn build(profile: &str) -> PathBuf {
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "monitor-tower", "--example", "panic_abort", "--profile", profile])
        .status()
        .expect("cargo starts");
    assert!(status.success(), "the example does not build");
    let folder = if profile == "dev" { "debug" } else { profile };
    // This test runs in `target/debug/deps`.
    let target = env::current_exe().expect("a path").ancestors().nth(3).expect("a target folder").to_owned();
    target.join(folder).join("examples").join("panic_abort")
}

#[expect(clippy::disallowed_methods, reason = "how long another process takes is the question")]
fn begin() -> Instant {
    Instant::now()
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}
