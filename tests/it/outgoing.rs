//! Requests to other services propagate the scope and are counted by host class.

use std::{
    collections::BTreeSet,
    convert::Infallible,
    future::pending,
    net::{Ipv4Addr, SocketAddr},
};

use axum::{Router, body::Body, extract::State, routing::get};
use http::{HeaderName, Request};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use monitor_kit::{IdPolicy, Monitor, MonitorLayer, Networks, Propagate, PropagateLayer, Scope};
use tokio::net::TcpListener;
use tower::{Service, ServiceExt};

use crate::support::{Failure, Log, Text, builder, call, page, poll_once, ready, shows, status};

type HttpClient = Propagate<Client<HttpConnector, Body>>;

#[tokio::test]
async fn three_services_in_a_row_log_one_trace() {
    let log = Log::default();
    let _guard = tracing::dispatcher::set_default(&log.dispatch());
    let monitors = ["a", "b", "c"].map(|name| builder_of(name).build().expect("the settings are good"));
    let last = serve(&monitors[2], Router::new().route("/", get(|| async { "done" }))).await;
    let middle = serve(&monitors[1], caller(&monitors[1], last)).await;
    let first = serve(&monitors[0], caller(&monitors[0], middle)).await;
    let request = Request::get(format!("http://{first}/")).body(Body::empty()).expect("a request");
    let response = client(&Monitor::disabled()).oneshot(request).await.expect("it answers");
    let body = axum::body::to_bytes(Body::new(response.into_body()), 64).await.expect("it has a body");
    assert_eq!(&body[..], b"done");

    while log.lines("monitor::request").len() < 3 {
        tokio::task::yield_now().await;
    }
    let lines = log.lines("monitor::request");
    for key in ["trace_id", "request_id"] {
        assert!(lines[0][key].is_string() && lines.iter().all(|line| line[key] == lines[0][key]), "{lines:#?}");
    }
    shows(&page(&monitors[0]), r#"http_client_requests_total{host_class="loopback",status_class="2xx"} 1"#);
}

#[test]
fn the_scopes_trace_and_identifier_are_set_in_place_of_any_that_are_there() {
    let monitor = builder().build().expect("the settings are good");
    let scope = Scope::new(&monitor);
    let request = Request::get("http://stock/").header("traceparent", "forged").header("tracestate", "a=1");
    let request = request.header("x-request-id", "forged").body(()).expect("a request");
    let sent = scope.in_scope(|| sent_by(PropagateLayer::new(&monitor), request));
    assert_eq!(trace_id(&sent), scope.trace().trace_id().to_string());
    assert_eq!(sent["x-request-id"], scope.id().to_string());
    assert_eq!((sent.get_all("traceparent").iter().count(), sent.get("tracestate")), (1, None));
}

#[test]
fn each_outgoing_request_has_a_parent_id_of_its_own_in_the_scopes_trace() {
    let monitor = builder().build().expect("the settings are good");
    let scope = Scope::new(&monitor);
    let sent = scope.in_scope(|| [(); 3].map(|()| sent_by(PropagateLayer::new(&monitor), to("/stock"))));
    assert!(sent.iter().all(|headers| trace_id(headers) == scope.trace().trace_id().to_string()));
    let parent_ids = sent.each_ref().map(|headers| headers["traceparent"].to_str().unwrap()[36..52].to_owned());
    let own = scope.trace().span_id().to_string();
    assert_eq!(parent_ids.iter().chain([&own]).collect::<BTreeSet<_>>().len(), 4, "{parent_ids:?}");
}

#[test]
fn requests_that_continue_a_callers_trace_have_parent_ids_of_their_own_and_none_has_the_callers() {
    let sent = sent_inside(&[("traceparent", format!("00-{TRACE}-{PARENT}-01"))], 4);
    assert!(sent.iter().all(|headers| trace_id(headers) == TRACE && parent_id(headers) != PARENT), "{sent:?}");
    assert_eq!(sent.iter().map(parent_id).collect::<BTreeSet<_>>().len(), 4, "{sent:?}");
}

#[test]
fn requests_without_a_valid_traceparent_begin_one_trace_with_the_random_flag() {
    for received in [vec![], vec![("traceparent", format!("00-{TRACE}-{}-01", "0".repeat(16)))]] {
        let sent = sent_inside(&received, 3);
        let is_own = |headers| trace_id(headers) == trace_id(&sent[0]) && trace_id(headers) != TRACE;
        assert!(sent.iter().all(is_own), "{sent:?}");
        let flags = |headers: &http::HeaderMap| headers["traceparent"].to_str().unwrap()[53..].to_owned();
        assert!(sent.iter().all(|headers| ["02", "03"].contains(&&*flags(headers))), "{sent:?}");
        assert_eq!(sent.iter().map(parent_id).collect::<BTreeSet<_>>().len(), 3, "{sent:?}");
    }
}

#[test]
fn flags_and_tracestate_of_an_accepted_caller_go_out_with_each_request() {
    let monitor = builder().build().expect("the settings are good");
    let layer = MonitorLayer::new(&monitor).id_policy(IdPolicy::TrustedPeer(Networks::loopback()));
    let layer = layer.peer(|_| Some(Ipv4Addr::LOCALHOST.into()));
    let key = format!("{}@{}", "t".repeat(240), "v".repeat(15));
    for (flags, state) in [("00", "1a@@b=1"), ("01", "foo@=1,bar=2"), ("02", &format!("{key}=1")), ("03", "")] {
        let request = Request::get("/").header("traceparent", format!("00-{TRACE}-1234567890123456-{flags}"));
        let request = request.header("tracestate", state).body(()).expect("a request");
        let mut sent = None;
        drop(call(&layer, request, || {
            sent = Some(sent_by(PropagateLayer::new(&monitor), to("/stock")));
            status(200, "")
        }));
        let sent = sent.expect("it was sent");
        let traceparent = sent["traceparent"].to_str().unwrap();
        assert!(traceparent.starts_with(&format!("00-{TRACE}-")) && traceparent.ends_with(&format!("-{flags}")));
        assert_eq!(sent.get("tracestate").map_or("", |value| value.to_str().unwrap()), state);
    }
}

#[test]
fn outside_of_a_scope_requests_go_out_as_they_are() {
    let request = Request::get("http://stock/").header("traceparent", "mine").body(()).expect("a request");
    let sent = sent_by(PropagateLayer::new(&Monitor::disabled()), request);
    assert_eq!((sent.len(), &sent["traceparent"]), (1, &http::HeaderValue::from_static("mine")));
}

#[test]
fn the_identifiers_header_may_have_another_name() {
    let scope = Scope::new(&Monitor::disabled());
    let layer = PropagateLayer::new(&Monitor::disabled()).id_header(HeaderName::from_static("x-correlation-id"));
    let sent = scope.in_scope(|| sent_by(layer, Request::new(())));
    assert_eq!(sent["x-correlation-id"], scope.id().to_string());
    assert!(!sent.contains_key("x-request-id"));
}

#[test]
fn each_end_of_a_request_is_counted_once() {
    let monitor = builder().build().expect("the settings are good");
    let layer = PropagateLayer::new(&monitor).host_class(|uri| if uri.path() == "/a" { "a" } else { "b" });
    for code in [200, 204, 404, 503] {
        let answering =
            tower::service_fn(move |_: Request<()>| std::future::ready(Ok::<_, Infallible>(status(code, ""))));
        ready(layer.layer(answering).oneshot(to("/a"))).unwrap();
    }
    let failing =
        tower::service_fn(|_: Request<()>| std::future::ready(Err::<http::Response<Text>, _>(Failure::new("gone"))));
    ready(layer.layer(failing).oneshot(to("/b"))).expect_err("it fails");
    let hanging = tower::service_fn(|_: Request<()>| pending::<Result<http::Response<Text>, Infallible>>());
    let mut hanging = layer.layer(hanging);
    assert!(poll_once(std::pin::pin!(hanging.call(to("/b")))).is_pending());
    let page = page(&monitor);
    let counted = |host, class, count| {
        shows(&page, &format!(r#"http_client_requests_total{{host_class="{host}",status_class="{class}"}} {count}"#));
    };
    for (host, class, count) in
        [("a", "2xx", 2), ("a", "4xx", 1), ("a", "5xx", 1), ("a", "error", 0), ("b", "error", 1), ("b", "cancelled", 1)]
    {
        counted(host, class, count);
    }
}

fn builder_of(name: &str) -> monitor_kit::MonitorBuilder {
    Monitor::builder(name).log(None)
}

/// A service whose only route calls the next service.
fn caller(monitor: &Monitor, next: SocketAddr) -> Router {
    let ask = move |State(client): State<HttpClient>| async move {
        let request = Request::get(format!("http://{next}/")).body(Body::empty()).expect("a request");
        client.oneshot(request).await.map(|response| Body::new(response.into_body())).map_err(|error| error.to_string())
    };
    Router::new().route("/", get(ask)).with_state(client(monitor))
}

fn client(monitor: &Monitor) -> HttpClient {
    PropagateLayer::new(monitor).layer(Client::builder(TokioExecutor::new()).build_http())
}

async fn serve(monitor: &Monitor, app: Router) -> SocketAddr {
    let layer = MonitorLayer::new(monitor).id_policy(IdPolicy::TrustedPeer(Networks::loopback()));
    let app = app.layer(layer).into_make_service_with_connect_info::<SocketAddr>();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let addr = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, app).await });
    addr
}

