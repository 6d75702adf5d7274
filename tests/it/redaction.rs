//! Secrets and personal data do not leave the process through any output.

use http::{Request, Response};
use monitor_core::MemoryReporter;
use monitor_kit::{
    BoxError, LogReporter, Monitor, MonitorLayer, Redaction, capture_error, escape,
    scope::{self, Breadcrumb},
};
use tower::{Layer, ServiceExt};

use crate::support::{
    Failure, Log, Text, builder, call, flush, get, only_event, ready, service, status, visit, watched_by,
};

/// A text with every kind of secret.
const LEAKY: &str = "login of jo.doe@example.org with Bearer s3cr3t-b failed: password=s3cr3t-p, token: s3cr3t-t, \
                     card 4111 1111 1111 1111, db postgres://app:s3cr3t-d@db/todo";

#[test]
fn a_panic_leaks_nothing() {
    let outputs = Outputs::new();
    outputs.run(|monitor| drop(call::<Text>(&MonitorLayer::new(monitor), get("/"), || panic!("{LEAKY}"))));
    outputs.assert_clean();
}

#[test]
fn a_service_error_and_its_causes_leak_nothing() {
    let outputs = Outputs::new();
    outputs.run(|monitor| {
        let error = || Failure::new(LEAKY).because(Failure::new(LEAKY));
        let failing = service(|_| Err::<Response<Text>, BoxError>(error().into()));
        ready(MonitorLayer::new(monitor).layer(failing).oneshot(get("/"))).unwrap_err();
    });
    outputs.assert_clean();
}

#[test]
fn a_captured_error_leaks_nothing() {
    let outputs = Outputs::new();
    outputs.run(|monitor| {
        visit(monitor, get("/"), || {
            capture_error(&Failure::new(LEAKY));
            status(500, "")
        });
    });
    outputs.assert_clean();
}

#[test]
fn a_tag_leaks_nothing() {
    leaks_nothing_of(|| {
        scope::set_tag("note", LEAKY);
        scope::set_tag("session", "s3cr3t-s");
    });
}

#[test]
fn a_context_leaks_nothing() {
    leaks_nothing_of(|| {
        scope::set_context("form", serde_json::json!({"fields": [LEAKY], "apiKey": "s3cr3t-k", "pwd": 4711_0815}));
    });
}

#[test]
fn a_breadcrumb_leaks_nothing() {
    leaks_nothing_of(|| {
        let data = serde_json::json!({"sent": LEAKY});
        Breadcrumb::new(format!("mail to {LEAKY}"), LEAKY).data(data).add();
    });
}

#[test]
fn a_user_who_is_an_address_leaks_nothing() {
    leaks_nothing_of(|| scope::set_user("jo.doe@example.org"));
}

#[test]
fn a_user_agent_leaks_nothing() {
    leaks_nothing_in(get("/"), "user-agent", "bot (jo.doe@example.org) token=s3cr3t-u");
}

#[test]
fn an_identifier_of_the_client_leaks_nothing() {
    leaks_nothing_in(get("/"), "x-request-id", "token=s3cr3t-i");
}

/// artifact-keeper#544, tx-sitter#20: secrets of the query appear in the log.
#[test]
fn a_query_is_nowhere() {
    leaks_nothing_in(get("/todos?q=s3cr3t-q"), "accept", "*/*");
}

#[test]
fn a_path_is_shown_as_its_route() {
    leaks_nothing_in(get("/reset/s3cr3t-r"), "accept", "*/*");
}

#[test]
fn a_raw_path_is_shown_when_asked_for_and_masked() {
    let outputs = Outputs::with(|builder| builder.show_raw_paths(true));
    outputs.run(|monitor| visit(monitor, get("/mail/jo.doe@example.org,7?q=s3cr3t-q"), || status(500, "")));
    outputs.assert_clean();
    assert_eq!(outputs.log.request_line()["path"], "[Filtered],7");
}

