//! gRPC over real sockets: tonic's client and server, and every kind of call.

use std::{convert::Infallible, future::Future, net::SocketAddr, pin::Pin, sync::Arc, task, time::Duration};

use http::{Request, Response, uri::PathAndQuery};
use monitor_core::MemoryReporter;
use monitor_kit::{
    CaptureExt, CatchPanicLayer, ErrorSettings, ErrorType, GrpcCode, IdPolicy, Monitor, MonitorLayer, Networks,
    Outcome, PropagateLayer, Scope, ScopeFutureExt, traffic::RouteCounts,
};
use tokio::{net::TcpListener, time::sleep};
use tokio_stream::{Stream, StreamExt, iter, once};
use tonic::{
    Code, Status, Streaming,
    body::Body,
    client, server,
    transport::{
        Channel, Server,
        server::{TcpConnectInfo, TcpIncoming},
    },
};
use tonic_prost::ProstCodec;
use tower::{Layer, Service, ServiceExt, load_shed::error::Overloaded, service_fn};

use crate::support::{
    Failure, Log, Text, builder, call, flush, get, grpc_request, page, ready, shows, status, watched_by,
};

type Codec = ProstCodec<String, String>;

/// A service that acts on the message it receives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stock;

struct Served {
    monitor: Monitor,
    memory: MemoryReporter,
    client: client::Grpc<Channel>,
    channel: Channel,
}

#[tokio::test]
async fn a_unary_call_that_succeeds_is_completed_and_has_its_status() {
    let log = Log::default();
    let _guard = tracing::dispatcher::set_default(&log.dispatch());
    let served = served().await;
    assert_eq!(served.count("7 nails").await.expect("it succeeds"), "7 nails");
    let counts = served.ended("/shop.Stock/Count", 1).await;
    assert_eq!((counts.outcome(Outcome::Completed), counts.failures().iter().map(|(_, count)| count).sum()), (1, 0));
    let line = log.request_line();
    let seen = ["grpc_status", "outcome", "route", "level", "remote_addr"].map(|key| line[key].as_str());
    assert_eq!(seen, ["OK", "completed", "/shop.Stock/Count", "INFO", "127.0.0.1"].map(Some));
    assert_eq!(line.get("error_type"), None);
}

