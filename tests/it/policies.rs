//! Policies for accepting the request ID and the trace of a client.

use http::{Request, Response};
use http_body::Body;
use monitor_kit::{IdPolicy, MonitorLayer, Networks, RequestIdLayer, ResponseBody, TraceContext, scope};
use tower::{Layer, ServiceExt};

use crate::support::{Log, Text, builder, call, get, monitor, only_event, ready, service, status, watched};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[test]
fn by_default_the_clients_trace_is_recorded_and_not_continued() {
    let (log, (monitor, memory)) = (Log::default(), watched());
    log.during(|| drop(visit(&MonitorLayer::new(&monitor), traced(&[PARENT], &["foo=1"]), 500)));
    let (line, event) = (log.request_line(), only_event(&monitor, &memory));
    assert_eq!(line["client_trace_id"], TRACE);
    assert_eq!(line["trace_id"], line["request_id"].as_str().unwrap().replace('-', ""));
    assert_eq!(event.scope.client_trace_id.map(|id| id.to_string()).as_deref(), Some(TRACE));
    assert_eq!(event.to_json()["scope"]["trace_id"], line["trace_id"]);
    assert_eq!(event.scope.span_id.map(|id| id.to_string().len()), Some(16));
}

#[test]
fn a_trace_that_is_accepted_is_continued_with_a_span_of_our_own() {
    let layer = MonitorLayer::new(&monitor()).id_policy(IdPolicy::Accept);
    let (_, seen) = seen_by(&layer, traced(&[PARENT], &["rojo=1, congo=2", "baz=3"]));
    assert_eq!((seen.trace_id().to_string().as_str(), seen.tracestate()), (TRACE, "rojo=1,congo=2,baz=3"));
    assert_eq!(seen.parent_id().map(|id| id.to_string()).as_deref(), Some("00f067aa0ba902b7"));
    assert_ne!(seen.span_id().to_string(), "00f067aa0ba902b7");
}

#[test]
fn only_a_trusted_peer_is_obeyed_in_what_is_sampled() {
    let unsampled = builder().trace_sample_rate(0.0).build().unwrap();
    let layer = MonitorLayer::new(&unsampled).peer(|head| head.extensions.get().copied());
    let sampled = |layer: &MonitorLayer, peer: &str| {
        let mut request = traced(&[PARENT], &[]);
        request.extensions_mut().insert(peer.parse::<std::net::IpAddr>().unwrap());
        let (_, seen) = seen_by(layer, request);
        (seen.trace_id().to_string() == TRACE, seen.is_sampled())
    };
    assert_eq!(sampled(&layer.clone().id_policy(IdPolicy::Accept), "10.0.0.1"), (true, false));
    let trusting = layer.id_policy(IdPolicy::TrustedPeer(Networks::parse(["10.0.0.0/8"]).unwrap()));
    assert_eq!(sampled(&trusting, "10.0.0.1"), (true, true));
    assert_eq!(sampled(&trusting, "::ffff:10.0.0.1"), (true, true));
    assert_eq!(sampled(&trusting, "192.0.2.1"), (false, false));
}

#[test]
fn the_sampling_flag_of_the_client_is_ignored() {
    let all = builder().trace_sample_rate(1.0).build().unwrap();
    let layer = MonitorLayer::new(&all).id_policy(IdPolicy::Accept);
    let (_, seen) = seen_by(&layer, traced(&["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"], &[]));
    assert_eq!((seen.trace_id().to_string().as_str(), seen.is_sampled()), (TRACE, true));
}

#[test]
fn a_peer_that_is_not_known_is_not_trusted_which_is_said_once() {
    let log = Log::default();
    let everybody = Networks::parse(["0.0.0.0/0"]).unwrap();
    let layer = MonitorLayer::new(&monitor()).id_policy(IdPolicy::TrustedPeer(everybody));
    log.during(|| {
        for _ in 0..2 {
            let (_, seen) = seen_by(&layer, traced(&[PARENT], &[]));
            assert_ne!(seen.trace_id().to_string(), TRACE);
        }
        drop(seen_by(&MonitorLayer::new(&monitor()), get("/")));
    });
    let warnings = log.lines("monitor");
    assert_eq!(warnings.len(), 1, "{warnings:#?}");
    assert!(warnings[0]["message"].as_str().unwrap().contains("set MonitorLayer::peer"));
}

