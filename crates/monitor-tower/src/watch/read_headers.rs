//! The facts that are read from a request before the service is called.

use std::{
    borrow::Cow,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use http::{HeaderValue, header};
use monitor_core::{
    KnownMethod, Scope,
    instrument::{self, panic},
    names, scope,
};

use crate::{
    request::{head::RequestHead, headers::TRACEPARENT},
    response::grpc::Protocol,
    settings::Settings,
};

/// The header values that every request needs.
#[derive(Default)]
pub(crate) struct ReadHeaders<'a> {
    pub(crate) user_agent: Cow<'a, [u8]>,
    pub(crate) id: Single<'a>,
    pub(crate) traceparent: Single<'a>,
}

/// A header that is ignored if it is repeated.
#[derive(Default)]
pub(crate) struct Single<'a> {
    first: Option<&'a HeaderValue>,
    is_repeated: bool,
}

impl<'a> Single<'a> {
    pub(crate) fn add(&mut self, value: &'a HeaderValue) {
        self.is_repeated = self.first.is_some();
        self.first = Some(value);
    }

    /// Returns the value if there is exactly one and it is text.
    pub(crate) fn text(&self) -> Option<&'a str> {
        self.first.filter(|_| !self.is_repeated)?.to_str().ok()
    }
}

impl<'a> RequestHead<'a> {
    /// Returns the route. In general a matched template takes precedence over a declared path. For gRPC calls it is the
    /// reverse, because gRPC routers match services only, and not methods.
    pub(crate) fn route(
        &self,
        settings: &'a Settings,
        path: &'a str,
        method: KnownMethod,
        protocol: Option<Protocol>,
    ) -> &'a str {
        let is_declared = |path: &&str| {
            let recorder = instrument::recorder(&settings.monitor);
            let declares = |method| recorder.is_some_and(|recorder| recorder.declares(method, path));
            // HEAD is declared together with GET.
            declares(method) || (method == KnownMethod::Head && declares(KnownMethod::Get))
        };
        let declared = || Some(path).filter(is_declared);
        let route = match &settings.route_of {
            Some(route_of) => self.ask(settings, |head| route_of(head)),
            None if protocol.is_some() => declared().or_else(|| self.matched_path()),
            None => self.matched_path().or_else(declared),
        };
        route.or_else(|| settings.mounts.route_of(path)).unwrap_or(names::UNMATCHED)
    }

    /// Calls a function of the program. Returns `None` if it panics.
    fn ask<R>(&self, settings: &Settings, f: impl FnOnce(&Self) -> Option<R>) -> Option<R> {
        let (mut f, mut known) = (Some(f), None);
        if let Some(mut caught) = panic::run(settings.fate(), &mut || known = f.take().and_then(|f| f(self))) {
            if settings.capture_panics && !settings.monitor.is_untracked(self.path()) {
                caught.capture_by(&settings.monitor);
            }
            caught.drop_payload();
        }
        known
    }

    /// Reads the headers that every request needs in one pass, which costs less than a lookup for each.
    pub(crate) fn read(&self, settings: &Settings) -> ReadHeaders<'a> {
        let mut read = ReadHeaders::default();
        for (name, value) in self.headers {
            if *name == header::USER_AGENT && read.user_agent.is_empty() {
                read.user_agent = user_agent(value.as_bytes(), settings);
            } else if *name == TRACEPARENT {
                read.traceparent.add(value);
            } else if *name == settings.id_header {
                read.id.add(value);
            }
        }
        read
    }

    /// Returns the client's address for the log and for events, truncated unless the monitor shows full addresses.
    pub(crate) fn remote_addr(&self, settings: &Settings, peer: IpAddr) -> IpAddr {
        let client = match &settings.proxies {
            Some(proxies) => proxies.client(peer, self.headers),
            None => peer.to_canonical(),
        };
        if settings.monitor.shows_full_addresses() { client } else { truncated(client) }
    }

    /// Returns the address of the peer, the other end of the connection.
    pub(crate) fn peer(&self, settings: &Settings) -> Option<IpAddr> {
        match &settings.peer_of {
            Some(peer_of) => self.ask(settings, |head| peer_of(head)),
            None => self.connect_info(),
        }
    }

    /// Records in `scope` the headers that the redaction policy keeps. Without any, the request's headers are not
    /// searched.
    pub(crate) fn keep_headers(&self, scope: &Scope) {
        let redaction = scope.monitor().redaction();
        if redaction.kept_headers().next().is_none() {
            return;
        }
        let kept = redaction.kept_headers().filter_map(|name| {
            let value = self.headers.get(name)?;
            Some((name.to_ascii_lowercase(), String::from_utf8_lossy(value.as_bytes()).into()))
        });
        let kept: serde_json::Map<_, _> = kept.collect();
        if !kept.is_empty() {
            scope.in_scope(|| scope::set_context("request", serde_json::json!({ "headers": kept })));
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
    fn connect_info(&self) -> Option<IpAddr> {
        use axum::extract::ConnectInfo;
        self.extensions.get::<ConnectInfo<std::net::SocketAddr>>().map(|ConnectInfo(addr)| addr.ip())
    }

    #[cfg(not(feature = "axum"))]
    #[expect(clippy::unused_self, reason = "with the feature `axum` it is used")]
    fn connect_info(&self) -> Option<IpAddr> {
        None
    }
}

/// Truncates an IPv4 address to 24 bits and an IPv6 address to 48 bits. Loopback addresses are no personal data and
/// stay whole, as in texts.
fn truncated(addr: IpAddr) -> IpAddr {
    match addr.to_canonical() {
        addr if addr.is_loopback() => addr,
        IpAddr::V4(addr) => Ipv4Addr::from_bits(addr.to_bits() & !0xff).into(),
        IpAddr::V6(addr) => Ipv6Addr::from_bits(addr.to_bits() & !0 << 80).into(),
    }
}

/// Returns the value of `User-Agent`. A long value is masked before it is cut, because the cut may split a secret.
fn user_agent<'a>(value: &'a [u8], settings: &Settings) -> Cow<'a, [u8]> {
    #[cold]
    fn cut(value: &[u8], settings: &Settings) -> Vec<u8> {
        settings.monitor.redaction().head(&String::from_utf8_lossy(value), USER_AGENT).into_owned().into_bytes()
    }
    if value.len() <= USER_AGENT { Cow::Borrowed(value) } else { Cow::Owned(cut(value, settings)) }
}

const USER_AGENT: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_truncated() {
        let truncate = |text: &str| truncated(text.parse().expect("an address")).to_string();
        assert_eq!(truncate("192.0.2.77"), "192.0.2.0");
        assert_eq!(truncate("::ffff:192.0.2.77"), "192.0.2.0");
        assert_eq!(truncate("2001:db8:1:2::7"), "2001:db8:1::");
        assert_eq!(["127.0.0.1", "::1", "::ffff:127.0.0.1"].map(truncate), ["127.0.0.1", "::1", "127.0.0.1"]);
    }

    #[test]
    fn only_a_header_that_is_there_once_is_read() {
        let read = |values: &[&'static str]| {
            let values: Vec<_> = values.iter().map(|value| HeaderValue::from_static(value)).collect();
            let mut single = Single::default();
            values.iter().for_each(|value| single.add(value));
            single.text().map(String::from)
        };
        assert_eq!(read(&[]), None);
        assert_eq!(read(&["a"]).as_deref(), Some("a"));
        assert_eq!(read(&["a", "b"]), None);
        assert_eq!(read(&["a", "b", "c"]), None);
    }
}
