//! An error is captured once, counted exactly, and bounded in size.

use std::{convert::Infallible, sync::mpsc};

use http::Response;
use monitor_kit::{
    AttachedError, BoxError, CaptureExt, CatchPanicLayer, DropReason, ErrorEvent, ErrorSettings, EventKind, Level,
    Limits, Monitor, MonitorLayer, RequestIdLayer, Scope, capture_error, capture_message, scope,
};
use tower::{Layer, ServiceExt};

use crate::support::{
    Failure, Text, assert_nothing_captured, builder, call, causes, dropped, flush, get, only_event, ready, service,
    status, text, visit, watched, watched_by,
};

#[test]
fn a_service_error_is_captured_with_its_chain() {
    let (monitor, memory) = watched();
    fail(&MonitorLayer::new(&monitor), || charge_failed().into());
    let event = only_event(&monitor, &memory);
    assert_eq!(
        (event.failure.kind, event.failure.handled, &*event.failure.message),
        (EventKind::ServiceError, false, "charge failed")
    );
    assert_eq!(causes(&event), ["bank did not answer", "timed out"]);
}

#[test]
fn an_error_that_is_no_box_is_described_by_a_function() {
    let (monitor, memory) = watched_by(builder().errors(ErrorSettings::new().error_wrapper(|error: &Failure| error)));
    let failing = MonitorLayer::new(&monitor).layer(service(|_| Err::<Response<Text>, _>(charge_failed())));
    ready(failing.oneshot(get("/"))).unwrap_err();
    let event = only_event(&monitor, &memory);
    assert_eq!(causes(&event), ["bank did not answer", "timed out"]);
    assert!(event.failure.type_name.ends_with("support::Failure"), "{}", event.failure.type_name);
}

#[test]
fn an_attached_error_is_handled_and_has_its_place() {
    let (monitor, memory) = watched();
    let line = line!() + 1;
    visit(&monitor, get("/"), || with_attached(500, AttachedError::new(&charge_failed())));
    let event = only_event(&monitor, &memory);
    assert_eq!(
        (event.failure.kind, event.failure.handled, &*event.failure.message),
        (EventKind::Error, true, "charge failed")
    );
    assert_eq!(event.failure.chain.len(), 2);
    assert_eq!(event.failure.location.as_ref().map(|location| location.line), Some(line));
}

#[test]
fn an_attached_error_is_taken_out_of_the_response() {
    let (monitor, _) = watched();
    let layer = MonitorLayer::new(&monitor);
    let response = call(&layer, get("/"), || with_attached(500, AttachedError::new(&charge_failed())));
    assert!(response.extensions().get::<AttachedError>().is_none());
}

#[test]
fn a_bare_500_is_one_issue_a_route() {
    let (monitor, _) = watched();
    let layer = MonitorLayer::new(&monitor).route(|head| Some(head.uri.path()));
    for path in ["/a", "/b", "/a"] {
        call(&layer, get(path), || status(500, ""));
    }
    flush(&monitor);
    let mut issues: Vec<_> =
        monitor.issues().into_iter().map(|issue| (issue.routes[0].clone(), issue.kind, issue.count)).collect();
    issues.sort_unstable();
    let expected = [("/a", EventKind::Status, 2), ("/b", EventKind::Status, 1)];
    assert_eq!(issues, expected.map(|(route, kind, count)| (route.to_owned(), kind, count)));
}

#[test]
fn a_500_the_client_did_not_wait_for_is_no_issue() {
    let (monitor, memory) = watched();
    drop(call(&MonitorLayer::new(&monitor), get("/"), || status(500, "unread")));
    assert_nothing_captured(&monitor, &memory);
}

#[test]
fn a_404_is_no_issue() {
    let (monitor, memory) = watched();
    visit(&monitor, get("/"), || status(404, ""));
    assert_nothing_captured(&monitor, &memory);
}

#[test]
fn a_500_explained_by_a_captured_error_is_no_issue_of_its_own() {
    let (monitor, memory) = watched();
    visit(&monitor, get("/"), || {
        capture_error(&charge_failed());
        status(500, "")
    });
    assert_eq!(only_event(&monitor, &memory).failure.kind, EventKind::Error);
}