#[test]
fn of_the_traces_that_begin_here_a_share_is_sampled() {
    let sampled = |share: f64| {
        let layer = MonitorLayer::new(&builder().trace_sample_rate(share).build().unwrap());
        (0..400).filter(|_| seen_by(&layer, get("/")).1.is_sampled()).count()
    };
    assert_eq!((sampled(0.0), sampled(1.0)), (0, 400));
    assert!((100..=300).contains(&sampled(0.5)));
}

/// A text that is masked everywhere else must not be sent as a request ID.
#[test]
fn an_id_with_a_secret_is_never_accepted() {
    let (log, monitor) = (Log::default(), monitor());
    let layer = MonitorLayer::new(&monitor).id_policy(IdPolicy::Accept);
    for value in ["password=hunter2", "4111111111111111"] {
        let (response, _) = log.during(|| seen_by(&layer, identified("x-request-id", value)));
        assert_eq!(response.headers()["x-request-id"].len(), 36, "{value}");
    }
    assert!(!log.text().contains("hunter2") && !log.text().contains("4111111111111111"), "{}", log.text());
}

/// The request is handled as if the header were absent.
#[test]
fn a_malformed_trace_begins_a_new_one_and_leaves_no_mark() {
    let upper = PARENT.to_uppercase();
    let cases: [&[&str]; 6] = [
        &[PARENT, PARENT],
        &["00-00000000000000000000000000000000-00f067aa0ba902b7-01"],
        &[&upper],
        &["\"><script>alert(1)</script>"],
        &[""],
        &["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x"],
    ];
    for parents in cases {
        let (log, monitor) = (Log::default(), monitor());
        let layer = MonitorLayer::new(&monitor).id_policy(IdPolicy::Accept);
        let (response, seen) = log.during(|| seen_by(&layer, traced(parents, &["foo=1"])));
        assert_eq!((response.status().as_u16(), seen.parent_id(), seen.tracestate()), (200, None, ""), "{parents:?}");
        drop(response);
        let line = log.request_line();
        assert_eq!(
            (line.get("client_trace_id"), line["trace_id"].as_str()),
            (None, Some(&*seen.trace_id().to_string()))
        );
        assert!(!log.text().contains("script") && !log.text().to_lowercase().contains("0e0e4736"), "{}", log.text());
    }
}

#[test]
fn a_tracestate_that_is_no_text_is_discarded_and_the_trace_continued() {
    let mut request = traced(&[PARENT], &[]);
    let value = http::HeaderValue::from_bytes(b"foo=\xff").unwrap();
    request.headers_mut().append("tracestate", value);
    let layer = MonitorLayer::new(&monitor()).id_policy(IdPolicy::Accept);
    let (_, seen) = seen_by(&layer, request);
    assert_eq!((seen.trace_id().to_string().as_str(), seen.tracestate()), (TRACE, ""));
}

#[test]
fn an_identifier_that_is_accepted_is_the_requests_own() {
    let (log, monitor) = (Log::default(), monitor());
    let layer = MonitorLayer::new(&monitor).id_policy(IdPolicy::Accept);
    let (response, _) = log.during(|| seen_by(&layer, identified("x-request-id", "Edge-17")));
    assert_eq!(response.headers()["x-request-id"], "Edge-17");
    drop(response);
    let line = log.request_line();
    assert_eq!((line["request_id"].as_str(), line.get("client_request_id")), (Some("Edge-17"), None));
    assert_eq!(line["trace_id"].as_str().map(str::len), Some(32));
}

