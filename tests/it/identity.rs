//! Every response has a request ID of its own; a harmless ID of the client is recorded next to it.

use std::convert::Infallible;

use http::{Request, Response};
use http_body::Body;
use monitor_kit::{Monitor, MonitorLayer, RequestIdLayer, scope};
use tower::{Layer, ServiceExt};

use crate::support::{
    Log, Text, call, get, monitor, only_event, ready, script, serve, service, status, visit, watched,
};

#[test]
fn every_response_carries_an_identifier() {
    assert_is_identifier(id(&serve(&monitor(), status(404, "no such todo"))));
}

/// With tower-http 0.7.1 the ID is missing if the panic is caught further out.
#[test]
fn the_answer_to_a_panic_carries_it_too() {
    let monitor = monitor();
    let response = call::<Text>(&MonitorLayer::new(&monitor), get("/"), || panic!("boom"));
    assert_is_identifier(id(&response));
}

#[test]
fn no_two_requests_share_an_identifier() {
    let monitor = monitor();
    let (first, second) = (serve(&monitor, status(200, "")), serve(&monitor, status(200, "")));
    assert_ne!(id(&first), id(&second));
}

#[test]
fn an_identifier_set_by_the_service_is_replaced() {
    let mut response = status(200, "");
    response.headers_mut().insert("x-request-id", "mine".parse().unwrap());
    let response = serve(&monitor(), response);
    assert_is_identifier(id(&response));
    assert_eq!(response.headers().get_all("x-request-id").iter().count(), 1);
}

/// tower-http#351: the span lacks the ID.
#[test]
fn the_service_sees_the_identifier_in_its_scope() {
    let mut seen = None;
    let watched = MonitorLayer::new(&monitor()).layer(service(|_| {
        seen = scope::current().map(|scope| scope.id().to_string());
        Ok::<_, Infallible>(status(200, ""))
    }));
    let response = ready(watched.oneshot(get("/"))).unwrap();
    assert_eq!(seen.as_deref(), Some(id(&response)));
}

/// salvo#1583, SecuScan#2013: any ID from a client is accepted.
#[test]
fn a_new_identifier_is_made_whatever_the_client_sends() {
    let monitor = monitor();
    let sent = "6f9619ff-8b86-4011-b42d-00cf4fc964ff";
    let response = call(&MonitorLayer::new(&monitor), identified(&[sent]), || status(200, ""));
    assert_ne!(id(&response), sent);
}

#[test]
fn the_clients_id_is_in_the_log() {
    let log = Log::default();
    let monitor = monitor();
    log.during(|| visit(&monitor, identified(&["edge-17"]), || status(200, "")));
    assert_eq!(log.request_line()["client_request_id"], "edge-17");
}

#[test]
fn the_clients_id_is_in_the_event() {
    let (monitor, memory) = watched();
    visit(&monitor, identified(&["edge-17"]), || status(500, ""));
    assert_eq!(only_event(&monitor, &memory).scope.client_request_id, "edge-17");
}

/// tower-http 0.7.1 echoes it.
#[test]
fn an_identifier_of_16_kilobytes_is_not_kept() {
    let long = "a".repeat(16 * 1024);
    assert_dropped(&[&long]);
}

/// tower-http 0.7.1 takes the first one.
#[test]
fn two_ids_of_the_client_are_both_dropped() {
    assert_dropped(&["edge-17", "edge-18"]);
}

#[test]
fn an_id_with_quotes_is_dropped() {
    assert_dropped(&["{\"level\":\"fatal\"}"]);
}

#[test]
fn the_duration_to_the_head_is_in_milliseconds_with_two_places() {
    let response = serve(&monitor(), status(200, ""));
    let text = response.headers()["x-request-duration"].to_str().unwrap();
    let (whole, places) = text.strip_suffix("ms").unwrap().split_once('.').unwrap();
    assert!(whole.parse::<u64>().is_ok() && places.len() == 2 && places.parse::<u8>().is_ok(), "{text}");
}

#[test]
fn the_answer_to_a_panic_says_how_long_it_took() {
    let response = call::<Text>(&MonitorLayer::new(&monitor()), get("/"), || panic!("boom"));
    assert!(response.headers().contains_key("x-request-duration"));
}

