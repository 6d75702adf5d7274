//! The outcome of a gRPC call, wherever its status is and whichever side leaves early.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use monitor_kit::{MonitorLayer, Outcome};
use tower::{Layer, ServiceExt};

use crate::support::{
    Script, Step, Text, call, flush, grpc_request, next_frame, only_event, ready, service, status, watched,
};

/// hyper's HTTP/2 server drops a body after its trailers, without polling for its end.
#[tokio::test]
async fn trailers_are_the_end_of_a_call_also_where_the_body_does_not_say_so_over_http2() {
    let (monitor, _) = watched();
    let handler = || async {
        let mut response = Response::new(axum::body::Body::new(streamed("13")));
        response.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
        response
    };
    let app = axum::Router::new().route("/shop.Stock/Count", axum::routing::post(handler));
    let app = app.layer(MonitorLayer::new(&monitor));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let client = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new())
        .http2_only(true)
        .build_http::<axum::body::Body>();
    let request = Request::post(format!("http://{addr}/shop.Stock/Count"))
        .header("content-type", "application/grpc")
        .body(axum::body::Body::empty())
        .unwrap();
    let response = client.request(request).await.unwrap();
    let collected = http_body_util::BodyExt::collect(response.into_body()).await.unwrap();
    assert_eq!(collected.trailers().unwrap()["grpc-status"], "13", "the client has all of it");
    for _ in 0..200 {
        if monitor.traffic().unwrap().read().iter().all(|one| one.active() == 0) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let read = monitor.traffic().unwrap().read();
    assert_eq!(
        (read[0].outcome(Outcome::Completed), read[0].outcome(Outcome::BodyAborted), read[0].failures().len()),
        (1, 0, 1),
        "{read:#?}"
    );
}

#[test]
fn a_call_whose_client_leaves_before_the_trailers_did_not_fail_though_its_data_was_whole() {
    let (monitor, memory) = watched();
    let answer = || {
        let mut response = Response::new(Script::with_exact([Step::Data("abc"), Step::Trailers], 3));
        response.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
        response
    };
    let mut response = call(&MonitorLayer::new(&monitor), grpc_request("/shop.Stock/Count"), answer);
    assert!(next_frame(response.body_mut()).is_some());
    drop(response);
    let read = monitor.traffic().unwrap().read();
    assert_eq!(read[0].failures(), [], "{read:#?}");
    flush(&monitor);
    assert!(memory.events().is_empty());
}

#[test]
fn a_status_in_the_trailers_counts_where_the_head_said_ok() {
    let (monitor, _) = watched();
    let answer = || {
        let mut response = Response::new(streamed("13"));
        response.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
        response.headers_mut().insert("grpc-status", "0".parse().unwrap());
        response
    };
    let mut response = call(&MonitorLayer::new(&monitor), grpc_request("/shop.Stock/Count"), answer);
    while next_frame(response.body_mut()).is_some() {}
    drop(response);
    let read = monitor.traffic().unwrap().read();
    assert_eq!(read[0].failures().len(), 1, "{read:#?}");
}

#[test]
fn a_failed_call_is_one_event_however_many_layers_see_it() {
    let (monitor, memory) = watched();
    let answer = |_| {
        let mut response = Response::new(streamed("13"));
        response.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
        Ok::<_, Infallible>(response)
    };
    let stack = MonitorLayer::new(&monitor).layer(MonitorLayer::new(&monitor).layer(service(answer)));
    let mut response = ready(stack.oneshot(grpc_request("/shop.Stock/Count"))).unwrap();
    while next_frame(response.body_mut()).is_some() {}
    drop(response);
    only_event(&monitor, &memory);
}

#[test]
fn the_message_of_a_failed_call_is_masked() {
    let (monitor, memory) = watched();
    let answer = || {
        let mut response = ok();
        response.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
        response.headers_mut().insert("grpc-status", "13".parse().unwrap());
        let said = "password%3Dhunter2 of ada%40example.org %1B[31m".parse().unwrap();
        response.headers_mut().insert("grpc-message", said);
        response
    };
    drop(crate::support::text(call(&MonitorLayer::new(&monitor), grpc_request("/shop.Stock/Count"), answer)));
    let event = only_event(&monitor, &memory).to_json().to_string();
    assert!(!event.contains("hunter2") && !event.contains("ada@example.org"), "{event}");
}

#[test]
fn media_types_know_no_case() {
    let (monitor, _) = watched();
    let answer = || {
        let mut response = ok();
        response.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
        response.headers_mut().insert("grpc-status", "13".parse().unwrap());
        response
    };
    let mut request = grpc_request("/shop.Stock/Count");
    request.headers_mut().insert("content-type", "Application/gRPC".parse().unwrap());
    drop(crate::support::text(call(&MonitorLayer::new(&monitor), request, answer)));
    assert_eq!(monitor.traffic().unwrap().read()[0].failures().len(), 1);
}

type Frames = tokio_stream::Iter<std::array::IntoIter<Result<Frame<Bytes>, Infallible>, 2>>;

fn streamed(code: &str) -> StreamBody<Frames> {
    StreamBody::new(tokio_stream::iter([
        Ok(Frame::data(Bytes::from_static(b"\0\0\0\0\x01a"))),
        Ok(Frame::trailers(trailers(code))),
    ]))
}

fn trailers(code: &str) -> HeaderMap {
    HeaderMap::from_iter([(http::HeaderName::from_static("grpc-status"), code.parse().expect("a number"))])
}

fn ok() -> Response<Text> {
    status(200, "")
}
