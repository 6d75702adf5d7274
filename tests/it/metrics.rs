//! The metrics seen by Prometheus match the calls exactly.

use std::{
    collections::HashMap,
    future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::{Request, Response, header};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_exporter_prometheus::PrometheusBuilder;
use monitor_core::instrument;
use monitor_kit::{
    BoxError, FinalStatus, KnownMethod, Level, Limits, Monitor, MonitorLayer, Outcome, PrometheusEndpoint,
    metrics::{PrometheusBody, publish_to},
    names,
};
use tower::{Layer, ServiceExt};

use crate::support::{
    Log, Step, Text, builder, call, flush, get, monitor, next_frame, page, ready, script, serve, shows, status, text,
    visit,
};

#[test]
fn counts_are_the_calls_that_were_made() {
    let monitor = monitor();
    let layer = MonitorLayer::new(&monitor).route(|_| Some("/todos/{id}"));
    (0..3).for_each(|_| drop(call(&layer, get("/todos/1"), || status(200, ""))));
    (0..2).for_each(|_| drop(call(&layer, get("/todos/1"), || status(503, ""))));
    call::<Text>(&layer, get("/todos/1"), || panic!("boom"));
    let page = page(&monitor);
    let route = r#"http_request_method="GET",http_route="/todos/{id}""#;
    shows(&page, &format!("http_server_requests_started_total{{{route}}} 6"));
    shows(&page, &format!(r#"http_server_requests_total{{{route},http_response_status_code="200"}} 3"#));
    shows(&page, &format!(r#"http_server_requests_total{{{route},http_response_status_code="503"}} 2"#));
    shows(&page, &format!(r#"http_server_errors_total{{{route},error_type="503"}} 2"#));
    shows(&page, &format!(r#"http_server_errors_total{{{route},error_type="panic"}} 1"#));
    shows(&page, &format!("http_server_panics_total{{{route}}} 1"));
    shows(&page, &format!(r#"http_server_request_outcomes_total{{{route},outcome="completed"}} 5"#));
    shows(&page, &format!("http_server_active_requests{{{route}}} 0"));
}

#[test]
fn every_metric_says_what_it_is() {
    let page = page(&monitor());
    shows(&page, "# HELP http_server_ready_errors_total Errors and panics of poll_ready.");
    shows(&page, "# HELP app_build_info The release that runs; always 1.");
    shows(&page, "# TYPE process_start_time_seconds gauge");
}

#[test]
fn a_panic_in_the_body_is_among_the_panics() {
    let monitor = monitor();
    drop(call(&MonitorLayer::new(&monitor), get("/"), || -> Response<Text> { panic!("in call") }));
    let mut body = serve(&monitor, script([Step::Panic("in the body")])).into_body();
    next_frame(&mut body);
    shows(&page(&monitor), r#"http_server_panics_total{http_request_method="GET",http_route="_unmatched"} 2"#);
}

#[test]
fn a_route_that_is_not_declared_has_no_failures_before_the_first() {
    let monitor = monitor();
    visit(&monitor, get("/"), || status(200, ""));
    let page = page(&monitor);
    for name in [names::PANICS, names::ERRORS, names::UPGRADED, names::JOBS] {
        assert!(series_of(&page, name).is_empty(), "{name} is in\n{page}");
    }
    assert_eq!(series_of(&page, names::OUTCOMES).len(), 1, "{page}");
}

#[test]
fn a_request_in_flight_is_active() {
    let monitor = monitor();
    let _open = call(&MonitorLayer::new(&monitor), get("/"), || status(200, "unread"));
    shows(&page(&monitor), r#"http_server_active_requests{http_request_method="GET",http_route="_unmatched"} 1"#);
}

#[test]
fn a_cancelled_request_has_status_499_and_is_no_error() {
    let monitor = monitor();
    let recorder = instrument::recorder(&monitor).unwrap();
    let series = recorder.series(KnownMethod::Get, "/slow");
    recorder.start(series);
    recorder.end(series, FinalStatus::new(Outcome::Cancelled, 499), Duration::from_millis(1));
    let page = page(&monitor);
    shows(
        &page,
        r#"http_server_requests_total{http_request_method="GET",http_route="/slow",http_response_status_code="499"} 1"#,
    );
    assert!(series_of(&page, names::ERRORS).is_empty());
}

#[test]
fn a_declared_route_has_its_failures_at_0_before_any_request() {
    let monitor = builder().routes([("GET", "/error")]).build().unwrap();
    let page = page(&monitor);
    let route = r#"http_request_method="GET",http_route="/error""#;
    shows(&page, &format!(r#"http_server_errors_total{{{route},error_type="500"}} 0"#));
    shows(&page, &format!(r#"http_server_errors_total{{{route},error_type="panic"}} 0"#));
    shows(&page, &format!("http_server_panics_total{{{route}}} 0"));
}

/// metrics#604, axum-prometheus#24: a summary instead, unless buckets are set.
#[test]
fn the_histogram_has_every_duration_in_its_bucket() {
    let monitor = monitor();
    took(&monitor, [1, 5, 6, 80, 999, 1000, 20_000].map(Duration::from_millis));
    let page = page(&monitor);
    for (bound, count) in [("0.005", 2), ("0.01", 3), ("0.075", 3), ("0.1", 4), ("0.75", 4), ("1", 6), ("10", 6)] {
        shows(&page, &format!(r#"http_server_request_duration_seconds_bucket{{{TOOK},le="{bound}"}} {count}"#));
    }
    shows(&page, &format!(r#"http_server_request_duration_seconds_bucket{{{TOOK},le="+Inf"}} 7"#));
    shows(&page, &format!("http_server_request_duration_seconds_count{{{TOOK}}} 7"));
}

#[test]
fn the_sum_of_the_histogram_is_the_time_spent() {
    let monitor = monitor();
    took(&monitor, [1, 3, 70, 80, 20_000].map(Duration::from_millis));
    let sum = value(&page(&monitor), &format!("http_server_request_duration_seconds_sum{{{TOOK}}} "));
    assert!((sum - 20.154).abs() < 1e-6, "{sum}");
}

#[test]
fn a_second_scrape_adds_only_what_is_new() {
    let monitor = monitor();
    let endpoint = PrometheusEndpoint::local(&monitor);
    took(&monitor, [Duration::from_millis(1)]);
    let _ = endpoint.render();
    took(&monitor, [Duration::from_millis(1)]);
    shows(&endpoint.render(), &format!("http_server_request_duration_seconds_count{{{TOOK}}} 2"));
    shows(&endpoint.render(), &format!("http_server_request_duration_seconds_count{{{TOOK}}} 2"));
}

/// actix-web-prom#80, axum-prometheus#4, lemmy#4431: scanners create an unbounded number of series.
#[test]
fn ten_thousand_unknown_paths_are_one_series() {
    let monitor = monitor();
    let layer = MonitorLayer::new(&monitor);
    (0..10_000).for_each(|number| drop(call(&layer, get(&format!("/wp-{number}")), || status(404, ""))));
    let started = r#"http_server_requests_started_total{http_request_method="GET",http_route="_unmatched"} 10000"#;
    assert_eq!(series_of(&page(&monitor), names::STARTED), [started]);
}

/// actix-web-prom 0.10 takes any method that a client sends.
#[test]
fn unknown_methods_are_one_series() {
    let monitor = monitor();
    for method in ["BREW", "get", "X-1"] {
        visit(&monitor, Request::builder().method(method).uri("/").body(()).unwrap(), || status(200, ""));
    }
    let started = r#"http_server_requests_started_total{http_request_method="_OTHER",http_route="_unmatched"} 3"#;
    assert_eq!(series_of(&page(&monitor), names::STARTED), [started]);
}

/// In salvo#1700, poem 3.1, tower-otel 0.12 and axum-otel-metrics 0.14, the URL, `Host`, scheme or error text are
/// labels.
#[test]
fn nothing_a_client_sends_and_nothing_an_error_says_is_a_label() {
    let monitor = monitor();
    let request = Request::get("http://host-seen/path-seen?query-seen=1").header("host", "header-seen");
    let request = request.header("x-forwarded-proto", "proto-seen").header("user-agent", "agent-seen");
    let failing = tower::service_fn(|_| future::ready(Err::<Response<Text>, BoxError>("error-seen".into())));
    drop(ready(MonitorLayer::new(&monitor).layer(failing).oneshot(request.body(()).unwrap())));
    let page = page(&monitor);
    assert!(page.contains("service_error") && !page.contains("seen"), "{page}");
}

#[test]
fn past_the_limit_of_series_requests_overflow_and_are_counted() {
    let monitor = builder().limits(Limits::new().series(1)).build().unwrap();
    let layer = MonitorLayer::new(&monitor).route(|head| Some(head.uri.path()));
    ["/a", "/b", "/c"].into_iter().for_each(|path| drop(call(&layer, get(path), || status(200, ""))));
    let page = page(&monitor);
    shows(&page, r#"http_server_requests_started_total{http_request_method="_OTHER",http_route="_overflow"} 2"#);
    shows(&page, r#"monitor_dropped_total{reporter="traffic",reason="series_limit"} 2"#);
}

/// metrics#389: values recorded before the recorder is installed are lost.
#[test]
fn counts_from_before_the_endpoint_are_shown() {
    let monitor = monitor();
    took(&monitor, [Duration::from_millis(1)]);
    visit(&monitor, get("/"), || status(200, ""));
    let page = page(&monitor);
    shows(&page, &format!("http_server_request_duration_seconds_count{{{TOOK}}} 1"));
    shows(&page, r#"http_server_requests_started_total{http_request_method="GET",http_route="_unmatched"} 1"#);
}

/// metrics#465, axum-prometheus#51: samples accumulate until a scrape.
#[test]
fn a_hundred_thousand_unscraped_requests_are_shown_exactly() {
    let monitor = monitor();
    let endpoint = PrometheusEndpoint::local(&monitor);
    took(&monitor, (0..100_000).map(|number| Duration::from_micros(number % 20_000)));
    let page = endpoint.render();
    shows(&page, &format!("http_server_request_duration_seconds_count{{{TOOK}}} 100000"));
    shows(&page, &format!(r#"http_server_request_duration_seconds_bucket{{{TOOK},le="0.005"}} 25005"#));
    shows(&page, &format!(r#"http_server_request_duration_seconds_bucket{{{TOOK},le="0.025"}} 100000"#));
}

/// metrics#368, axum-prometheus#59: a global recorder hinders tests.
#[test]
fn a_recorder_of_the_users_own_gets_the_same_counts_at_the_latest_at_the_end() {
    let monitor = monitor();
    (0..3).for_each(|_| visit(&monitor, get("/"), || status(200, "")));
    let own = Counters::default();
    publish_to(&monitor, own.clone());
    assert!(monitor.shutdown(Duration::from_secs(5)));
    assert_eq!((own.sum(names::STARTED), own.sum(names::REQUESTS)), (3, 3));
}

#[test]
fn issues_and_drops_are_shown() {
    let monitor = builder().before_report(|event| (event.failure.message == "kept").then_some(event)).build().unwrap();
    monitor.capture_message("kept", Level::Error);
    monitor.capture_message("dropped", Level::Error);
    flush(&monitor);
    let page = page(&monitor);
    shows(&page, r#"monitor_issues_total{kind="message"} 1"#);
    shows(&page, r#"monitor_issues_total{kind="panic"} 0"#);
    shows(&page, r#"monitor_dropped_total{reporter="intake",reason="before_report"} 1"#);
}

#[test]
fn the_build_and_the_start_of_the_process_are_shown() {
    let monitor = builder().release("1.4.2").revision("feed").build().unwrap();
    let page = page(&monitor);
    shows(&page, r#"app_build_info{version="1.4.2",revision="feed"} 1"#);
    assert!(value(&page, "process_start_time_seconds ") > 1e9);
}

#[test]
fn the_endpoint_names_its_format() {
    let response = ask("GET");
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/plain; version=0.0.4; charset=utf-8");
    assert!(text(response).contains("# TYPE app_build_info gauge"));
}

#[test]
fn the_endpoint_only_reads() {
    let response = ask("POST");
    assert_eq!((response.status().as_u16(), &response.headers()[header::ALLOW]), (405, &"GET, HEAD".parse().unwrap()));
}

#[test]
fn a_head_request_renders_nothing() {
    let (monitor, reads) = (monitor(), Arc::new(AtomicU64::new(0)));
    let counted = Arc::clone(&reads);
    monitor.show_health(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        None
    });
    let endpoint = PrometheusEndpoint::local(&monitor);
    for (method, expected) in [("HEAD", 0), ("GET", 1)] {
        let response = ready(endpoint.clone().oneshot(Request::builder().method(method).body(()).unwrap())).unwrap();
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/plain; version=0.0.4; charset=utf-8");
        assert_eq!((text(response).is_empty(), reads.load(Ordering::Relaxed)), (expected == 0, expected), "{method}");
    }
}

/// A page that describes a name twice is rejected as a whole.
#[test]
fn a_metric_of_the_program_with_a_name_of_the_monitor_is_left_out_and_logged_once() {
    let recorder = PrometheusBuilder::new().build_recorder();
    metrics::with_local_recorder(&recorder, || {
        metrics::gauge!(names::HEALTH_READY).set(7.0);
        metrics::counter!("orders_total").increment(3);
        metrics::gauge!("flask_exporter_info").set(1.0);
    });
    let (endpoint, log) = (PrometheusEndpoint::with_handle(&monitor(), recorder.handle()), Log::default());
    for page in log.during(|| [endpoint.render(), endpoint.clone().render()]) {
        shows(&page, "orders_total 3");
        // Its name is the program's until the endpoint uses Flask's names.
        shows(&page, "flask_exporter_info 1");
        assert!(!page.contains(names::HEALTH_READY), "{page}");
    }
    let lines = log.lines("monitor");
    let warned: Vec<_> = lines.iter().map(|line| (line["level"].as_str(), line["family"].as_str())).collect();
    assert_eq!(warned, [(Some("WARN"), Some(names::HEALTH_READY))]);
}

#[test]
fn a_label_of_the_endpoint_is_in_every_line_of_the_monitor() {
    let monitor = monitor();
    visit(&monitor, get("/"), || status(200, ""));
    let endpoint = PrometheusEndpoint::local(&monitor).label("my-zone", "b").label("my-zone", "\"a\"");
    let page = endpoint.render();
    for line in page.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        assert_eq!(line.matches(r#"my_zone="\"a\"""#).count(), 1, "{line}");
    }
    shows(&page, r#"http_server_ready_errors_total{my_zone="\"a\""} 0"#);
}

#[test]
fn an_aborted_body_is_no_error() {
    let monitor = monitor();
    drop(serve(&monitor, script([Step::Data("a")])));
    assert!(series_of(&page(&monitor), names::ERRORS).is_empty());
}

const TOOK: &str = r#"http_request_method="GET",http_route="/took",http_response_status_code="200""#;

/// Records requests to `/took` with these durations.
fn took(monitor: &Monitor, durations: impl IntoIterator<Item = Duration>) {
    let recorder = instrument::recorder(monitor).expect("the monitor is enabled");
    for duration in durations {
        let series = recorder.series(KnownMethod::Get, "/took");
        recorder.start(series);
        recorder.end(series, FinalStatus::new(Outcome::Completed, 200), duration);
    }
}

fn ask(method: &str) -> Response<PrometheusBody> {
    let endpoint = PrometheusEndpoint::local(&monitor());
    let request = Request::builder().method(method).uri("/metrics").body(()).expect("the method is right");
    ready(endpoint.oneshot(request)).unwrap_or_else(|error| match error {})
}

#[track_caller]
fn value(page: &str, series: &str) -> f64 {
    let value = page.lines().find_map(|line| line.strip_prefix(series)).expect("the series is there");
    value.parse().expect("a number")
}

/// Returns the lines of the metric called `name`.
fn series_of<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    page.lines().filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']))).collect()
}

/// A recorder that stores counters.
#[derive(Clone, Debug, Default)]
struct Counters(Arc<Mutex<HashMap<Key, Arc<AtomicU64>>>>);

impl Counters {
    fn sum(&self, name: &str) -> u64 {
        let counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let named = counters.iter().filter(|(key, _)| key.name() == name);
        named.map(|(_, count)| count.load(Ordering::Relaxed)).sum()
    }
}

impl Recorder for Counters {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Counter::from_arc(Arc::clone(counters.entry(key.clone()).or_default()))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(Arc::new(AtomicU64::new(0)))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn a_dashboard_of_the_flask_exporter_keeps_working() {
    let monitor = builder().release("1.0.0").build().unwrap();
    let endpoint = PrometheusEndpoint::local(&monitor).flask_names();
    let layer = MonitorLayer::new(&monitor).route(|head| Some(head.uri.path()));
    call(&layer, get("/a"), || status(200, ""));
    call(&layer, get("/b"), || status(200, ""));
    assert!(series_of(&endpoint.render(), "flask_http_request_exceptions_total").is_empty(), "there was none yet");
    call(&layer, get("/b"), || -> Response<Text> { panic!("boom") });
    let shown = endpoint.render();
    for line in [
        "# HELP flask_http_request_total Requests that ended.",
        r#"flask_http_request_total{method="GET",status="200"} 2"#,
        r#"flask_http_request_total{method="GET",status="500"} 1"#,
        r#"flask_http_request_exceptions_total{method="GET",status="500"} 1"#,
        r#"flask_http_request_duration_seconds_count{method="GET",status="200",path="/b"} 1"#,
        r#"flask_exporter_info{version="1.0.0"} 1"#,
    ] {
        assert!(shown.lines().any(|other| other == line), "no line {line} in\n{shown}");
    }
}
