//! Every example runs to its end and prints the expected lines.

use std::{env, process::Command};

use serde_json::Value;

#[test]
fn hyper_service_counts_what_it_declares_and_answers_a_panic() {
    let output = run(example("hyper_service"));
    assert_shows(&output, "GET /items answers 200 OK, with a request ID: true");
    assert_shows(&output, "GET /error answers 500 Internal Server Error, with a request ID: true");
    assert_shows(&output, "/error: 1 started, 1 failed");
    assert_shows(&output, "_unmatched: 1 started, 0 failed");
}

#[test]
fn custom_route_counts_templates_and_not_paths() {
    let output = run(example("custom_route"));
    let mut lines: Vec<_> = output.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["1 /items/{id}/parts/{part}", "2 /items/{id}", "2 _unmatched"]);
}

#[test]
fn grpc_counts_calls_by_method_and_failures_by_status() {
    let output = run(example("grpc"));
    assert_shows(&output, "/hello.Greeter/Greet(Ada): hello, Ada");
    assert_shows(&output, "/hello.Greeter/Greet failed with INTERNAL: 1");
    assert_shows(&output, "/hello.Greeter/Greet failed with panic: 1");
    assert_shows(&output, "_unmatched failed with UNIMPLEMENTED: 1");
    assert_shows(&output, "issue: std::io::error::Error: the list of guests is gone");
    assert_shows(&output, "GET /health/ready: 200 OK");
    assert_shows(
        &output,
        "GET /metrics: http_server_errors_total{http_request_method=\"POST\",\
         http_route=\"/hello.Greeter/Greet\",error_type=\"INTERNAL\"} 1",
    );
}

#[test]
fn outgoing_client_logs_one_trace_in_both_services() {
    let output = run(example("outgoing_client"));
    assert_shows(&output, "7 items in stock");
    assert_shows(&output, "requests to stock answered with 2xx: 1");
    let lines: Vec<Value> = output.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let requests: Vec<_> = lines.iter().filter(|line| line["message"] == "request").collect();
    assert_eq!((&requests[0]["path"], &requests[1]["path"]), (&"/count".into(), &"/items".into()));
    assert_eq!(requests[0]["trace_id"], requests[1]["trace_id"]);
}

#[test]
fn route_switch_refuses_until_it_is_enabled_also_after_a_restart() {
    let output = run(example("route_switch"));
    let answers: Vec<_> = output.lines().filter(|line| line.contains("GET /error answers")).collect();
    let statuses = answers.iter().map(|line| line.split(" answers ").nth(1).and_then(|rest| rest.get(..3)));
    assert_eq!(statuses.collect::<Vec<_>>(), ["500", "503", "503", "500"].map(Some));
    assert_eq!(output.matches("GET /items answers 200 OK").count(), 4);
    assert_shows(&output, "no route `/eror` is known; known routes: GET /error, GET /items");
}

#[test]
fn issues_come_back_after_a_restart_and_forget_a_user() {
    let output = run(example("issues"));
    assert_shows(&output, "in 1.0.0: 3 times, 2 users, 3 events stored, unresolved");
    assert_shows(&output, "- happened in the function issues::order");
    assert_shows(&output, "in 1.0.1: 3 times, 2 users, 3 events stored, resolved");
    assert_shows(&output, "it happens again: 4 times, 2 users, 4 events stored, unresolved, back since 1.0.1");
    assert_shows(&output, "afterwards: 4 times, 1 users, 2 events stored, unresolved, back since 1.0.1");
}

#[test]
fn alerts_are_verified_by_their_receiver_once_for_an_issue_and_once_for_its_end() {
    let output = run(example("alerts"));
    assert_eq!(output.matches("  triggered: New issue: panic in ").count(), 1, "{output}");
    assert_eq!(output.matches("  resolved: New issue: panic in ").count(), 1, "{output}");
    assert_eq!(
        output.matches("index out of bounds: the len is 2 but the index is 7, at examples/alerts.rs:").count(),
        2,
        "{output}"
    );
    assert_shows(&output, "webhook: 2 delivered, 0 waiting");
}

#[test]
fn health_probes_shows_results_to_callers_and_changes_to_reporters() {
    let output = run(example("health_probes"));
    assert_shows(&output, r#"  GET /health/search: 200 {"status":"ok","documents":10000}"#);
    assert_shows(&output, "  search: ok -> warning rebuilt, results may be missing");
    assert_shows(&output, "  GET /health/ready?verbose: 200 [+]search ok | readyz check passed");
    assert_shows(&output, r#"  GET /health/search: 503 {"status":"error","message":"not reachable"}"#);
    assert_shows(&output, "  GET /health/ready?verbose: 503 [-]search failed: reason withheld | readyz check failed");
    assert_shows(&output, "  the service: warning -> error search");
    assert_shows(&output, "drained, ready: false");
    assert!(!output.contains("10.0.0.7"), "{output}");
}

/// Returns the example of this name, which was built together with this test.
fn example(name: &str) -> Command {
    let test = env::current_exe().expect("this program has a path");
    let folder = test.parent().and_then(|deps| deps.parent()).map(|profile| profile.join("examples"));
    Command::new(folder.unwrap_or_default().join(name))
}

pub(crate) fn with_environment(name: &str, variable: &str, value: &str) -> Command {
    let mut command = example(name);
    command.env(variable, value);
    command
}

/// Runs the command and returns its output.
#[track_caller]
pub(crate) fn run(mut command: Command) -> String {
    let output = command.output().expect("the example is there: cargo build --examples --all-features");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}{stderr}");
    stdout.into_owned()
}

#[track_caller]
fn assert_shows(output: &str, line: &str) {
    assert!(output.lines().any(|shown| shown == line), "`{line}` is not in\n{output}");
}
