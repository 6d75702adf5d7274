//! What is read of a request before it is handed on.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::{Extensions, HeaderMap, Method, Request, Uri, header};
use monitor_core::{Scope, names, panic, scope};

use crate::settings::Settings;

/// The head of a request, to find its route by.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RequestHead<'a> {
    /// The method.
    pub method: &'a Method,
    /// The URI as this layer sees it: a nested router may have cut its prefix.
    pub uri: &'a Uri,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The extensions.
    pub extensions: &'a Extensions,
}

impl<'a> RequestHead<'a> {
    pub(crate) fn of<B>(request: &'a Request<B>) -> Self {
        Self {
            method: request.method(),
            uri: request.uri(),
            headers: request.headers(),
            extensions: request.extensions(),
        }
    }

    pub(crate) fn route(&self, settings: &Settings) -> &'a str {
        let route = match &settings.route_of {
            Some(route_of) => panic::catch(|| route_of(self)).unwrap_or_else(|mut caught| {
                settings.monitor.capture_panic(&mut caught);
                caught.dispose();
                None
            }),
            None => self.matched_path(),
        };
        route.unwrap_or(names::UNMATCHED)
    }

    /// Returns the path the client asked for, also where a nested router cut its prefix.
    pub(crate) fn path(&self) -> &'a str {
        #[cfg(feature = "axum")]
        if let Some(original) = self.extensions.get::<axum::extract::OriginalUri>() {
            return original.0.path();
        }
        self.uri.path()
    }

    pub(crate) fn user_agent(&self) -> &'a str {
        let value = self.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        &value[..value.len().min(USER_AGENT)]
    }

    /// Returns the identifier the client sent, where there is exactly one and it is short and plain.
    pub(crate) fn client_request_id(&self) -> &'a str {
        let mut values = self.headers.get_all("x-request-id").iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok().filter(|id| is_plain_id(id)).unwrap_or_default(),
            _ => "",
        }
    }

    /// Returns the peer's address, without the part that tells one client from its neighbours.
    pub(crate) fn remote_addr(&self) -> String {
        self.peer().map_or_else(String::new, |addr| truncated(addr).to_string())
    }

    /// Notes in `scope` the headers the redaction policy keeps; without any, headers are not looked at.
    pub(crate) fn keep_headers(&self, scope: &Scope) {
        let kept = scope.monitor().redaction().kept_headers().filter_map(|name| {
            let value = self.headers.get(name)?;
            Some((name.to_ascii_lowercase(), String::from_utf8_lossy(value.as_bytes()).into()))
        });
        let kept: serde_json::Map<_, _> = kept.collect();
        if !kept.is_empty() {
            scope.enter(|| scope::set_context("request", serde_json::json!({ "headers": kept })));
        }
    }

    #[cfg(feature = "axum")]
    fn matched_path(&self) -> Option<&'a str> {
        self.extensions.get::<axum::extract::MatchedPath>().map(axum::extract::MatchedPath::as_str)
    }

    #[cfg(not(feature = "axum"))]
    #[expect(clippy::unused_self, reason = "with the feature `axum` it is used")]
    fn matched_path(&self) -> Option<&'a str> {
        None
    }

    #[cfg(feature = "axum")]
    fn peer(&self) -> Option<IpAddr> {
        use axum::extract::ConnectInfo;
        self.extensions.get::<ConnectInfo<std::net::SocketAddr>>().map(|ConnectInfo(addr)| addr.ip())
    }

    #[cfg(not(feature = "axum"))]
    #[expect(clippy::unused_self, reason = "with the feature `axum` it is used")]
    fn peer(&self) -> Option<IpAddr> {
        None
    }
}

fn is_plain_id(id: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':' | b'/' | b'+' | b'=');
    (1..=CLIENT_ID).contains(&id.len()) && id.bytes().all(plain)
}

/// Keeps the first 24 bits of an IPv4 address and the first 48 of an IPv6 address.
fn truncated(addr: IpAddr) -> IpAddr {
    match addr.to_canonical() {
        IpAddr::V4(addr) => Ipv4Addr::from_bits(addr.to_bits() & !0xff).into(),
        IpAddr::V6(addr) => Ipv6Addr::from_bits(addr.to_bits() & !0 << 80).into(),
    }
}

const CLIENT_ID: usize = 64;
const USER_AGENT: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn client_id(values: &[&[u8]]) -> String {
        let mut request = Request::new(());
        for value in values {
            let value = http::HeaderValue::from_bytes(value).expect("a header value");
            request.headers_mut().append("x-request-id", value);
        }
        RequestHead::of(&request).client_request_id().to_owned()
    }

    #[test]
    fn a_client_id_is_kept_only_when_it_is_single_short_and_plain() {
        assert_eq!(client_id(&[b"order-7/a.b_c:d+e="]), "order-7/a.b_c:d+e=");
        assert_eq!(client_id(&[]), "");
        assert_eq!(client_id(&[b""]), "");
        assert_eq!(client_id(&[b"a", b"b"]), "");
        assert_eq!(client_id(&[b"a b"]), "");
        assert_eq!(client_id(&[b"{\"a\"}"]), "");
        assert_eq!(client_id(&[&[0xff; 8]]), "");
        assert_eq!(client_id(&[&[b'a'; 64]]).len(), 64);
        assert_eq!(client_id(&[&[b'a'; 65]]), "");
        assert_eq!(client_id(&[&[b'a'; 16 * 1024]]), "");
    }

    #[test]
    fn addresses_are_truncated() {
        let truncate = |text: &str| truncated(text.parse().expect("an address")).to_string();
        assert_eq!(truncate("192.0.2.77"), "192.0.2.0");
        assert_eq!(truncate("::ffff:192.0.2.77"), "192.0.2.0");
        assert_eq!(truncate("2001:db8:1:2::7"), "2001:db8:1::");
    }
}