#[test]
fn an_error_captured_and_then_returned_is_captured_once() {
    let (monitor, memory) = watched();
    fail(&MonitorLayer::new(&monitor), || {
        let error = charge_failed();
        capture_error(&error);
        error.into()
    });
    assert_eq!(only_event(&monitor, &memory).failure.kind, EventKind::Error);
}

#[test]
fn an_error_captured_wrapped_and_then_returned_is_captured_once() {
    let (monitor, memory) = watched();
    fail(&MonitorLayer::new(&monitor), || {
        let error = charge_failed();
        capture_error(&error);
        Failure::new("the order was not placed").because(error).into()
    });
    assert_eq!(only_event(&monitor, &memory).failure.kind, EventKind::Error);
}

#[test]
fn an_error_captured_after_many_tries_and_then_returned_is_captured_once() {
    let (monitor, memory) = watched();
    fail(&MonitorLayer::new(&monitor), || {
        for number in 0..40 {
            capture_error(&Failure::new(if number % 2 == 0 { "try again" } else { "and again" }));
        }
        let error = charge_failed();
        capture_error(&error);
        error.into()
    });
    flush(&monitor);
    let last = memory.events().iter().filter(|event| event.failure.message == charge_failed().text).count();
    assert_eq!(last, 1);
}

#[test]
fn an_attached_error_is_captured_through_layers_that_capture_nothing() {
    let (monitor, memory) = watched();
    let inner = service(|_| Ok::<_, Infallible>(with_attached(500, AttachedError::new(&charge_failed()))));
    let inner = CatchPanicLayer::new(&monitor).layer(RequestIdLayer::new().layer(inner));
    text(ready(MonitorLayer::new(&monitor).layer(inner).oneshot(get("/"))).unwrap());
    assert_eq!(only_event(&monitor, &memory).failure.message, charge_failed().text);
}

#[test]
fn an_error_captured_by_one_monitor_is_captured_by_another() {
    let ((one, ours), (other, theirs)) = (watched(), watched());
    fail(&MonitorLayer::new(&one), || {
        let error = charge_failed();
        other.capture_error(&error);
        error.into()
    });
    assert_eq!(
        (only_event(&one, &ours).failure.kind, only_event(&other, &theirs).failure.kind),
        (EventKind::ServiceError, EventKind::Error)
    );
}

#[test]
fn a_long_error_captured_and_then_returned_is_captured_once() {
    let (monitor, memory) = watched();
    fail(&MonitorLayer::new(&monitor), || {
        let error = Failure::new(&"ä".repeat(10_000));
        capture_error(&error);
        error.into()
    });
    only_event(&monitor, &memory);
}

#[test]
fn two_different_errors_of_one_request_are_both_captured() {
    let (monitor, memory) = watched();
    fail(&MonitorLayer::new(&monitor), || {
        capture_error(&Failure::new("cache is cold"));
        charge_failed().into()
    });
    flush(&monitor);
    assert_eq!(memory.events().len(), 2);
}

#[test]
fn nested_layers_capture_a_service_error_once() {
    let (monitor, memory) = watched();
    let layer = MonitorLayer::new(&monitor);
    let failing = layer.layer(service(|_| Err::<Response<Text>, BoxError>(charge_failed().into())));
    ready(layer.layer(failing).oneshot(get("/"))).unwrap_err();
    assert_eq!(only_event(&monitor, &memory).failure.kind, EventKind::ServiceError);
}

#[test]
fn an_error_of_any_length_is_cut() {
    let (monitor, memory) = watched();
    let failing = MonitorLayer::new(&monitor).layer(service(|_| Err::<Response<Text>, _>("x".repeat(1 << 20))));
    ready(failing.oneshot(get("/"))).unwrap_err();
    assert!(only_event(&monitor, &memory).failure.message.len() < 10_000);
}

#[test]
fn a_result_is_captured_on_its_way() {
    let (monitor, memory) = watched();
    let line = line!() + 1;
    let result = Scope::new(&monitor).in_scope(|| "x".parse::<u8>().capture());
    assert!(result.is_err());
    let event = only_event(&monitor, &memory);
    assert_eq!(
        (event.failure.handled, event.failure.location.as_ref().map(|location| location.line)),
        (true, Some(line))
    );
}

