//! Clients that leave, over real sockets.

use std::{
    convert::Infallible,
    future::pending,
    io::{self, Write},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body as AxumBody, routing::get};
use bytes::Bytes;
use http::{StatusCode, Version};
use http_body::{Body, Frame};
use monitor_kit::{Monitor, MonitorLayer, Outcome, PrometheusEndpoint};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{client::ask, support::builder};

#[tokio::test]
async fn a_client_killed_mid_response_leaves_nothing_in_flight_and_its_outcome() {
    let (monitor, endpoint) = watched();
    let app = Router::new().route("/stream", get(|| async { AxumBody::new(Endless) }));
    let mut client = connect(app.layer(MonitorLayer::new(&monitor)), "/stream").await;
    let mut head = [0; 64 * 1024];
    assert!(client.read(&mut head).await.expect("a head") > 0);
    assert_shows(&endpoint, "http_server_active_requests", "", 1).await;
    drop(client);
    assert_shows(&endpoint, "http_server_active_requests", "", 0).await;
    assert_shows(&endpoint, "http_server_request_outcomes_total", r#",outcome="body_aborted""#, 1).await;
}

#[tokio::test]
async fn a_client_that_leaves_before_the_head_is_a_cancelled_request_with_status_499() {
    let (monitor, endpoint) = watched();
    let (entered, mut has_entered) = mpsc::channel(1);
    let handler = move || async move {
        let _ = entered.send(()).await;
        pending::<()>().await;
    };
    let app = Router::new().route("/stream", get(handler));
    let client = connect(app.layer(MonitorLayer::new(&monitor)), "/stream").await;
    has_entered.recv().await.expect("the request enters");
    drop(client);
    assert_shows(&endpoint, "http_server_request_outcomes_total", r#",outcome="cancelled""#, 1).await;
    assert_shows(&endpoint, "http_server_requests_total", r#",http_response_status_code="499""#, 1).await;
    assert_shows(&endpoint, "http_server_active_requests", "", 0).await;
}

/// An endless body.
struct Endless;

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[0; 1024])))))
    }
}

fn watched() -> (Monitor, PrometheusEndpoint) {
    let monitor = builder().build().expect("the settings are good");
    let endpoint = PrometheusEndpoint::local(&monitor);
    (monitor, endpoint)
}

/// Serves `app` and sends it a request without reading the response.
async fn connect(app: Router, path: &str) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let addr = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, app).await });
    let mut client = TcpStream::connect(addr).await.expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nhost: {addr}\r\n\r\n");
    client.write_all(request.as_bytes()).await.expect("it reads");
    client
}

/// Waits until `/metrics` shows this value: a server notices a closed connection only when it next uses the socket.
async fn assert_shows(endpoint: &PrometheusEndpoint, name: &str, label: &str, value: u64) {
    let line = format!(r#"{name}{{http_request_method="GET",http_route="/stream"{label}}} {value}"#);
    for _ in 0..1000 {
        if endpoint.render().lines().any(|shown| shown == line) {
            return;
        }
        sleep(Duration::from_millis(5)).await;
    }
    panic!("no line {line} in\n{}", endpoint.render());
}

/// Serves `app` over both versions of HTTP to clients that leave at random points. Returns when all have left.
async fn crowd(app: Router, version: Version, clients: u64) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let addr = listener.local_addr().expect("an address");
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let room = Arc::new(Semaphore::new(64));
    let mut visits = JoinSet::new();
    for number in 0..clients {
        let room = Arc::clone(&room);
        visits.spawn(async move {
            let _room = room.acquire().await.expect("it is never closed");
            // Some leave before the head, some in the middle of the body, most stay to the end.
            let patience = match number % 10 {
                0 => Duration::from_micros(number % 700),
                1 => Duration::from_millis(number % 5),
                _ => Duration::from_secs(60),
            };
            let path =
                ["/empty", "/text", "/stream", "/fail", "/panic", "/slow"][usize::try_from(number % 6).unwrap_or(0)];
            let _ = timeout(patience, ask(addr, version, path)).await;
        });
    }
    visits.join_all().await;
    server.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_requests_of_which_some_are_left_all_end_exactly_once() {
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let (monitor, _) = watched();
        let app = Router::new()
            .route("/empty", get(|| async {}))
            .route("/text", get(|| async { "text" }))
            .route("/stream", get(|| async { AxumBody::new(Pieces { left: 20, waits: true }) }))
            .route("/fail", get(|| async { StatusCode::SERVICE_UNAVAILABLE }))
            .route("/panic", get(|| async { assert_eq!(std::hint::black_box(1), 2) }))
            .route("/slow", get(|| sleep(Duration::from_millis(2))))
            .layer(MonitorLayer::new(&monitor));
        crowd(app, version, 13_000).await;
        assert_equation(&monitor, version).await;
    }
}

/// A body of several pieces, each of which is pending first.
struct Pieces {
    left: u8,
    waits: bool,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.waits = !self.waits;
        if !self.waits {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let Some(left) = self.left.checked_sub(1) else { return Poll::Ready(None) };
        self.left = left;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"piece")))))
    }
}

/// Waits until no request is in flight, and asserts that the outcomes add up.
async fn assert_equation(monitor: &Monitor, version: Version) {
    let mut routes = Vec::new();
    for _ in 0..2000 {
        routes = monitor.traffic().expect("it is enabled").read();
        if routes.iter().all(|route| route.active() == 0) {
            break;
        }
        sleep(Duration::from_millis(5)).await;
    }
    let started: u64 = routes.iter().map(|route| route.started).sum();
    let in_flight: u64 = routes.iter().map(monitor_kit::traffic::RouteCounts::active).sum();
    let count = |outcome| routes.iter().map(|route| route.outcome(outcome)).sum::<u64>();
    let outcomes = Outcome::ALL.iter().map(|outcome| (outcome, count(*outcome)));
    let named: Vec<_> = outcomes.filter(|(_, count)| *count > 0).collect();
    let ended: u64 = routes.iter().map(monitor_kit::traffic::RouteCounts::ended).sum();
    let _ = writeln!(io::stdout(), "{version:?}: started {started}, outcomes {named:?}, in flight {in_flight}");
    assert_eq!((in_flight, ended), (0, started));
    assert!(started >= 10_000, "some clients leave before their request is sent, but not so many: {started}");
    for outcome in [Outcome::Completed, Outcome::Panic] {
        assert!(count(outcome) > 1_000, "{outcome:?}");
    }
}
