//! The health endpoint inside the layers: its responses are not traffic of the service.

use axum::{Router, body::Body, routing::get};
use http::{Request, StatusCode};
use monitor_kit::{
    MonitorLayer,
    health::{ErrorRatioProbe, Health, HealthStatus, Probe, ProbeResult},
};
use tower::ServiceExt;

use crate::support::monitor;

/// A 503 of `/health` that counted as a failed request would keep up the warning that caused it.
#[tokio::test]
async fn a_503_of_its_own_does_not_count_for_the_error_ratio_probe() {
    let monitor = monitor();
    let health = Health::builder()
        .monitor(&monitor)
        .probe(Probe::new("database", || async { ProbeResult::error("away") }).critical())
        .probe(
            Probe::blocking("errors", ErrorRatioProbe::new(&monitor).at_least(1))
                .on_demand(std::time::Duration::from_nanos(1)),
        )
        .build()
        .unwrap();
    let app = Router::new()
        .route("/broken", get(async || StatusCode::INTERNAL_SERVER_ERROR))
        .nest_service("/health", health.service())
        .layer(MonitorLayer::new(&monitor));
    let ask = async |path: &str| {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let response = app.clone().oneshot(request).await.expect("it never fails");
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        (status, String::from_utf8(body.to_vec()).expect("a text"))
    };
    for _ in 0..20 {
        assert_eq!(ask("/health").await.0, 503);
    }
    let (_, body) = ask("/health/errors").await;
    assert_eq!(body, r#"{"status":"ok","error_ratio":0.0,"requests":0}"#);
    assert_eq!(ask("/broken").await.0, 500);
    let (status, body) = ask("/health/errors").await;
    assert!(status == 200 && body.contains("100.0 % of the last minute's requests failed"), "{body}");
    assert_eq!(monitor.health().expect("it is shown").probes[1].status, HealthStatus::Warning);
}