#[test]
fn a_result_without_an_error_is_left_alone() {
    let (monitor, memory) = watched();
    assert_eq!(Scope::new(&monitor).in_scope(|| "7".parse::<u8>().capture()), Ok(7));
    assert_nothing_captured(&monitor, &memory);
}

#[test]
fn outside_a_scope_only_the_monitor_captures() {
    let (monitor, memory) = watched();
    capture_error(&Failure::new("lost"));
    monitor.capture_error(&Failure::new("kept"));
    assert_eq!(only_event(&monitor, &memory).failure.message, "kept");
}

#[test]
fn data_of_the_scope_is_in_the_event() {
    let (monitor, memory) = watched();
    visit(&monitor, get("/"), || {
        scope::set_user("42");
        scope::set_tag("tier", "premium");
        scope::add_breadcrumb("cache", "miss");
        status(500, "")
    });
    let scope = &only_event(&monitor, &memory).scope;
    assert_eq!(scope.user.as_deref(), Some("42"));
    assert_eq!(scope.tags, [(String::from("tier"), String::from("premium"))]);
    assert_eq!(scope.breadcrumbs[0].message, "miss");
}

#[test]
fn an_error_storm_is_counted_exactly_and_stored_within_bounds() {
    let (monitor, memory) = watched();
    let error = charge_failed();
    Scope::new(&monitor).in_scope(|| (0..100_000).for_each(|_| capture_error(&error)));
    flush(&monitor);
    let issue = &monitor.issues()[0];
    assert_eq!((monitor.issues().len(), issue.count), (1, 100_000));
    assert!(issue.samples.len() <= 21, "{}", issue.samples.len());
    let reported = memory.events().len() as u64;
    assert!(reported >= 10, "{reported}");
    assert_eq!(dropped(&monitor, "intake", DropReason::Throttled), 100_000 - reported);
}

#[test]
fn past_the_limit_the_issue_least_recently_seen_goes() {
    let (monitor, _) = watched_by(builder().limits(Limits::new().issues(2)));
    let capture: [fn(&Monitor); 3] = [
        |monitor| monitor.capture_message("first", Level::Error),
        |monitor| monitor.capture_message("second", Level::Error),
        |monitor| monitor.capture_message("third", Level::Error),
    ];
    for number in [0, 1, 0, 2] {
        capture[number](&monitor);
        flush(&monitor);
    }
    let left: Vec<_> = monitor.issues().into_iter().map(|issue| (issue.message, issue.count)).collect();
    assert_eq!(left, [(String::from("third"), 1), (String::from("first"), 2)]);
    assert_eq!(dropped(&monitor, "intake", DropReason::IssueLimit), 1);
}

#[test]
fn past_the_limit_of_sources_an_error_is_dropped_and_counted() {
    let (monitor, memory) = watched_by(builder().limits(Limits::new().sites(1)));
    monitor.capture_message("first", Level::Error);
    monitor.capture_message("second", Level::Error);
    assert_eq!(only_event(&monitor, &memory).failure.message, "first");
    assert_eq!(dropped(&monitor, "intake", DropReason::SourceLimit), 1);
    call::<Text>(&MonitorLayer::new(&monitor), get("/"), || panic!("third"));
    assert_eq!(dropped(&monitor, "intake", DropReason::SourceLimit), 2, "a panic is looked up by the hook as well");
}

#[test]
fn each_affected_user_is_counted_once() {
    let (monitor, _) = watched();
    for user in ["1", "2", "1"] {
        visit(&monitor, get("/"), || {
            scope::set_user(user);
            status(500, "")
        });
    }
    flush(&monitor);
    assert_eq!((monitor.issues()[0].count, monitor.issues()[0].users_affected), (3, 2));
}

#[test]
fn before_report_may_change_an_event() {
    let change = |mut event: ErrorEvent| {
        event.failure.message = String::from("changed");
        Some(event)
    };
    let (monitor, memory) = watched_by(builder().before_report(change));
    monitor.capture_error(&charge_failed());
    assert_eq!(only_event(&monitor, &memory).failure.message, "changed");
}