/// Returns the headers of `request` as it is sent.
fn sent_by(layer: PropagateLayer, request: Request<()>) -> http::HeaderMap {
    let mut headers = None;
    let service = tower::service_fn(|request: Request<()>| {
        headers = Some(request.headers().clone());
        std::future::ready(Ok::<_, Infallible>(status(200, "")))
    });
    ready(layer.layer(service).oneshot(request)).unwrap();
    headers.expect("it was sent")
}

/// Returns the headers of requests sent `times` times from the handler of a request with the headers `received`.
fn sent_inside(received: &[(&str, String)], times: usize) -> Vec<http::HeaderMap> {
    let monitor = builder().build().expect("the settings are good");
    let layer = MonitorLayer::new(&monitor).id_policy(IdPolicy::TrustedPeer(Networks::loopback()));
    let layer = layer.peer(|_| Some(Ipv4Addr::LOCALHOST.into()));
    let request = received.iter().fold(Request::get("/"), |request, (name, value)| request.header(*name, value));
    let mut sent = Vec::new();
    drop(call(&layer, request.body(()).expect("a request"), || {
        sent.extend((0..times).map(|_| sent_by(PropagateLayer::new(&monitor), to("/stock"))));
        status(200, "")
    }));
    sent
}

fn parent_id(headers: &http::HeaderMap) -> &str {
    &headers["traceparent"].to_str().expect("it is text")[36..52]
}

fn trace_id(headers: &http::HeaderMap) -> &str {
    headers["traceparent"].to_str().ok().and_then(|value| value.split('-').nth(1)).expect("it is valid")
}

fn to(path: &str) -> Request<()> {
    Request::get(path).body(()).expect("a request")
}

const TRACE: &str = "12345678901234567890123456789012";
const PARENT: &str = "1234567890123456";