#[test]
fn an_identifier_that_is_accepted_is_in_the_problem_too() {
    let layer = MonitorLayer::new(&monitor()).id_policy(IdPolicy::Accept);
    let response = call::<Text>(&layer, identified("x-request-id", "Edge-17"), || panic!("boom"));
    assert!(crate::support::text(response).contains(r#""request_id":"Edge-17""#));
}

#[test]
fn an_invalid_id_is_never_accepted() {
    let layer = MonitorLayer::new(&monitor()).id_policy(IdPolicy::Accept);
    for value in ["a b", "<b>", "", "{\"a\":1}", &"a".repeat(65)] {
        let (response, _) = seen_by(&layer, identified("x-request-id", value));
        assert_eq!(response.headers()["x-request-id"].len(), 36, "{value}");
        let log = Log::default();
        log.during(|| drop(seen_by(&layer, identified("x-request-id", value))));
        assert_eq!(log.request_line().get("client_request_id"), None, "it is dropped");
    }
}

#[test]
fn the_header_may_have_another_name() {
    let layer = MonitorLayer::new(&monitor())
        .id_policy(IdPolicy::Accept)
        .id_header(http::HeaderName::from_static("x-correlation-id"));
    let (response, _) = seen_by(&layer, identified("x-correlation-id", "edge-17"));
    assert_eq!(response.headers()["x-correlation-id"], "edge-17");
    assert!(!response.headers().contains_key("x-request-id"));
    let panicked = call::<Text>(&layer, identified("x-request-id", "edge-17"), || panic!("boom"));
    assert_eq!(panicked.headers()["x-correlation-id"].len(), 36);
}

#[test]
fn the_identifier_layer_alone_has_the_same_policies() {
    let layer = RequestIdLayer::new()
        .id_policy(IdPolicy::TrustedPeer(Networks::loopback()))
        .id_header(http::HeaderName::from_static("x-correlation-id"))
        .peer(|_| Some(std::net::Ipv4Addr::LOCALHOST.into()));
    let mut seen = None;
    let service = service(|_| {
        seen = scope::current().map(|scope| scope.trace().clone());
        Ok::<_, std::convert::Infallible>(status(200, ""))
    });
    let mut request = traced(&[PARENT], &[]);
    request.headers_mut().insert("x-correlation-id", "edge-17".parse().unwrap());
    let response = ready(layer.layer(service).oneshot(request)).unwrap();
    assert_eq!(response.headers()["x-correlation-id"], "edge-17");
    assert_eq!(seen.map(|trace| (trace.trace_id().to_string(), trace.is_sampled())), Some((TRACE.to_owned(), true)));
}

#[test]
fn nested_layers_share_the_trace() {
    let monitor = monitor();
    let mut seen = None;
    let inner = MonitorLayer::new(&monitor).layer(service(|_| {
        seen = scope::current().map(|scope| scope.trace().clone());
        Ok::<_, std::convert::Infallible>(status(200, ""))
    }));
    let outer = RequestIdLayer::new().id_policy(IdPolicy::Accept);
    drop(ready(outer.layer(inner).oneshot(traced(&[PARENT], &["foo=1"]))).unwrap());
    let seen = seen.expect("it runs in a scope");
    assert_eq!((seen.trace_id().to_string().as_str(), seen.tracestate()), (TRACE, "foo=1"));
}

#[test]
fn work_of_a_request_belongs_to_its_trace() {
    let (monitor, mut traces) = (monitor(), Vec::new());
    let job = monitor.clone();
    drop(call(&MonitorLayer::new(&monitor), get("/"), || {
        traces.push(scope::current().expect("it runs in a scope").trace().clone());
        let inside = async { Ok::<_, std::fmt::Error>(scope::current().expect("a job has one").trace().clone()) };
        traces.push(ready(job.job("mail", inside)).unwrap());
        status(200, "")
    }));
    assert_eq!(traces[1].trace_id(), traces[0].trace_id());
    assert_eq!(traces[1].parent_id(), Some(traces[0].span_id()));
}

fn visit(layer: &MonitorLayer, request: Request<()>, code: u16) -> Response<ResponseBody<Text>> {
    call(layer, request, || status(code, ""))
}

/// Returns the response, and the trace seen by the service.
fn seen_by(layer: &MonitorLayer, request: Request<()>) -> (Response<impl Body>, TraceContext) {
    let mut seen = None;
    let response = call(layer, request, || {
        seen = scope::current().map(|scope| scope.trace().clone());
        status(200, "")
    });
    (response, seen.expect("the service runs in a scope"))
}

fn traced(parents: &[&str], states: &[&str]) -> Request<()> {
    let mut request = get("/");
    for (name, values) in [("traceparent", parents), ("tracestate", states)] {
        for value in values {
            request.headers_mut().append(name, value.parse().expect("a header value"));
        }
    }
    request
}

fn identified(name: &'static str, value: &str) -> Request<()> {
    let mut request = get("/");
    request.headers_mut().insert(name, value.parse().expect("a header value"));
    request
}