#[test]
fn an_encoded_raw_path_is_masked() {
    for path in ["/fail/password%3Ds3cr3t-p", "/x/Bearer%20s3cr3t.eyJhbGciOi", "/mail/jo.doe%40example.org"] {
        let outputs = Outputs::with(|builder| builder.show_raw_paths(true));
        outputs.run(|monitor| visit(monitor, get(path), || status(500, "")));
        outputs.assert_clean();
        assert!(outputs.log.text().contains("[Filtered]"), "{}", outputs.log.text());
    }
}

/// A user agent is cut at 256 bytes; a message, a tag, a user, a breadcrumb and a context at 8 KiB. Each cut goes
/// through a secret.
#[test]
fn texts_are_masked_before_they_are_cut() {
    let secrets = ["postgres://admin:s3cr3t-d@db/todo", "4111 1111 1111 1111", "AKIAIOSFODNN7EXAMPLE"];
    for (secret, shown) in secrets.into_iter().flat_map(|secret| (8..secret.len()).map(move |shown| (secret, shown))) {
        let cut = |longest: usize| {
            format!("{}{} {secret} and more", "x".repeat(longest / 2), "y".repeat(longest / 2 - shown - 1))
        };
        let (monitor, memory) = watched_by(builder());
        let mut request = get("/");
        request.headers_mut().insert("user-agent", cut(256).parse().unwrap());
        let long = cut(8 * 1024);
        visit(&monitor, request, || {
            scope::set_tag("note", &long);
            scope::set_user(&long);
            Breadcrumb::new("mail", &long).data(serde_json::json!({ "sent": [long] })).add();
            scope::set_context("form", serde_json::json!({ "field": long }));
            capture_error(&Failure::new(&long));
            status(500, "")
        });
        let json = only_event(&monitor, &memory).to_json().to_string();
        for part in ["s3cr3", "4111 11", "AKIAIO"] {
            assert!(!json.contains(part), "{shown} of {secret}: {json}");
        }
        // In each of them, and in the message template used for grouping.
        assert_eq!(json.matches("xyyy").count(), 8, "{json}");
    }
}

#[test]
fn a_long_user_agent_is_cut_to_256_bytes() {
    let (monitor, memory) = watched_by(builder());
    let mut request = get("/");
    request.headers_mut().insert("user-agent", "curl/8 ".repeat(100).parse().unwrap());
    visit(&monitor, request, || status(500, ""));
    let event = only_event(&monitor, &memory);
    assert_eq!(event.scope.user_agent, "curl/8 ".repeat(100)[..256]);
}

#[test]
fn an_issue_as_json_holds_nothing_that_a_terminal_obeys() {
    let (monitor, memory) = watched_by(builder());
    monitor.capture_error(&Failure::new("a\u{85}b\u{9b}c\u{2028}d\u{202e}e\u{2066}f\u{feff}g\u{7f}"));
    only_event(&monitor, &memory);
    let json = escape::json(&monitor.issues()[0].to_json());
    assert!(json.contains("\\u202e") && !json.contains(escape::is_unsafe), "{json}");
}

#[test]
fn a_header_is_recorded_by_name_only() {
    let (monitor, memory) = watched_by(builder().redaction(Redaction::new().headers(["Accept-Language"])));
    let request = with(with(get("/"), "accept-language", "de"), "x-internal", "s3cr3t-h");
    visit(&monitor, request, || status(500, ""));
    let event = only_event(&monitor, &memory);
    assert_eq!(event.scope.contexts[0].1, serde_json::json!({"headers": {"accept-language": "de"}}));
    assert!(!event.to_json().to_string().contains("s3cr3t"));
}

#[test]
fn no_header_is_recorded_unless_named() {
    leaks_nothing_in(get("/"), "x-internal", "s3cr3t-h");
}

