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
    assert_eq!(stdout.matches("\n   ok ").count(), 12, "{stdout}");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("a report");
    let [english, french] = ["incident-report.md", "incident-report.fr.md"].map(read);
    for (report, facts) in [
        (&english, ["# Incident report and post-mortem\n", "| failed requests | 10 |", "| switched off | 20 min | "]),
        (
            &french,
            ["# Rapport d'incident et post-mortem\n", "| requêtes en échec | 10 |", "| route désactivée | 20 min | "],
        ),
    ] {
        for fact in facts.into_iter().chain(["fault.rs:", "GET /error", "on-call", " CE", "(UTC+0", "| 4 |"]) {
            assert!(report.contains(fact), "{fact} is missing:\n{report}");
        }
    }
    let chart = english.split_once("](").and_then(|(_, link)| link.split_once(')')).expect("a link to the chart");
    assert!(read(chart.0).contains("</svg>"));
    for name in ["Slack", "PagerDuty", "the mail server", "the webhook"] {
        for what in ["alert \"New issue", "all clear for \"New issue", "all clear for \"Error ratio"] {
            let words = stdout.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(words.contains(&format!("{name} receives the {what}")), "{name}, {what}: {stdout}");
        }
    }
    assert!(stdout.replace('\n', " ").contains("\"the original\" below"), "{stdout}");
    for line in stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn an_unknown_step_is_a_usage_error() {
    for step in ["0", "1", "13", "x"] {
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
fn an_incident_that_is_not_closed_breaks_step_11() {
    breaks(11);
}

#[test]
fn a_report_without_the_place_breaks_step_12() {
    breaks(12);
}
