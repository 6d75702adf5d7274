//! Whatever a client sends, a request is handled, ends, and leaves nothing but what was let through.

use std::convert::Infallible;

use http::{HeaderName, HeaderValue, Method, Request, Uri, Version};
use http_body_util::Full;
use monitor_kit::{MonitorLayer, Outcome, scope};
use proptest::{collection::vec, prelude::*, sample::select};
use tower::{Layer, ServiceExt};

use crate::support::{Text, assert_ended, monitor, page, ready, text};

/// Headers that somebody here looks at, and one that nobody does.
const NAMES: [&str; 8] =
    ["x-request-id", "user-agent", "host", "traceparent", "x-forwarded-for", "content-length", "cookie", "x-unknown"];

fn header() -> impl Strategy<Value = (HeaderName, HeaderValue)> {
    // All that may stand in a header: the server refuses the rest.
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
}
