//! gRPC-Web over HTTP/1.1, with the layer on either side of tonic-web.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use monitor_kit::{ErrorType, GrpcCode, Monitor, MonitorLayer, Outcome, traffic::RouteCounts};
use tokio::{net::TcpListener, time::sleep};
use tonic::transport::{Server, server::TcpIncoming};
use tonic_web::GrpcWebLayer;

use crate::{
    grpc::Stock,
    support::{Log, Text, builder, call, watched_by},
};

/// The side of tonic-web on which the layer is.
#[derive(Clone, Copy, Debug)]
enum Side {
    Outside,
    Inside,
}

#[tokio::test]
async fn a_failure_in_the_trailers_of_the_body_is_the_error_type() {
    for side in [Side::Outside, Side::Inside] {
        for content_type in CONTENT_TYPES {
            let (monitor, url) = served(side).await;
            let body = ask(&url, "List", content_type, "a,b,broken").await.into_body().collect().await;
            assert!(!body.expect("it is whole").to_bytes().is_empty());
            let counts = ended(&monitor, "/shop.Stock/List").await;
            assert_eq!(counts.outcome(Outcome::Completed), 1, "{side:?} {content_type}");
            assert_eq!(failures(&counts), [(ErrorType::Grpc(GrpcCode::DataLoss), 1)], "{side:?} {content_type}");
        }
    }
}

#[tokio::test]
async fn a_failure_in_the_head_is_the_error_type() {
    for (side, content_type) in [(Side::Outside, CONTENT_TYPES[0]), (Side::Inside, CONTENT_TYPES[2])] {
        let (monitor, url) = served(side).await;
        let response = ask(&url, "Count", content_type, "internal").await;
        assert_eq!(response.headers()["grpc-status"], "13");
        let counts = ended(&monitor, "/shop.Stock/Count").await;
        assert_eq!(failures(&counts), [(ErrorType::Grpc(GrpcCode::Internal), 1)], "{side:?}");
    }
}

#[tokio::test]
async fn a_call_that_succeeds_has_its_status_and_its_method_as_route() {
    for content_type in CONTENT_TYPES {
        let log = Log::default();
        let _guard = tracing::dispatcher::set_default(&log.dispatch());
        let (monitor, url) = served(Side::Outside).await;
        ask(&url, "Count", content_type, "7 nails").await.into_body().collect().await.expect("it is whole");
        let counts = ended(&monitor, "/shop.Stock/Count").await;
        assert_eq!((counts.outcome(Outcome::Completed), failures(&counts)), (1, vec![]));
        let line = log.request_line();
        assert_eq!([&line["grpc_status"], &line["message"]], ["OK", "request"], "{content_type}");
    }
}

#[tokio::test]
async fn a_panic_is_answered_as_internal_in_the_head() {
    for (side, content_type) in [(Side::Outside, "application/grpc-web-text"), (Side::Inside, "application/grpc-web")] {
        let (monitor, url) = served(side).await;
        let response = ask(&url, "Count", content_type, "panic").await;
        assert_eq!((response.status().as_u16(), &response.headers()["grpc-status"]), (200, &"13".parse().unwrap()));
        assert!(response.headers()["content-type"].to_str().unwrap().starts_with(content_type));
        assert_eq!(failures(&ended(&monitor, "/shop.Stock/Count").await), [(ErrorType::Panic, 1)], "{side:?}");
    }
}

#[test]
fn a_body_without_trailers_is_unknown_as_it_is_to_clients() {
    for body in ["", "\0\0\0\0\u{5}hello", "\0\0\0\0\u{5}hel"] {
        let (log, (monitor, _)) = (Log::default(), watched_by(builder()));
        let answer = || Response::builder().header("content-type", CONTENT_TYPES[1]).body(Text::from(body)).unwrap();
        let request = Request::post("/shop.Stock/Count").header("content-type", CONTENT_TYPES[1]).body(()).unwrap();
        log.during(|| drop(crate::support::text(call(&MonitorLayer::new(&monitor), request, answer))));
        assert_eq!([&log.request_line()["grpc_status"], &log.request_line()["error_type"]], ["UNKNOWN", "UNKNOWN"]);
    }
}

/// Serves [`Stock`] through tonic-web on a free port.
async fn served(side: Side) -> (Monitor, String) {
    let (monitor, _) = watched_by(builder().grpc_methods(["/shop.Stock/Count", "/shop.Stock/List"]));
    let layer = MonitorLayer::new(&monitor);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (server, incoming) = (Server::builder().accept_http1(true), TcpIncoming::from(listener));
    match side {
        Side::Outside => {
            let mut server = server.layer(layer).layer(GrpcWebLayer::new());
            tokio::spawn(server.add_service(Stock).serve_with_incoming(incoming))
        }
        Side::Inside => {
            let mut server = server.layer(GrpcWebLayer::new()).layer(layer);
            tokio::spawn(server.add_service(Stock).serve_with_incoming(incoming))
        }
    };
    (monitor, url)
}

async fn ask(url: &str, method: &str, content_type: &str, what: &str) -> Response<hyper::body::Incoming> {
    let message = [&[10, u8::try_from(what.len()).expect("it is short")], what.as_bytes()].concat();
    let frame = [&[0, 0, 0, 0, u8::try_from(message.len()).expect("it is short")], &*message].concat();
    let body = if content_type.contains("text") { base64(&frame).into_bytes() } else { frame };
    let request = Request::post(format!("{url}/shop.Stock/{method}"));
    let request = request.header("content-type", content_type).header("accept", content_type);
    let request = request.body(Full::<Bytes>::from(body)).expect("a request");
    let client = Client::builder(TokioExecutor::new()).build_http();
    client.request(request).await.expect("it answers")
}

fn base64(bytes: &[u8]) -> String {
    let digit =
        |bits: u32| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[bits as usize & 63]);
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().chain(&[0, 0]).take(3).fold(0, |bits, byte| bits << 8 | u32::from(*byte));
        let digits = [18, 12, 6, 0].map(|shift| digit(bits >> shift));
        text.extend(digits.iter().take(three.len() + 1).chain(std::iter::repeat_n(&'=', 3 - three.len())));
    }
    text
}

/// Waits until the one call of the route has ended.
async fn ended(monitor: &Monitor, route: &str) -> RouteCounts {
    for _ in 0..1000 {
        let read = monitor.traffic().expect("it is enabled").read();
        let found = read.into_iter().find(|counts| &*counts.route == route);
        if let Some(counts) = found.filter(|counts| counts.ended() == 1) {
            return counts;
        }
        sleep(Duration::from_millis(5)).await;
    }
    panic!("no call of {route} has ended: {:?}", monitor.traffic().map(monitor_kit::Traffic::read));
}

fn failures(counts: &RouteCounts) -> Vec<(ErrorType, u64)> {
    counts.failures().into_iter().filter(|(_, count)| *count > 0).collect()
}

const CONTENT_TYPES: [&str; 4] = [
    "application/grpc-web",
    "application/grpc-web+proto",
    "application/grpc-web-text",
    "application/grpc-web-text+proto",
];
