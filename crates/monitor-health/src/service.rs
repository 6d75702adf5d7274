//! The health endpoints as a tower service.

use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use serde_json::{Value, json};
use tower_service::Service;

use crate::Health;

/// Answers for all probes. Made by [`Health::service`].
///
/// See the [crate docs](crate). It must run inside a tokio runtime.
#[derive(Clone, Debug)]
pub struct HealthService(Health);

/// The future of [`HealthService`].
pub struct HealthFuture(Pin<Box<dyn Future<Output = Response<Full<Bytes>>> + Send>>);

impl HealthService {
    pub(crate) fn new(health: Health) -> Self {
        Self(health)
    }
}

impl<B> Service<Request<B>> for HealthService {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = HealthFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> HealthFuture {
        let (health, method) = (self.0.clone(), request.method().clone());
        let path = request.uri().path().trim_matches('/');
        // Mounted where prefixes are not cut, the path still begins with ours.
        let path = path.strip_prefix("health").map_or(path, |rest| rest.trim_start_matches('/')).to_owned();
        HealthFuture(Box::pin(async move {
            match method {
                Method::GET => answer(&health, &path).await,
                Method::HEAD => without_body(answer(&health, &path).await),
                _ => not_allowed(),
            }
        }))
    }
}

async fn answer(health: &Health, path: &str) -> Response<Full<Bytes>> {
    match path {
        "" => {
            let report = health.report().await;
            json_response(unless(report.is_healthy()), &report.to_json(&health.0.registry))
        }
        "live" => json_response(StatusCode::OK, &json!({ "status": "alive" })),
        "ready" => {
            let report = health.readiness().await;
            json_response(unless(report.is_healthy()), &report.to_ready_json())
        }
        _ => match health.check(path).await {
            Some(check) => json_response(unless(!check.has_failed()), &check.to_json()),
            None => json_response(StatusCode::NOT_FOUND, &json!({ "error": "no such probe" })),
        },
    }
}

fn unless(well: bool) -> StatusCode {
    if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

fn json_response(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let body = Bytes::from(body.to_string());
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    *response.body_mut() = Full::new(body);
    response
}

/// The same headers as with a body, its length among them (RFC 9110, section 9.3.2).
fn without_body(mut response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    *response.body_mut() = Full::default();
    response
}

fn not_allowed() -> Response<Full<Bytes>> {
    let mut response = json_response(StatusCode::METHOD_NOT_ALLOWED, &json!({ "error": "Method not allowed" }));
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

impl Future for HealthFuture {
    type Output = Result<Response<Full<Bytes>>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx).map(Ok)
    }
}

