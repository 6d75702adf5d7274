//! A program with its own metrics recorder. The recorder is global, so this test has a binary of its own.

use metrics_exporter_prometheus::PrometheusBuilder;
use monitor_core::instrument;
use monitor_kit::{FinalStatus, KnownMethod, Monitor, Outcome, PrometheusEndpoint};

/// Returns a monitor that has counted this many requests.
fn monitor(requests: usize) -> Monitor {
    let monitor = Monitor::builder("shop").log(None).build().expect("the settings are good");
    let recorder = instrument::recorder(&monitor).expect("it is enabled");
    let series = recorder.series(KnownMethod::Get, "/items");
    for _ in 0..requests {
        recorder.start(series);
        recorder.end(series, FinalStatus::new(Outcome::Completed, 200), std::time::Duration::from_millis(1));
    }
    monitor
}

/// Returns the lines of the request counter.
fn counted(page: &str) -> Vec<&str> {
    page.lines().filter(|line| line.starts_with("http_server_requests_total{")).collect()
}

#[test]
fn it_is_left_alone_and_each_of_two_monitors_shows_its_own_requests_beside_it() {
    let recorder = PrometheusBuilder::new().add_global_label("zone", "a").build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).expect("there is none yet");
    metrics::counter!("items_sold_total").increment(7);
    let (first, second) = (monitor(3), monitor(1));

    let error = PrometheusEndpoint::install(&first).expect_err("it would take the program's place").to_string();
    assert!(error.contains("give its handle to PrometheusEndpoint::with_handle"), "{error}");

    let [first_endpoint, second_endpoint] =
        [&first, &second].map(|monitor| PrometheusEndpoint::with_handle(monitor, handle.clone()));
    let endpoints = [first_endpoint.label("zone", "b"), second_endpoint];
    for _ in 0..2 {
        let [first, second] = endpoints.each_ref().map(PrometheusEndpoint::render);
        let labels = r#"http_request_method="GET",http_route="/items",http_response_status_code="200""#;
        assert_eq!(counted(&first), [format!(r#"http_server_requests_total{{zone="b",{labels}}} 3"#)]);
        assert_eq!(counted(&second), [format!("http_server_requests_total{{{labels}}} 1")]);
        for page in [first, second] {
            assert_eq!(page.matches("\nitems_sold_total{zone=\"a\"} 7\n").count(), 1, "{page}");
        }
    }
    assert!(PrometheusEndpoint::local(&second).render().contains("/items"));
}