#[test]
fn an_error_that_before_report_drops_is_counted_and_opens_no_issue() {
    let (monitor, memory) = watched_by(builder().before_report(|_| None));
    monitor.capture_error(&charge_failed());
    assert_nothing_captured(&monitor, &memory);
    assert_eq!(dropped(&monitor, "intake", DropReason::BeforeReport), 1);
}

#[test]
fn an_issue_counts_no_event_that_before_report_dropped() {
    let mut calls = 0;
    let (monitor, _) = watched_by(builder().before_report(move |event| {
        calls += 1;
        (calls != 2).then_some(event)
    }));
    for _ in 0..3 {
        monitor.capture_error(&charge_failed());
        flush(&monitor);
    }
    assert_eq!(monitor.issues()[0].count, 2);
}

#[test]
fn an_event_counted_before_it_was_dropped_is_made_up_for() {
    let ((ask, asked), (answer, answers)) = (mpsc::channel(), mpsc::channel());
    let (monitor, _) = watched_by(builder().before_report(move |event| {
        ask.send(()).unwrap();
        answers.recv().unwrap_or(true).then_some(event)
    }));
    for keep in [true, false, true] {
        monitor.capture_error(&charge_failed());
        asked.recv().unwrap();
        let _ = monitor.issues();
        answer.send(keep).unwrap();
        flush(&monitor);
        let _ = monitor.issues();
    }
    assert_eq!(monitor.issues()[0].count, 2);
}

#[test]
fn an_event_goes_on_as_it_was_when_before_report_panics() {
    let (monitor, memory) = watched_by(builder().before_report(|mut event| {
        event.failure.message.clear();
        std::panic::resume_unwind(Box::new("in before_report"))
    }));
    monitor.capture_error(&charge_failed());
    assert_eq!(only_event(&monitor, &memory).failure.message, "charge failed");
    assert_eq!(dropped(&monitor, "intake", DropReason::BeforeReportPanicked), 1);
}

#[test]
fn a_failure_of_an_untracked_request_is_dropped_and_counted() {
    let (monitor, memory) = watched();
    visit(&monitor, get("/health"), || {
        capture_error(&charge_failed());
        status(503, "")
    });
    assert_nothing_captured(&monitor, &memory);
    assert_eq!(dropped(&monitor, "intake", DropReason::Untracked), 1);
}

fn charge_failed() -> Failure {
    let cause = Failure::new("bank did not answer").because(Failure::new("timed out"));
    Failure::new("charge failed").because(cause)
}

fn with_attached(code: u16, error: AttachedError) -> Response<Text> {
    let mut response = status(code, "");
    response.extensions_mut().insert(error);
    response
}

#[track_caller]
fn fail(layer: &MonitorLayer, mut error: impl FnMut() -> BoxError) {
    let failing = layer.layer(service(move |_| Err::<Response<Text>, BoxError>(error())));
    assert!(ready(failing.oneshot(get("/"))).is_err());
}

#[test]
fn a_message_below_error_does_not_explain_a_500() {
    let (monitor, memory) = watched();
    visit(&monitor, get("/"), || {
        capture_message("about to answer", Level::Info);
        status(500, "")
    });
    flush(&monitor);
    let kinds: Vec<_> = memory.events().iter().map(|event| event.failure.kind).collect();
    assert_eq!(kinds, [EventKind::Message, EventKind::Status]);
}

#[test]
fn different_errors_from_one_place_are_issues_of_their_own() {
    let (monitor, _) = watched();
    for text in ["payment refused", "stock down", "payment refused", "row 7 gone", "row 8 gone"] {
        monitor.capture_error(&Failure::new(text));
    }
    flush(&monitor);
    let mut issues: Vec<_> = monitor.issues().into_iter().map(|issue| (issue.message, issue.count)).collect();
    issues.sort();
    let expected = [("payment refused", 2), ("row 7 gone", 2), ("stock down", 1)];
    assert_eq!(issues, expected.map(|(text, count)| (text.to_owned(), count)));
}