impl fmt::Debug for HealthFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HealthFuture").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http_body::Body;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;
    use crate::{Outcome, Probe};

    async fn get(health: &Health, path: &str) -> (u16, Value) {
        let request = Request::get(path).body(()).expect("a request");
        let response = health.service().oneshot(request).await.expect("infallible");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.expect("infallible").to_bytes();
        (status, serde_json::from_slice(&body).expect("JSON"))
    }

    fn broken() -> Probe {
        Probe::new("database", || async { Outcome::error("Database connection failed").source("secret host") })
    }

    #[tokio::test]
    async fn a_healthy_service_has_the_keys_it_was_asked_for() {
        let disk = Probe::new("disk", || async { Outcome::warning("Only 0.5 GB free").value("free_gb", 0.5) });
        let health = Health::builder().version("1.0.0").environment("test").probe(disk).build().expect("it builds");
        for path in ["/", "/health", "/health/"] {
            let (status, body) = get(&health, path).await;
            assert_eq!((status, &body["status"]), (200, &"healthy".into()));
            assert_eq!((&body["version"], &body["environment"]), (&"1.0.0".into(), &"test".into()));
            assert_eq!(body["degraded"], true);
            assert_eq!(body["checks"]["disk"]["status"], "warning");
            assert_eq!(body["checks"]["disk"]["message"], "Only 0.5 GB free");
            assert_eq!(body["checks"]["disk"]["free_gb"], 0.5);
            assert!(body["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')));
        }
    }

    #[tokio::test]
    async fn a_critical_probe_makes_it_unhealthy_and_an_optional_one_degraded() {
        let health = Health::builder().probe(broken()).build().expect("it builds");
        assert_eq!(get(&health, "/").await.0, 200);
        let health = Health::builder().probe(broken().critical()).build().expect("it builds");
        let (status, body) = get(&health, "/").await;
        assert_eq!((status, &body["status"]), (503, &"unhealthy".into()));
        assert!(!body.to_string().contains("secret"), "{body}");
    }

    #[tokio::test]
    async fn readiness_asks_only_probes_that_joined_it_and_names_those_that_fail() {
        let health = Health::builder().probe(broken().critical()).build().expect("it builds");
        assert_eq!(get(&health, "/ready/").await.0, 200);
        let health = Health::builder().probe(broken().critical().ready()).build().expect("it builds");
        let (status, body) = get(&health, "/ready").await;
        assert_eq!((status, &body["status"], &body["error"]), (503, &"not_ready".into(), &"database".into()));
        assert_eq!(get(&health, "/live/").await, (200, json!({ "status": "alive" })));
    }

    #[tokio::test]
    async fn release_and_environment_are_the_monitors() {
        let monitor = monitor_core::Monitor::builder("shop").release("1.4.2").environment("test").build();
        let health = Health::builder().monitor(&monitor.expect("it builds")).build().expect("it builds");
        let (_, body) = get(&health, "/").await;
        assert_eq!((&body["version"], &body["environment"]), (&"1.4.2".into(), &"test".into()));
    }

    #[tokio::test]
    async fn only_a_change_of_a_probe_is_logged_and_without_its_secrets() {
        use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

        let (well, log) = (std::sync::Arc::new(AtomicBool::new(false)), Log::default());
        let asked = std::sync::Arc::clone(&well);
        let probe = Probe::blocking("cache", move || match asked.load(Relaxed) {
            true => Outcome::ok(),
            false => panic!("no cache: password=hunter2"),
        });
        let health = Health::builder().probe(probe).build().expect("it builds");
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
        let _subscribed = tracing::subscriber::set_default(subscriber);
        for is_well in [false, false, true, true] {
            well.store(is_well, Relaxed);
            get(&health, "/").await;
        }
        let text = log.text();
        assert_eq!(
            (text.matches("health_probe_failed").count(), text.matches("health_probe_recovered").count()),
            (1, 1)
        );
        assert!(text.contains("password=[Filtered]") && !text.contains("hunter2"), "{text}");
    }

    /// A log in memory.
    #[derive(Clone, Default)]
    struct Log(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

    impl Log {
        fn text(&self) -> String {
            String::from_utf8_lossy(&self.0.lock().expect("nobody panics with it")).into_owned()
        }
    }

    impl std::io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("nobody panics with it").write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn one_probe_answers_alone_and_under_its_alias() {
        let up = Probe::new("database", || async { Outcome::ok().value("connections", 3) });
        let health = Health::builder().probe(up).alias("db", "database").build().expect("it builds");
        assert_eq!(get(&health, "/db/").await, (200, json!({ "status": "ok", "connections": 3 })));
        let health = Health::builder().probe(broken()).alias("db", "database").build().expect("it builds");
        let expected = json!({ "status": "error", "message": "Database connection failed" });
        assert_eq!(get(&health, "/health/db").await, (503, expected));
        assert_eq!(get(&health, "/nothing").await.0, 404);
    }

    #[tokio::test]
    async fn a_gate_and_a_drain_keep_it_from_traffic() {
        let health = Health::builder().build().expect("it builds");
        let gate = health.startup_gate("migrations");
        assert_eq!(get(&health, "/ready").await.1["error"], "starting: migrations");
        drop(gate);
        assert_eq!(get(&health, "/ready").await.0, 200);
        health.drain_on(async {}, Duration::ZERO).await;
        let (status, body) = get(&health, "/ready").await;
        assert_eq!((status, &body["error"]), (503, &"draining".into()));
        assert_eq!(get(&health, "/live").await.0, 200);
    }

    #[tokio::test(start_paused = true)]
    async fn probes_run_side_by_side_and_a_slow_or_panicking_one_harms_no_other() {
        let slow = || async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Outcome::ok()
        };
        let panicking = Probe::new("broken", || async { panic!("secret") });
        let probes = [Probe::new("slow", slow), Probe::new("slower", slow), panicking];
        let health = probes.into_iter().fold(Health::builder(), crate::HealthBuilder::probe).build();
        let begun = tokio::time::Instant::now();
        let (_, body) = get(&health.expect("it builds"), "/").await;
        assert_eq!(begun.elapsed().as_secs(), 2, "both time-outs ran at once");
        assert_eq!(body["checks"]["slow"]["message"], "no answer within 2000 ms");
        assert_eq!(body["checks"]["broken"]["message"], "probe panicked");
    }

    #[tokio::test]
    async fn head_is_answered_as_get_without_a_body_and_others_are_not_allowed() {
        let health = Health::builder().build().expect("it builds");
        let ask = |method| {
            let request = Request::builder().method(method).uri("/live").body(()).expect("a request");
            health.service().oneshot(request)
        };
        let head = ask(Method::HEAD).await.expect("infallible");
        assert_eq!(head.headers()[header::CONTENT_LENGTH], "18");
        assert!(head.body().is_end_stream());
        let post = ask(Method::POST).await.expect("infallible");
        assert_eq!(
            (post.status().as_u16(), &post.headers()[header::ALLOW]),
            (405, &HeaderValue::from_static("GET, HEAD"))
        );
    }
}
