//! With `CorsLayer` outside of the monitor's layer, browsers can read all responses, including those of the monitor.

use axum::{Router, body::Body, routing::get};
use http::{HeaderMap, HeaderValue, Method, Request, Response, header};
use monitor_kit::{DisableRoute, Monitor, MonitorLayer};
use tower::{ServiceExt, load_shed::error::Overloaded};
use tower_http::cors::CorsLayer;

use crate::support::{builder, watched_by};

const ORIGIN: &str = "https://app.example";

#[tokio::test]
async fn the_answers_to_a_panic_and_of_a_refusal_have_the_headers_that_browsers_need() {
    let monitor = monitor();
    monitor.disable_route(DisableRoute::new("/disabled", "ada")).expect("it is known");
    let app = app(&monitor).layer(cors());
    for (path, status) in [("/panic", 500), ("/disabled", 503), ("/bare", 502), ("/fine", 200)] {
        let response = ask(app.clone(), path).await;
        assert_eq!(response.status(), status, "{path}");
        is_readable(response.headers());
    }
}

#[tokio::test]
async fn the_answer_to_an_error_has_the_headers_that_browsers_need() {
    let failing = tower::service_fn(|_: Request<Body>| async {
        Err::<Response<Body>, _>(tower::BoxError::from(Overloaded::new()))
    });
    let layer = MonitorLayer::new(&monitor()).respond_to_errors();
    let service = tower::ServiceBuilder::new().layer(cors()).layer(layer).service(failing);
    let response = service.oneshot(request("/fine")).await.expect("it answers");
    assert_eq!(response.status(), 503);
    is_readable(response.headers());
}

#[tokio::test]
async fn a_preflight_is_answered_outside_and_counted_nowhere() {
    let monitor = monitor();
    let preflight = Request::builder().method(Method::OPTIONS).uri("/panic").header(header::ORIGIN, ORIGIN);
    let preflight = preflight.header(header::ACCESS_CONTROL_REQUEST_METHOD, "GET").body(Body::empty()).unwrap();
    let response = app(&monitor).layer(cors()).oneshot(preflight).await.expect("it answers");
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["access-control-allow-origin"], ORIGIN);
    assert!(monitor.traffic().expect("it is enabled").read().iter().all(|counts| counts.started == 0));
}

fn monitor() -> Monitor {
    watched_by(builder().routes([("GET", "/disabled")])).0
}

fn app(monitor: &Monitor) -> Router {
    let panicking = || async {
        if true {
            panic!("boom")
        }
    };
    Router::new()
        .route("/panic", get(panicking))
        .route("/disabled", get(|| async {}))
        .route("/bare", get(|| async { http::StatusCode::BAD_GATEWAY }))
        .route("/fine", get(|| async { "fine" }))
        .layer(MonitorLayer::new(monitor))
}

fn cors() -> CorsLayer {
    let origin = HeaderValue::from_static(ORIGIN);
    CorsLayer::new().allow_origin(origin).expose_headers([http::HeaderName::from_static("x-request-id")])
}

fn request(path: &str) -> Request<Body> {
    Request::get(path).header(header::ORIGIN, ORIGIN).body(Body::empty()).expect("the path is right")
}

async fn ask(app: Router, path: &str) -> Response<Body> {
    app.oneshot(request(path)).await.unwrap_or_else(|error| match error {})
}

#[track_caller]
fn is_readable(headers: &HeaderMap) {
    assert_eq!(headers["access-control-allow-origin"], ORIGIN, "{headers:?}");
    assert_eq!(headers["access-control-expose-headers"], "x-request-id");
    assert!(headers.contains_key("x-request-id"));
}
