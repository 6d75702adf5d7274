//! For any request, it is handled and ends, and only the accepted parts of it are shown.

use std::{convert::Infallible, net::IpAddr};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version};
use http_body_util::Full;
use monitor_kit::{
    IdPolicy, Monitor, MonitorLayer, Networks, Outcome, PropagateLayer, RequestId, TraceContext, TrustedProxies, scope,
};
use proptest::{collection::vec, prelude::*, sample::select};
use tower::{Layer, ServiceExt};

use crate::support::{Log, Text, assert_ended, builder, call, get, monitor, page, ready, status, text};

/// Headers that the layer reads, and one that it ignores.
const NAMES: [&str; 11] = [
    "x-request-id",
    "user-agent",
    "host",
    "traceparent",
    "tracestate",
    "forwarded",
    "x-forwarded-for",
    "content-type",
    "content-length",
    "cookie",
    "x-unknown",
];

fn header() -> impl Strategy<Value = (HeaderName, HeaderValue)> {
    // All bytes that are valid in a header; the server rejects the others.
    let byte = prop_oneof![9 => 0x20u8..0x7f, 1 => 0x80u8..=0xff, 1 => Just(b'\t')];
    let value = prop_oneof![9 => vec(byte, 0..100), 1 => (0x21u8..0x7f).prop_map(|byte| vec![byte; 16 * 1024])];
    (select(NAMES.to_vec()), value).prop_map(|(name, value)| {
        (HeaderName::from_static(name), HeaderValue::from_bytes(&value).expect("these bytes may stand in a header"))
    })
}

fn request() -> impl Strategy<Value = Request<()>> {
    let method = "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}"
        .prop_filter_map("no method", |name| Method::from_bytes(name.as_bytes()).ok());
    let method = prop_oneof![method, Just(Method::GET), Just(Method::HEAD), Just(Method::CONNECT)];
    let uri = "(/[!-~]{0,200}|\\*|[a-z]{1,20}:[0-9]{1,5}|http://[a-z]{1,20}/[!-~]{0,50})"
        .prop_filter_map("no URI", |text| text.parse::<Uri>().ok());
    let version = select(vec![Version::HTTP_10, Version::HTTP_11, Version::HTTP_2]);
    (method, uri, version, vec(header(), 0..20)).prop_map(|(method, uri, version, headers)| {
        let mut request = Request::new(());
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.version_mut() = version;
        request.headers_mut().extend(headers.into_iter().map(|(name, value)| (Some(name), value)));
        request
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_a_client_sends_is_answered_counted_and_bounded(request in request()) {
        let monitor = monitor();
        let is_upgrade = request.method() == Method::CONNECT;
        let answer = |_| async {
            let scope = scope::current().expect("a request is handled in its scope");
            assert!(scope.user_agent().len() <= 256 && scope.client_request_id().len() <= 64);
            Ok::<_, Infallible>(http::Response::<Text>::new(Full::from("ok")))
        };
        let response = ready(MonitorLayer::new(&monitor).layer(tower::service_fn(answer)).oneshot(request));
        let response = response.unwrap_or_else(|error| match error {});
        prop_assert_eq!(response.headers()["x-request-id"].len(), 36);
        text(response);
        if !monitor.traffic().expect("it is enabled").read().is_empty() {
            assert_ended(&monitor, if is_upgrade { Outcome::Upgraded } else { Outcome::Completed }, 200);
        }
        prop_assert!(page(&monitor).lines().filter(|line| line.starts_with("http_server_requests_total")).count() <= 1);
    }

    /// With a policy that accepts the values of every client.
    #[test]
    fn whatever_is_believed_is_harmless_wherever_it_is_shown(request in request(), gateway in any::<bool>()) {
        let (log, monitor) = (Log::default(), builder().show_full_ips(true).build().expect("the settings are right"));
        let peer = if gateway { "10.0.0.1" } else { "192.0.2.1" };
        let layer = MonitorLayer::new(&monitor)
            .id_policy(IdPolicy::Accept)
            .trusted_proxies(TrustedProxies::new(Networks::parse(["10.0.0.0/8"]).expect("a network")))
            .peer(move |_| peer.parse().ok())
            .span(true);
        let mut sent = None;
        let response = log.during(|| {
            let response = call(&layer, request, || {
                sent = Some(sent_on(&monitor));
                http::Response::<Text>::new(Full::from("ok"))
            });
            let id = response.headers()["x-request-id"].to_str().expect("it is text").to_owned();
            text(response);
            id
        });
        let line = log.request_line();
        let sent = sent.expect("it was handled");
        prop_assert!(RequestId::is_acceptable(&response) && line["request_id"] == response.as_str());
        prop_assert!(line["remote_addr"].as_str().is_some_and(|addr| addr.parse::<IpAddr>().is_ok()));
        prop_assert!(gateway || line["remote_addr"] == "192.0.2.1");
        let trace = TraceContext::from_traceparent(sent["traceparent"].to_str().expect("it is text"));
        let trace = trace.expect("what goes out is valid").trace_id().to_string();
        prop_assert!(line["trace_id"] == trace.as_str() && !trace.contains(|digit: char| !digit.is_ascii_hexdigit()));
        prop_assert!(sent["x-request-id"] == response.as_str());
        let state = sent.get("tracestate").map_or("", |value| value.to_str().expect("it is text"));
        prop_assert!(state.len() <= 512);
    }
}

/// Returns the headers of an outgoing request.
fn sent_on(monitor: &Monitor) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let asked = tower::service_fn(|request: Request<()>| {
        headers = request.headers().clone();
        std::future::ready(Ok::<_, Infallible>(status(200, "")))
    });
    ready(PropagateLayer::new(monitor).layer(asked).oneshot(get("/stock"))).expect("it answers");
    headers
}
