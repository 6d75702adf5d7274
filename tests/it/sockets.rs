//! Clients that leave, seen over real sockets.

use std::{
    convert::Infallible,
    future::pending,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body as AxumBody, routing::get};
use bytes::Bytes;
use http_body::{Body, Frame};
use monitor_kit::{Monitor, MonitorLayer, PrometheusEndpoint};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::sleep,
};

use crate::support::builder;

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

/// Data without end.
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
    let endpoint = PrometheusEndpoint::local(&monitor).expect("a recorder");
    (monitor, endpoint)
}

/// Serves `app` and sends it a request, of which nothing is read yet.
async fn connect(app: Router, path: &str) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let addr = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, app).await });
    let mut client = TcpStream::connect(addr).await.expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nhost: {addr}\r\n\r\n");
    client.write_all(request.as_bytes()).await.expect("it reads");
    client
}

/// Waits until `/metrics` shows this value: a server learns of a client's end when it next looks at the socket.
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