#[test]
fn one_call_leaves_the_duration_out() {
    let layer = MonitorLayer::new(&monitor()).request_duration_header(false);
    let response = call(&layer, get("/"), || status(200, ""));
    assert!(!response.headers().contains_key("x-request-duration"));
    assert_is_identifier(id(&response));
}

#[test]
fn the_identifier_layer_alone_sets_nothing_else() {
    let watched = RequestIdLayer::new().layer(service(|_| Ok::<_, Infallible>(script([]))));
    let response = ready(watched.oneshot(get("/"))).unwrap();
    assert_is_identifier(id(&response));
    assert_eq!(response.headers().len(), 1);
}

#[test]
fn nested_layers_share_the_identifier() {
    let mut seen = None;
    let inner = MonitorLayer::new(&monitor()).layer(service(|_| {
        seen = scope::current().map(|scope| scope.id().to_string());
        Ok::<_, Infallible>(status(200, ""))
    }));
    let response = ready(RequestIdLayer::new().layer(inner).oneshot(get("/"))).unwrap();
    assert_eq!(seen.as_deref(), Some(id(&response)));
}

#[test]
fn requests_within_one_job_have_an_identifier_each() {
    let monitor = monitor();
    let ask = || id(&call(&MonitorLayer::new(&monitor), get("/"), || status(200, ""))).to_owned();
    let ids = ready(monitor.job("consumer", async { Ok::<_, std::fmt::Error>([ask(), ask()]) })).unwrap();
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn the_identifier_layer_alone_within_a_job_hides_neither_its_identifier_nor_the_monitor() {
    let (monitor, memory) = watched();
    let mut seen = None;
    let service = service(|_| {
        seen = scope::current().map(|scope| scope.id().to_string());
        monitor_kit::capture_message("stock is low", monitor_kit::Level::Warn);
        Ok::<_, Infallible>(status(200, ""))
    });
    let ask = async { RequestIdLayer::new().layer(service).oneshot(get("/")).await };
    let response = ready(monitor.job("consumer", ask)).unwrap();
    assert_eq!(seen.as_deref(), Some(id(&response)));
    assert_eq!(only_event(&monitor, &memory).failure.message, "stock is low");
}

#[test]
fn the_identifier_layer_inside_does_not_hide_the_monitor() {
    let (monitor, memory) = watched();
    let inner = RequestIdLayer::new().layer(service(|_| {
        scope::set_user("42");
        monitor_kit::capture_message("stock is low", monitor_kit::Level::Warn);
        Ok::<_, Infallible>(status(200, ""))
    }));
    ready(MonitorLayer::new(&monitor).layer(inner).oneshot(get("/"))).unwrap();
    assert_eq!(only_event(&monitor, &memory).scope.user.as_deref(), Some("42"));
}

#[test]
fn data_written_inside_a_request_id_layer_is_in_the_outer_line() {
    let (log, monitor) = (Log::default(), monitor());
    let inner = RequestIdLayer::new().layer(service(|_| {
        scope::set_user("42");
        Ok::<_, Infallible>(status(200, ""))
    }));
    log.during(|| drop(ready(MonitorLayer::new(&monitor).layer(inner).oneshot(get("/"))).unwrap()));
    assert_eq!(log.request_line()["user_id"], "42");
}

#[test]
fn a_disabled_monitor_sets_no_header() {
    let response = serve(&Monitor::disabled(), status(200, "through"));
    assert!(response.headers().is_empty());
}

#[track_caller]
fn id<B: Body>(response: &Response<B>) -> &str {
    response.headers()["x-request-id"].to_str().expect("it is plain text")
}

/// Asserts that the ID is a hyphenated UUID in lower case.
#[track_caller]
fn assert_is_identifier(id: &str) {
    let lengths: Vec<_> = id.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
    assert!(id.bytes().all(|byte| matches!(byte, b'-' | b'0'..=b'9' | b'a'..=b'f')), "{id}");
}

fn identified(values: &[&str]) -> Request<()> {
    let request = values.iter().fold(Request::get("/"), |request, value| request.header("X-Request-ID", *value));
    request.body(()).expect("the headers are right")
}

#[track_caller]
fn assert_dropped(values: &[&str]) {
    let log = Log::default();
    let (monitor, memory) = watched();
    log.during(|| visit(&monitor, identified(values), || status(500, "")));
    assert_eq!(log.request_line().get("client_request_id"), None);
    assert_eq!(only_event(&monitor, &memory).scope.client_request_id, "");
}
