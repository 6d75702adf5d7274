//! Optional metrics of a response: the time to the first byte and the size of the body.

use std::time::Duration;

use http::{Request, Response, StatusCode};
use http_body::Body;
use monitor_kit::{Monitor, MonitorLayer, clock, traffic::BucketCount};
use tower::{Layer, ServiceExt};

use crate::support::{
    Failure, Step, Text, builder, call, get, next_frame, page, ready, script, serve, service, shows, status, text,
};

/// axum-prometheus 0.10.1 observes the running total at each chunk: five observations, 1500 in total.
#[test]
fn a_stream_of_five_times_100_bytes_is_one_observation_of_500() {
    let monitor = measuring();
    const HUNDRED: &str =
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789";
    text(serve(&monitor, script([Step::Data(HUNDRED); 5])));
    assert_body_sizes(&monitor, 200, 1, 500);
}

/// axum-prometheus 0.10.1 never observes an empty body.
#[test]
fn an_empty_body_is_an_observation_of_0() {
    let monitor = measuring();
    drop(serve(&monitor, status(200, "")));
    assert_body_sizes(&monitor, 200, 1, 0);
}

#[test]
fn a_body_dropped_midway_counts_what_it_gave() {
    let monitor = measuring();
    let mut body = serve(&monitor, script([Step::Data("four"), Step::Data("more")])).into_body();
    next_frame(&mut body);
    drop(body);
    assert_body_sizes(&monitor, 200, 1, 4);
}

#[test]
fn the_answer_to_head_sends_no_body() {
    let monitor = measuring();
    let request = Request::head("/").body(()).unwrap();
    drop(call(&MonitorLayer::new(&monitor), request, || status(200, "left out by the server")));
    assert_body_sizes(&monitor, 200, 1, 0);
}

#[test]
fn a_problem_of_ours_has_its_size_too() {
    let monitor = measuring();
    let panicked = text(call::<Text>(&MonitorLayer::new(&monitor), get("/"), || panic!("boom")));
    assert_body_sizes(&monitor, 500, 1, panicked.len());
    let bare = text(call(&MonitorLayer::new(&monitor), get("/"), || status(503, "")));
    assert_body_sizes(&monitor, 503, 1, bare.len());
    let failing = service(|_| Err::<Response<Text>, _>(Failure::new("no stock")));
    let layer = MonitorLayer::new(&monitor).respond_to_errors().error_status(|_: &Failure| Some(StatusCode::CONFLICT));
    let answered = text(ready(layer.layer(failing).oneshot(get("/"))).unwrap());
    assert_body_sizes(&monitor, 409, 1, answered.len());
}

#[test]
fn a_request_without_a_response_is_not_measured() {
    let monitor = measuring();
    let failing = service(|_| Err::<Response<Text>, _>(Failure::new("no stock")));
    ready(MonitorLayer::new(&monitor).layer(failing).oneshot(get("/"))).unwrap_err();
    let route = monitor.traffic().unwrap().read().remove(0);
    assert_eq!(route.statuses[0].count(), 1);
    assert!(route.statuses[0].first_bytes.is_none() && route.statuses[0].sizes.is_none());
}

/// WaveHouse#421, traefik#2905: the lifetime of a stream is not a latency. drive9#734: omitting streams hides the
/// latency.
#[test]
fn a_stream_has_its_time_to_the_first_byte_apart_from_its_lifetime() {
    let monitor = measuring();
    let response = serve(&monitor, script([Step::Data("data: tick\n\n"); 3]));
    let header = response.headers()["x-request-duration"].to_str().unwrap().trim_end_matches("ms").to_owned();
    let head = clock::now();
    while head.elapsed() < Duration::from_millis(2) {
        std::hint::spin_loop();
    }
    text(response);
    let status = monitor.traffic().unwrap().read().remove(0).statuses.remove(0);
    let nanos = |buckets: &[BucketCount]| buckets.iter().map(|bucket| bucket.sum).sum::<u64>();
    let (first_byte, total) = (nanos(&status.first_bytes.unwrap()), nanos(&status.buckets));
    assert!(total - first_byte >= 2_000_000, "{first_byte} and {total}");
    assert_eq!(format!("{:.2}", first_byte as f64 / 1e6), header, "the same time as the header says");
    shows(&page(&monitor), &format!("http_server_time_to_first_byte_seconds_count{{{LABELS}=\"200\"}} 1"));
}

#[test]
fn nothing_is_measured_unless_asked_for() {
    let monitor = crate::support::monitor();
    text(serve(&monitor, status(200, "four")));
    let page = page(&monitor);
    assert!(!page.contains("first_byte") && !page.contains("body_size"), "{page}");
}

#[test]
fn a_measured_body_still_says_how_long_it_is() {
    let body = serve(&measuring(), status(200, "four")).into_body();
    assert_eq!(body.size_hint().exact(), Some(4));
}

const LABELS: &str = r#"http_request_method="GET",http_route="_unmatched",http_response_status_code"#;

fn measuring() -> Monitor {
    builder().time_to_first_byte(true).response_body_size(true).build().expect("the settings are right")
}

#[track_caller]
fn assert_body_sizes(monitor: &Monitor, status: u16, count: usize, sum: usize) {
    let page = page(monitor).replace(r#"method="HEAD""#, r#"method="GET""#);
    shows(&page, &format!("http_server_response_body_size_bytes_count{{{LABELS}=\"{status}\"}} {count}"));
    shows(&page, &format!("http_server_response_body_size_bytes_sum{{{LABELS}=\"{status}\"}} {sum}"));
}
