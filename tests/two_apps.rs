//! An application that is built twice in one process. The metrics recorder is global, so this test has a binary of its
//! own.

use axum::{Router, body::Body, routing::get};
use http::Request;
use http_body_util::BodyExt;
use monitor_kit::{Monitor, MonitorLayer, PrometheusEndpoint};
use tower::ServiceExt;

fn app() -> Router {
    let monitor =
        Monitor::builder("shop").log(None).routes([("GET", "/items")]).build().expect("the settings are good");
    Router::new()
        .route("/items", get(|| async { metrics::counter!("items_sold_total").increment(1) }))
        .route_service("/metrics", PrometheusEndpoint::install(&monitor).expect("a recorder is installed once"))
        .layer(MonitorLayer::new(&monitor))
}

async fn ask(app: &Router, path: &str) -> String {
    let request = Request::get(path).body(Body::empty()).expect("a request");
    let response = app.clone().oneshot(request).await.expect("infallible");
    let body = response.into_body().collect().await.expect("a whole body").to_bytes();
    String::from_utf8_lossy(&body).into_owned()
}

/// Asserts that `page` shows `requests` of this application, and `sold` items of all applications.
#[track_caller]
fn shows(page: &str, requests: u32, sold: u32) {
    let labels = r#"http_request_method="GET",http_route="/items",http_response_status_code="200""#;
    for line in [
        format!("http_server_requests_total{{{labels}}} {requests}"),
        format!("http_server_request_duration_seconds_count{{{labels}}} {requests}"),
        format!("items_sold_total {sold}"),
        String::from("# TYPE http_server_requests_total counter"),
        String::from("# TYPE items_sold_total counter"),
    ] {
        assert_eq!(page.lines().filter(|other| **other == line).count(), 1, "{line} in\n{page}");
    }
}

#[tokio::test]
async fn each_of_two_applications_shows_its_own_requests_and_what_the_program_counts() {
    let (first, second) = (app(), app());
    for _ in 0..3 {
        ask(&first, "/items").await;
    }
    ask(&second, "/items").await;
    for _ in 0..2 {
        shows(&ask(&second, "/metrics").await, 1, 4);
        shows(&ask(&first, "/metrics").await, 3, 4);
    }
    drop(first);
    let third = app();
    ask(&third, "/items").await;
    ask(&third, "/items").await;
    shows(&ask(&third, "/metrics").await, 2, 6);
    shows(&ask(&second, "/metrics").await, 1, 6);
}
