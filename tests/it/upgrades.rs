//! Upgraded connections: the handshake is a request, and the connection is monitored from its hand-over.

use std::sync::Arc;

use axum::{Router, body::Body, extract::Request, routing::get as on_get};
use http::{Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use monitor_kit::{Monitor, MonitorLayer, Outcome, PrometheusEndpoint, Scope, UpgradedConnection, scope};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy, split},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

use crate::support::{call, get, monitor, page, shows, status};

#[test]
fn a_connection_is_open_until_it_is_dropped() {
    let monitor = monitor();
    let connection = UpgradedConnection::new(&scope_of(&monitor, "/chat"), "a socket");
    assert_eq!(connection.len(), 8, "it is the connection inside");
    shows(&page(&monitor), &format!("http_server_upgraded_connections{{{CHAT}}} 1"));
    drop(connection);
    let page = page(&monitor);
    shows(&page, &format!("http_server_upgraded_connections{{{CHAT}}} 0"));
    shows(&page, &format!("http_server_upgraded_connection_duration_seconds_count{{{CHAT}}} 1"));
}

#[test]
fn a_connection_taken_out_is_closed() {
    let monitor = monitor();
    let taken = UpgradedConnection::new(&scope_of(&monitor, "/chat"), String::from("a socket")).into_inner();
    assert_eq!(taken, "a socket");
    shows(&page(&monitor), &format!("http_server_upgraded_connections{{{CHAT}}} 0"));
}

#[test]
fn nothing_is_counted_of_an_untracked_connection_and_of_one_without_a_request() {
    let monitor = monitor();
    let untracked = UpgradedConnection::new(&scope_of(&monitor, "/health"), ());
    let without = UpgradedConnection::new(&Scope::new(&monitor), ());
    let disabled = UpgradedConnection::new(&Scope::new(&Monitor::disabled()), ());
    assert!(!page(&monitor).contains("upgraded"));
    drop((untracked, without, disabled));
}

#[tokio::test]
async fn an_upgraded_connection_is_timed_from_its_handover_and_its_handshake_apart() {
    let monitor = monitor();
    let endpoint = PrometheusEndpoint::local(&monitor);
    let closed = Arc::new(Notify::new());
    let (handler, done) = (Arc::clone(&closed), Arc::clone(&closed));
    let echo = move |request| upgrade(request, handler);
    let app = Router::new().route("/chat", on_get(echo)).layer(MonitorLayer::new(&monitor));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });

    let mut client = TcpStream::connect(addr).await.unwrap();
    client.write_all(b"GET /chat HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n").await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
    client.write_all(b"hello").await.unwrap();
    let mut hello = [0; 5];
    client.read_exact(&mut hello).await.unwrap();
    assert_eq!(&hello, b"hello");

    let page = endpoint.render();
    shows(&page, &format!("http_server_upgraded_connections{{{CHAT}}} 1"));
    shows(&page, &format!("http_server_active_requests{{{CHAT}}} 0"));
    shows(&page, &format!(r#"http_server_request_outcomes_total{{{CHAT},outcome="upgraded"}} 1"#));
    drop(client);
    done.notified().await;
    let page = endpoint.render();
    shows(&page, &format!("http_server_upgraded_connections{{{CHAT}}} 0"));
    shows(&page, &format!("http_server_upgraded_connection_duration_seconds_count{{{CHAT}}} 1"));
}

#[test]
fn the_handshake_alone_is_an_upgrade() {
    let monitor = monitor();
    drop(call(&MonitorLayer::new(&monitor), get("/"), || status(101, "")));
    assert_eq!(monitor.traffic().unwrap().read()[0].outcome(Outcome::Upgraded), 1);
    assert!(monitor.traffic().unwrap().read()[0].connections.is_none());
}

const CHAT: &str = r#"http_request_method="GET",http_route="/chat""#;

/// Answers the handshake and echoes all data.
async fn upgrade(mut request: Request, closed: Arc<Notify>) -> Response<Body> {
    let scope = scope::current().expect("a request is handled in its scope");
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let connection = TokioIo::new(upgrade.await.expect("the server hands the connection over"));
        let (mut read, mut write) = split(UpgradedConnection::new(&scope, connection));
        let _ = copy(&mut read, &mut write).await;
        drop(read.unsplit(write));
        closed.notify_one();
    });
    let response = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
    let response = response.header(header::CONNECTION, "upgrade").header(header::UPGRADE, "echo");
    response.body(Body::empty()).expect("the head is right")
}

/// Returns the scope in which a request to `path` is handled.
fn scope_of(monitor: &Monitor, path: &str) -> Scope {
    let (mut seen, layer) = (None, MonitorLayer::new(monitor).route(|head| Some(head.uri.path())));
    call(&layer, get(path), || {
        seen = scope::current();
        status(200, "")
    });
    seen.expect("a request is handled in its scope")
}
