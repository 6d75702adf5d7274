//! Requests to a registry in real time, because the servers do not run on tokio's paused clock.

use std::time::Duration;

use http::Request;
use http_body_util::BodyExt;
use monitor_core::clock;
use monitor_health::{Health, Probe};
use serde_json::Value;
use tower::ServiceExt;

/// Returns a registry of one critical probe with a short interval.
pub(crate) fn watching(probe: Probe) -> Health {
    let probe = probe.critical().ready().timeout(TIMEOUT).interval(INTERVAL).interval_when_down(INTERVAL);
    Health::builder().probe(probe).build().expect("the settings are good")
}

/// Returns the status and the body. Fails after one second, the time-out of the kubelet.
pub(crate) async fn get(health: &Health, path: &str) -> (u16, Value) {
    let begun = clock::now();
    let response =
        health.service().oneshot(Request::get(path).body(()).expect("a path")).await.expect("it never fails");
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(1), "it took {took:?}");
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.expect("it never fails").to_bytes();
    (status, serde_json::from_slice(&body).expect("JSON"))
}

/// Repeats a request until it returns the status `wanted`. Returns the body and the time it took.
pub(crate) async fn until(health: &Health, path: &str, wanted: u16) -> (Value, Duration) {
    let begun = clock::now();
    loop {
        let (status, body) = get(health, path).await;
        if status == wanted {
            return (body, begun.elapsed());
        }
        assert!(begun.elapsed() < MAX_WAIT, "it stays {status}: {body:#}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) const TIMEOUT: Duration = Duration::from_millis(1_000);
pub(crate) const INTERVAL: Duration = Duration::from_millis(200);
const MAX_WAIT: Duration = Duration::from_secs(30);