#[tokio::test]
async fn a_failure_in_the_head_is_the_error_type() {
    let log = Log::default();
    let _guard = tracing::dispatcher::set_default(&log.dispatch());
    let served = served().await;
    let refusal = served.count("internal").await.expect_err("it fails");
    assert_eq!((refusal.code(), refusal.message()), (Code::Internal, "the shelf broke: 100%"));
    assert!(refusal.metadata().contains_key("x-request-id"));
    served.ended("/shop.Stock/Count", 1).await;
    assert_eq!(served.failures("/shop.Stock/Count"), [(ErrorType::Grpc(GrpcCode::Internal), 1)]);
    let line = log.request_line();
    let seen = ["grpc_status", "error_type", "message", "outcome"].map(|key| line[key].as_str());
    assert_eq!(seen, ["INTERNAL", "INTERNAL", "request_error", "completed"].map(Some));
    assert_eq!(line["status_code"], 200);
    let page = page(&served.monitor);
    let labels = r#"http_request_method="POST",http_route="/shop.Stock/Count""#;
    shows(&page, &format!(r#"http_server_errors_total{{{labels},error_type="INTERNAL"}} 1"#));
    shows(&page, &format!(r#"http_server_requests_total{{{labels},http_response_status_code="200"}} 1"#));
}

/// An alert on an increase must fire on the very first failure.
#[test]
fn a_declared_method_has_its_failures_at_0_before_any_call() {
    let page = page(&builder().grpc_methods(["/shop.Stock/Count"]).build().expect("the settings are right"));
    for kind in ["UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "panic"] {
        let labels = format!(r#"http_request_method="POST",http_route="/shop.Stock/Count",error_type="{kind}""#);
        shows(&page, &format!("http_server_errors_total{{{labels}}} 0"));
    }
    assert!(!page.contains("NOT_FOUND"), "{page}");
}

#[tokio::test]
async fn a_failure_with_nothing_captured_is_an_issue_of_its_route_and_says_what_the_service_said() {
    let served = served().await;
    for _ in 0..2 {
        served.count("internal").await.expect_err("it fails");
    }
    served.ended("/shop.Stock/Count", 2).await;
    flush(&served.monitor);
    let issues = served.monitor.issues();
    assert_eq!((issues.len(), issues[0].count), (1, 2));
    let event = &served.memory.events()[0];
    assert_eq!(event.failure.type_name, "INTERNAL");
    assert_eq!(event.failure.message, "POST /shop.Stock/Count answered INTERNAL: the shelf broke: 100%");
    let (name, said) = &event.scope.contexts[0];
    assert_eq!((name.as_str(), said["message"].as_str()), ("grpc", Some("the shelf broke: 100%")));
}

#[tokio::test]
async fn a_secret_in_the_message_of_a_status_is_masked() {
    let served = served().await;
    served.count("secret").await.expect_err("it fails");
    served.ended("/shop.Stock/Count", 1).await;
    let event = crate::support::only_event(&served.monitor, &served.memory);
    let expected = "POST /shop.Stock/Count answered UNAVAILABLE: no shelf at postgres://[Filtered]@db/stock";
    assert_eq!(event.failure.message, expected);
    assert!(!event.to_json().to_string().contains("hunter2"));
}

#[tokio::test]
async fn a_failure_in_the_trailers_says_its_message_in_its_event() {
    let served = served().await;
    read(served.list("a,broken").await.expect("it begins")).await;
    served.ended("/shop.Stock/List", 1).await;
    let event = crate::support::only_event(&served.monitor, &served.memory);
    assert_eq!(event.failure.message, "POST /shop.Stock/List answered DATA_LOSS: the rest burnt");
}

#[tokio::test]
async fn the_source_of_a_status_is_the_event_once_and_never_goes_to_the_client() {
    for what in ["source", "captured"] {
        let served = served().await;
        let refusal = served.count(what).await.expect_err("it fails");
        assert_eq!((refusal.code(), refusal.message()), (Code::Internal, "the stock cannot be read"));
        served.ended("/shop.Stock/Count", 1).await;
        let event = crate::support::only_event(&served.monitor, &served.memory);
        let place = event.failure.location.as_ref().map(|at| at.file.as_str());
        match what {
            "captured" => assert_eq!(place, Some("tests/it/grpc.rs")),
            _ => assert_eq!((&*event.failure.type_name, &*event.failure.message), ("Failure", "the shelf is on fire")),
        }
        assert_eq!(event.scope.route, "/shop.Stock/Count");
        assert!(
            event.failure.handled && event.failure.chain.iter().any(|cause| cause.message == "a match"),
            "{event:#?}"
        );
    }
}

#[tokio::test]
async fn the_source_of_a_status_that_is_no_failure_or_is_ignored_is_no_issue() {
    let (monitor, memory) =
        watched_by(builder().errors(ErrorSettings::new().ignore_grpc_codes([GrpcCode::Unimplemented])));
    let layer = MonitorLayer::new(&monitor);
    for status in [Status::unimplemented("not yet"), Status::invalid_argument("no such shelf")] {
        let status = with_source(status);
        let request = grpc_request("/shop.Stock/Count");
        drop(crate::support::text(call(&layer, request, || status.clone().into_http::<Text>())));
    }
    crate::support::assert_nothing_captured(&monitor, &memory);
    assert_eq!(crate::support::dropped(&monitor, "intake", monitor_kit::DropReason::Ignored), 1);
}

#[tokio::test]
async fn a_client_error_is_no_failure() {
    let log = Log::default();
    let _guard = tracing::dispatcher::set_default(&log.dispatch());
    let served = served().await;
    assert_eq!(served.count("missing").await.expect_err("it fails").code(), Code::NotFound);
    served.ended("/shop.Stock/Count", 1).await;
    assert_eq!(served.failures("/shop.Stock/Count"), []);
    assert!(served.monitor.issues().is_empty());
    let line = log.request_line();
    assert_eq!([&line["grpc_status"], &line["message"]], ["NOT_FOUND", "request_warning"]);
}

#[tokio::test]
async fn a_failure_in_the_trailers_is_the_error_type() {
    let served = served().await;
    let (items, end) = read(served.list("a,b,broken").await.expect("it begins")).await;
    assert_eq!((items, end.map(|end| end.code())), (vec!["a".to_owned(), "b".to_owned()], Some(Code::DataLoss)));
    let counts = served.ended("/shop.Stock/List", 1).await;
    assert_eq!(counts.outcome(Outcome::Completed), 1);
    assert_eq!(served.failures("/shop.Stock/List"), [(ErrorType::Grpc(GrpcCode::DataLoss), 1)]);
}

#[tokio::test]
async fn every_kind_of_stream_is_completed_when_its_trailers_are_out() {
    let served = served().await;
    assert_eq!(read(served.list("a,b").await.expect("it begins")).await.0, ["a", "b"]);
    let words = || iter(["a", "b"].map(str::to_owned));
    let mut client = served.client().await;
    let added = client.client_streaming(tonic::Request::new(words()), path("/shop.Stock/Add"), Codec::default()).await;
    assert_eq!(added.expect("it succeeds").into_inner(), "ab");
    let mut client = served.client().await;
    let echoed = client.streaming(tonic::Request::new(words()), path("/shop.Stock/Chat"), Codec::default()).await;
    assert_eq!(read(echoed.expect("it begins").into_inner()).await.0, ["A", "B"]);
    for route in ["/shop.Stock/List", "/shop.Stock/Add", "/shop.Stock/Chat"] {
        let counts = served.ended(route, 1).await;
        assert_eq!((counts.outcome(Outcome::Completed), served.failures(route)), (1, vec![]), "{route}");
    }
}

#[tokio::test]
async fn a_panic_is_answered_as_internal_in_trailers_only() {
    let served = served().await;
    let refusal = served.count("panic").await.expect_err("it fails");
    assert_eq!((refusal.code(), refusal.message()), (Code::Internal, ""));
    assert_eq!(refusal.metadata().get("x-request-id").map(|id| id.len()), Some(36));
    served.ended("/shop.Stock/Count", 1).await;
    assert_eq!(served.failures("/shop.Stock/Count"), [(ErrorType::Panic, 1)]);
    flush(&served.monitor);
    assert_eq!(served.memory.events()[0].failure.message, "the shelf fell");
}

#[tokio::test]
async fn a_panic_in_the_stream_breaks_it_off() {
    let served = served().await;
    let broken = match served.list("panic").await {
        Ok(items) => read(items).await.1,
        Err(status) => Some(status),
    };
    assert_eq!(broken.map(|status| status.code()), Some(Code::Internal));
    served.ended("/shop.Stock/List", 1).await;
    assert_eq!(served.failures("/shop.Stock/List"), [(ErrorType::PanicInBody, 1)]);
}

#[tokio::test]
async fn a_client_that_leaves_a_stream_leaves_nothing_in_flight_and_no_failure() {
    let served = served().await;
    let mut items = served.list("a,for ever").await.expect("it begins");
    assert_eq!(items.message().await.expect("it goes well").as_deref(), Some("a"));
    drop(items);
    let counts = served.ended("/shop.Stock/List", 1).await;
    assert_eq!((counts.outcome(Outcome::BodyAborted), served.failures("/shop.Stock/List")), (1, vec![]));
}

#[tokio::test]
async fn unknown_services_and_methods_are_one_series() {
    let served = served().await;
    for number in 0..20 {
        for unknown in [format!("/shop.Stock/Steal{number}"), format!("/shop.Other{number}/Count")] {
            let codec = Codec::default();
            let request = tonic::Request::new(String::new());
            let refusal = served.client().await.unary(request, path(&unknown), codec).await.expect_err("it is unknown");
            assert_eq!(refusal.code(), Code::Unimplemented);
        }
    }
    served.ended("_unmatched", 40).await;
    let read = served.monitor.traffic().expect("it is enabled").read();
    let visited: Vec<_> = read.iter().filter(|counts| counts.started > 0).map(|counts| &*counts.route).collect();
    assert_eq!(visited, ["_unmatched"]);
    assert_eq!(served.failures("_unmatched"), [(ErrorType::Grpc(GrpcCode::Unimplemented), 40)]);
}

#[test]
fn an_error_of_the_stack_is_answered_with_the_status_that_says_the_same() {
    let (monitor, _) = watched_by(builder());
    let failing = service_fn(|_: Request<()>| std::future::ready(Err::<Response<Text>, _>(Overloaded::new())));
    let failing = failing.map_err(tower::BoxError::from);
    let layer = MonitorLayer::new(&monitor).respond_to_errors();
    let response =
        ready(layer.layer(failing).oneshot(grpc_request("/shop.Stock/Count"))).unwrap_or_else(|error| match error {});
    assert_eq!((response.status().as_u16(), &response.headers()["grpc-status"]), (200, &http::HeaderValue::from(14)));
    assert_eq!(response.headers()["content-type"], "application/grpc");
}

#[test]
fn a_response_that_is_no_grpc_fails_as_http_does_and_gets_no_problem() {
    let (log, (monitor, _)) = (Log::default(), watched_by(builder()));
    let layer = MonitorLayer::new(&monitor);
    let body = log.during(|| crate::support::text(call(&layer, grpc_request("/shop.Stock/Count"), || status(503, ""))));
    assert_eq!(body, "");
    let line = log.request_line();
    assert_eq!((line["error_type"].as_str(), line.get("grpc_status")), (Some("503"), None));
}

#[test]
fn a_response_without_any_status_is_unknown_as_it_is_to_clients() {
    let (log, (monitor, _)) = (Log::default(), watched_by(builder()));
    let answer = || {
        let mut response = status(200, "");
        response.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
        response
    };
    log.during(|| {
        drop(crate::support::text(call(&MonitorLayer::new(&monitor), grpc_request("/shop.Stock/Count"), answer)));
    });
    assert_eq!([&log.request_line()["grpc_status"], &log.request_line()["error_type"]], ["UNKNOWN", "UNKNOWN"]);
}

#[test]
fn a_panic_is_answered_in_the_head_and_with_nothing_else() {
    let (monitor, _) = watched_by(builder());
    let response = call::<Text>(&MonitorLayer::new(&monitor), grpc_request("/shop.Stock/Count"), || panic!("boom"));
    assert_eq!((response.status().as_u16(), &response.headers()["grpc-status"]), (200, &http::HeaderValue::from(13)));
    assert_eq!(response.headers()["content-type"], "application/grpc");
    assert!(http_body::Body::is_end_stream(response.body()) && response.headers().contains_key("x-request-id"));
}

#[test]
fn only_a_post_is_a_call() {
    let (monitor, _) = watched_by(builder());
    let request = Request::get("/shop.Stock/Count").header("content-type", "application/grpc").body(()).unwrap();
    let response = call::<Text>(&MonitorLayer::new(&monitor), request, || panic!("boom"));
    assert_eq!(response.status(), 500);
    assert!(crate::support::text(response).contains("request_id"));
}

#[test]
fn a_panic_that_a_silent_layer_inside_answered_is_captured() {
    let (monitor, memory) = watched_by(builder());
    let panicking = crate::support::service(|_| -> Result<Response<Text>, Infallible> { panic!("boom") });
    let inside = CatchPanicLayer::new(&Monitor::disabled()).layer(panicking);
    let asked = MonitorLayer::new(&monitor).layer(inside).oneshot(grpc_request("/shop.Stock/Count"));
    drop(crate::support::text(ready(asked).unwrap_or_else(|error| match error {})));
    assert_eq!(crate::support::only_event(&monitor, &memory).failure.type_name, "INTERNAL");
}

#[test]
fn codes_that_are_to_be_ignored_become_no_issue() {
    let (monitor, memory) =
        watched_by(builder().errors(ErrorSettings::new().ignore_grpc_codes([GrpcCode::Unimplemented])));
    for code in [12, 13] {
        let answer = || {
            let mut response = status(200, "");
            response.headers_mut().insert("grpc-status", http::HeaderValue::from(code));
            response
        };
        let request = grpc_request("/shop.Stock/Count");
        drop(crate::support::text(call(&MonitorLayer::new(&monitor), request, answer)));
    }
    assert_eq!(crate::support::only_event(&monitor, &memory).failure.type_name, "INTERNAL");
    assert_eq!(crate::support::dropped(&monitor, "intake", monitor_kit::DropReason::Ignored), 1);
}

/// A channel is an ordinary tower client.
#[tokio::test]
async fn a_channel_carries_on_the_scope() {
    let log = Log::default();
    let _guard = tracing::dispatcher::set_default(&log.dispatch());
    let served = served_by(|layer| layer.id_policy(IdPolicy::TrustedPeer(Networks::loopback()))).await;
    let caller = Monitor::builder("shop").log(None).build().expect("the settings are right");
    let channel = PropagateLayer::new(&caller).layer(served.channel.clone());
    let scope = Scope::new(&caller);
    let mut client = client::Grpc::new(channel);
    let asked = scope.in_scope(|| {
        let asked = async move {
            client.ready().await.expect("the channel is open");
            let request = tonic::Request::new("7 nails".to_owned());
            client.unary(request, path("/shop.Stock/Count"), Codec::default()).await
        };
        asked.in_current_scope()
    });
    assert_eq!(asked.await.expect("it succeeds").into_inner(), "7 nails");
    served.ended("/shop.Stock/Count", 1).await;
    let line = log.request_line();
    assert_eq!(line["trace_id"], scope.trace().trace_id().to_string());
    assert_eq!(line["request_id"], scope.id().to_string());
    shows(&page(&caller), r#"http_client_requests_total{host_class="unknown",status_class="2xx"} 1"#);
}

#[test]
fn a_request_that_is_no_call_has_no_grpc_status_whatever_it_is_answered() {
    let (log, (monitor, _)) = (Log::default(), watched_by(builder()));
    let answer = || {
        let mut response = status(200, "");
        response.headers_mut().insert("grpc-status", "13".parse().unwrap());
        response
    };
    log.during(|| drop(crate::support::text(call(&MonitorLayer::new(&monitor), get("/"), answer))));
    assert_eq!((log.request_line().get("grpc_status"), log.request_line().get("error_type")), (None, None));
}

/// Serves [`Stock`] on a free port, as shown in tonic's documentation.
async fn served() -> Served {
    served_by(|layer| layer).await
}

async fn served_by(change: impl FnOnce(MonitorLayer) -> MonitorLayer) -> Served {
    let methods = ["Count", "List", "Add", "Chat"].map(|method| format!("/shop.Stock/{method}"));
    let (monitor, memory) = watched_by(builder().grpc_methods(methods));
    let layer = MonitorLayer::new(&monitor)
        .peer(|head| head.extensions.get::<TcpConnectInfo>()?.remote_addr().map(|addr| addr.ip()));
    let layer = change(layer);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let addr = listener.local_addr().expect("an address");
    let serving = Server::builder().layer(layer).add_service(Stock).serve_with_incoming(TcpIncoming::from(listener));
    tokio::spawn(async move { serving.await.expect("it serves") });
    let channel = channel(addr).await;
    Served { monitor, memory, client: client::Grpc::new(channel.clone()), channel }
}

async fn channel(addr: SocketAddr) -> Channel {
    let endpoint = Channel::from_shared(format!("http://{addr}")).expect("an address");
    endpoint.connect().await.expect("it listens")
}

impl Served {
    async fn client(&self) -> client::Grpc<Channel> {
        let mut client = self.client.clone();
        client.ready().await.expect("the channel is open");
        client
    }

    async fn count(&self, what: &str) -> Result<String, Status> {
        let request = tonic::Request::new(what.to_owned());
        let mut client = self.client().await;
        client.unary(request, path("/shop.Stock/Count"), Codec::default()).await.map(tonic::Response::into_inner)
    }

    async fn list(&self, what: &str) -> Result<Streaming<String>, Status> {
        let request = tonic::Request::new(what.to_owned());
        let mut client = self.client().await;
        let response = client.server_streaming(request, path("/shop.Stock/List"), Codec::default()).await;
        response.map(tonic::Response::into_inner)
    }

    /// Waits until this many calls of the route have ended.
    async fn ended(&self, route: &str, count: u64) -> RouteCounts {
        for _ in 0..1000 {
            let read = self.monitor.traffic().expect("it is enabled").read();
            let found = read.into_iter().find(|counts| &*counts.route == route);
            if let Some(counts) = found.filter(|counts| counts.ended() == count) {
                return counts;
            }
            sleep(Duration::from_millis(5)).await;
        }
        panic!("{count} calls of {route} have not ended: {:?}", self.monitor.traffic().map(monitor_kit::Traffic::read));
    }

    /// Returns the failures, without the zeros of a declared route.
    fn failures(&self, route: &str) -> Vec<(ErrorType, u64)> {
        let read = self.monitor.traffic().expect("it is enabled").read();
        let counts = read.iter().find(|counts| &*counts.route == route).expect("it was visited");
        counts.failures().into_iter().filter(|(_, count)| *count > 0).collect()
    }
}

async fn read(mut items: Streaming<String>) -> (Vec<String>, Option<Status>) {
    let mut read = Vec::new();
    loop {
        match items.message().await {
            Ok(Some(item)) => read.push(item),
            Ok(None) => return (read, None),
            Err(status) => return (read, Some(status)),
        }
    }
}

fn path(text: &str) -> PathAndQuery {
    text.parse().expect("a path")
}

impl server::NamedService for Stock {
    const NAME: &'static str = "shop.Stock";
}

impl Service<Request<Body>> for Stock {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> task::Poll<Result<(), Infallible>> {
        task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(async move {
            let mut grpc = server::Grpc::new(Codec::default());
            Ok(match request.uri().path() {
                "/shop.Stock/Count" => grpc.unary(service_fn(count), request).await,
                "/shop.Stock/List" => grpc.server_streaming(service_fn(list), request).await,
                "/shop.Stock/Add" => grpc.client_streaming(service_fn(add), request).await,
                "/shop.Stock/Chat" => grpc.streaming(service_fn(chat), request).await,
                _ => Status::unimplemented("").into_http(),
            })
        })
    }
}

async fn count(request: tonic::Request<String>) -> Result<tonic::Response<String>, Status> {
    match request.get_ref().as_str() {
        "panic" => panic!("the shelf fell"),
        "internal" => Err(Status::internal("the shelf broke: 100%")),
        "missing" => Err(Status::not_found("no such shelf")),
        "secret" => Err(Status::unavailable("no shelf at postgres://admin:hunter2@db/stock")),
        "source" => Err(with_source(Status::internal("the stock cannot be read"))),
        "captured" => Err(with_source(Status::internal("the stock cannot be read"))).capture(),
        what => Ok(tonic::Response::new(what.to_owned())),
    }
}

fn with_source(mut status: Status) -> Status {
    status.set_source(Arc::new(Failure::new("the shelf is on fire").because(Failure::new("a match"))));
    status
}

type Items = Pin<Box<dyn Stream<Item = Result<String, Status>> + Send>>;

async fn list(request: tonic::Request<String>) -> Result<tonic::Response<Items>, Status> {
    let words: Vec<_> = request.get_ref().split(',').map(str::to_owned).collect();
    let has_end = !words.iter().any(|word| word == "for ever");
    let items = iter(words).filter(|word| word != "for ever").map(|word| match word.as_str() {
        "panic" => panic!("the shelf fell"),
        "broken" => Err(Status::data_loss("the rest burnt")),
        _ => Ok(word),
    });
    let rest = tokio_stream::pending().take(if has_end { 0 } else { 1 });
    Ok(tonic::Response::new(Box::pin(items.chain(rest))))
}

async fn add(request: tonic::Request<Streaming<String>>) -> Result<tonic::Response<String>, Status> {
    let (words, _) = read(request.into_inner()).await;
    Ok(tonic::Response::new(words.concat()))
}

async fn chat(request: tonic::Request<Streaming<String>>) -> Result<tonic::Response<Items>, Status> {
    let words = request.into_inner().map(|word| word.map(|word| word.to_uppercase()));
    Ok(tonic::Response::new(Box::pin(once(Ok(String::new())).take(0).chain(words))))
}