#[test]
fn a_recorded_header_whose_name_is_a_secret_is_masked() {
    let (monitor, memory) = watched_by(builder().redaction(Redaction::new().headers(["authorization"])));
    visit(&monitor, with(get("/"), "authorization", "s3cr3t-a"), || status(500, ""));
    assert!(!only_event(&monitor, &memory).to_json().to_string().contains("s3cr3t"));
}

#[test]
fn texts_that_before_report_adds_are_masked() {
    let (monitor, memory) = watched_by(builder().before_report(|mut event| {
        event.failure.message = LEAKY.to_owned();
        Some(event)
    }));
    visit(&monitor, get("/"), || status(500, ""));
    assert_clean(&only_event(&monitor, &memory).to_json().to_string());
}

#[test]
fn an_issue_leaks_nothing() {
    let (monitor, memory) = watched_by(builder());
    monitor.capture_error(&Failure::new(LEAKY));
    only_event(&monitor, &memory);
    assert_clean(&monitor.issues()[0].to_json().to_string());
}

/// RUSTSEC-2025-0055.
#[test]
fn a_line_break_of_the_client_begins_no_line_in_the_log() {
    let outputs = Outputs::new();
    outputs.run(|monitor| {
        let layer = MonitorLayer::new(monitor);
        call::<Text>(&layer, get("/"), || panic!("a\n{{\"level\":\"FATAL\"}}\u{1b}[31m"));
    });
    assert!(!outputs.log.text().contains("\n{\"level\"") && !outputs.log.text().contains('\u{1b}'));
}

#[test]
fn redaction_can_be_turned_off() {
    let (monitor, memory) = watched_by(builder().redaction(Redaction::off()));
    monitor.capture_error(&Failure::new(LEAKY));
    assert_eq!(only_event(&monitor, &memory).failure.message, LEAKY);
}

/// All outputs of a monitor.
struct Outputs {
    log: Log,
    memory: MemoryReporter,
    monitor: Monitor,
}

impl Outputs {
    fn new() -> Self {
        Self::with(|builder| builder)
    }

    fn with(set: impl FnOnce(monitor_kit::MonitorBuilder) -> monitor_kit::MonitorBuilder) -> Self {
        let log = Log::default();
        let (monitor, memory) = watched_by(set(builder().log(LogReporter::new().dispatch(log.dispatch()))));
        Self { log, memory, monitor }
    }

    /// Runs `f` and waits until all outputs are written.
    #[track_caller]
    fn run(&self, f: impl FnOnce(&Monitor)) {
        self.log.during(|| f(&self.monitor));
        flush(&self.monitor);
    }

    #[track_caller]
    fn assert_clean(&self) {
        let (events, errors) = (self.memory.events(), self.log.lines("monitor::error"));
        assert_eq!((events.len(), errors.len()), (1, 1), "{events:#?} {errors:#?}");
        self.log.request_line();
        assert_clean(&events[0].to_json().to_string());
        assert_clean(&self.log.text());
    }
}

/// Runs a handler that calls `f` and responds with 500.
#[track_caller]
fn leaks_nothing_of(f: impl Fn()) {
    let outputs = Outputs::new();
    outputs.run(|monitor| {
        visit(monitor, get("/"), || {
            f();
            status(500, "")
        });
    });
    outputs.assert_clean();
}

/// Sends the request with this header to a handler that responds with 500.
#[track_caller]
fn leaks_nothing_in(request: Request<()>, name: &'static str, value: &'static str) {
    let outputs = Outputs::new();
    outputs.run(|monitor| visit(monitor, with(request, name, value), || status(500, "")));
    outputs.assert_clean();
}

#[track_caller]
fn assert_clean(text: &str) {
    for secret in ["s3cr3t", "jo.doe", "example.org", "4111 1111", "47110815"] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
}

fn with(mut request: Request<()>, name: &'static str, value: &'static str) -> Request<()> {
    request.headers_mut().insert(name, http::HeaderValue::from_static(value));
    request
}
