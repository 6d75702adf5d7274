//! The story succeeds, and each step fails when the thing it checks is broken.

use std::process::{Command, Output};

fn run(args: &[&str]) -> (Output, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_incident"))
        .args(args)
        .env("COLUMNS", "80")
        .current_dir(folder.path())
        .output()
        .expect("it starts");
    (output, folder)
}

#[track_caller]
fn breaks(step: u8) {
    let (output, _folder) = run(&["--break-step", &step.to_string()]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.starts_with(&format!("incident: step {step} does not hold: expected ")), "{stderr}");
}

#[test]
fn the_story_runs_to_its_end_and_the_report_is_written() {
    let (output, folder) = run(&["--tz", "Europe/Paris"]);
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}{stderr}");
    assert!(!stdout.contains('\x1b'), "no colour in a pipe: {stdout}");
    assert_eq!(stdout.matches("\n   ok ").count(), 11, "{stdout}");
    let report = std::fs::read_to_string(folder.path().join("incident-report.md")).expect("a report");
    for fact in [
        "# Incident report and post-mortem (simulated)\n",
        "**Users affected**: 4",
        "| failed with 500 | 10 |",
        "| refused with 503 while the route was off | ",
        " at its peak, when 10 of the ",
        "**Noticed**: after ",
        "**Mitigated**: after ",
        "| triggered: New issue: panic in ",
        "| triggered: Error ratio above 5 % | ",
        "| resolved: New issue: panic in ",
        "switched off after ",
        "fault.rs:",
        " CE",
        "(UTC+0",
        "A test route was in production.",
        "| action | owner | due |",
    ] {
        assert!(report.contains(fact), "{fact} is missing:\n{report}");
    }
    let noticed = report.find("**Noticed** after ");
    assert!(noticed.is_some() && noticed < report.find("**Explained** after "), "{report}");
    assert!(report.contains("| +0.000 s | GET /error answers 500"), "no milliseconds:\n{report}");
    assert!(stdout.replace('\n', " ").contains("\"the original\" below"), "{stdout}");
    for line in stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn an_unknown_step_is_a_usage_error() {
    for step in ["0", "1", "12", "x"] {
        assert_eq!(run(&["--break-step", step]).0.status.code(), Some(2), "{step}");
    }
}

#[test]
fn a_handler_that_leaks_its_message_breaks_step_2() {
    breaks(2);
}

#[test]
fn alerts_that_are_signed_with_another_secret_break_step_3() {
    breaks(3);
}

#[test]
fn a_recorder_without_a_publisher_breaks_step_4() {
    breaks(4);
}

#[test]
fn a_diluted_ratio_breaks_step_5() {
    breaks(5);
}

#[test]
fn a_log_that_goes_nowhere_breaks_step_6() {
    breaks(6);
}

#[test]
fn an_empty_list_of_issues_breaks_step_7() {
    breaks(7);
}

#[test]
fn a_switch_that_does_nothing_breaks_step_8() {
    breaks(8);
}

#[test]
fn readiness_that_never_turns_503_breaks_step_9() {
    breaks(9);
}

#[test]
fn a_broken_database_breaks_step_10() {
    breaks(10);
}

#[test]
fn an_issue_without_its_place_breaks_step_11() {
    breaks(11);
}
