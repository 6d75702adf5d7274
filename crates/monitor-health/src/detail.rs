//! Access to details: the amount of information that each caller may read.
//!
//! Messages and values of probes help an operator and an attacker alike, so the amount depends on the caller: any
//! caller, one with a bearer token, or one on the same machine.

use std::{fmt, net::IpAddr, sync::Arc};

use http::{Extensions, HeaderMap, Request, header};

/// The amount of detail in a response.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_enums, reason = "nothing, what is published, and everything that is")]
pub enum DetailLevel {
    /// The status only.
    Status,
    /// The status, and the messages and values that probes publish.
    #[default]
    Messages,
    /// As `Messages`, with the history: latency, failures in a row, the time of the last run and of the last success.
    Full,
}

type PeerOf = Arc<dyn Fn(&Extensions) -> Option<IpAddr> + Send + Sync>;

/// The detail that each caller may read. The [source](crate::ProbeResult::source) of a
/// [`ProbeResult`](crate::ProbeResult) is never shown, at any level.
///
/// # Example
///
/// ```
/// use monitor_kit::health::{DetailLevel, DetailPolicy, Health};
///
/// let details = DetailPolicy::public(DetailLevel::Status)
///     .bearer("a-long-secret", DetailLevel::Full)
///     .local(DetailLevel::Full);
/// let health = Health::builder().details(details).build()?;
/// # Ok::<(), monitor_kit::health::HealthError>(())
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct DetailPolicy {
    public: DetailLevel,
    bearer: Option<(String, DetailLevel)>,
    local: Option<DetailLevel>,
    peer_of: Option<PeerOf>,
}

impl DetailPolicy {
    /// Sets the detail for every caller. Defaults to [`DetailLevel::Messages`].
    pub fn public(detail: DetailLevel) -> Self {
        Self { public: detail, ..Self::default() }
    }

    /// Sets the detail for callers that send `Authorization: Bearer` with this token (RFC 6750, section 2.1).
    pub fn bearer(mut self, token: impl Into<String>, detail: DetailLevel) -> Self {
        self.bearer = Some((token.into(), detail));
        self
    }

    /// Sets the detail for callers [on this machine](is_local). With the feature `axum` the peer's address is read from
    /// axum's `ConnectInfo`; without it, set [`peer`](Self::peer) as well.
    ///
    /// Behind a proxy on the same machine that adds no forwarding header, every caller is local: use
    /// [`bearer`](Self::bearer) there.
    pub fn local(mut self, detail: DetailLevel) -> Self {
        self.local = Some(detail);
        self
    }

    /// Sets the function that finds the peer's address in a request's extensions. Defaults to axum's `ConnectInfo` with
    /// the feature `axum`; otherwise the peer is unknown.
    ///
    /// # Example
    ///
    /// ```
    /// use std::net::SocketAddr;
    /// use monitor_kit::health::{DetailLevel, DetailPolicy};
    ///
    /// let details = DetailPolicy::public(DetailLevel::Status)
    ///     .local(DetailLevel::Full)
    ///     .peer(|extensions| extensions.get::<SocketAddr>().map(SocketAddr::ip));
    /// ```
    pub fn peer(mut self, peer_of: impl Fn(&Extensions) -> Option<IpAddr> + Send + Sync + 'static) -> Self {
        self.peer_of = Some(Arc::new(peer_of));
        self
    }

    /// Returns whether the token cannot be sent: it is empty, or has a character that RFC 6750, section 2.1, does not
    /// allow.
    pub(crate) fn has_bad_token(&self) -> bool {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        self.bearer.as_ref().is_some_and(|(token, _)| token.is_empty() || !token.bytes().all(is_allowed))
    }

    /// Returns the detail for the sender of `request`: the highest level that applies.
    pub(crate) fn of<B>(&self, request: &Request<B>) -> DetailLevel {
        let bearer = self.bearer.as_ref().filter(|(token, _)| has_bearer(request.headers(), token));
        let local = self.local.filter(|_| is_local(request, self.peer_of(request.extensions())));
        bearer.map(|(_, detail)| *detail).into_iter().chain(local).fold(self.public, Ord::max)
    }

    fn peer_of(&self, extensions: &Extensions) -> Option<IpAddr> {
        match &self.peer_of {
            Some(peer_of) => peer_of(extensions),
            None => connect_info(extensions),
        }
    }
}

impl fmt::Debug for DetailPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { public, bearer, local, .. } = self;
        let bearer = bearer.as_ref().map(|(_, detail)| detail);
        f.debug_struct("Details").field("public", public).field("bearer", &bearer).field("local", local).finish()
    }
}

#[cfg(feature = "axum")]
fn connect_info(extensions: &Extensions) -> Option<IpAddr> {
    use axum::extract::ConnectInfo;
    extensions.get::<ConnectInfo<std::net::SocketAddr>>().map(|ConnectInfo(addr)| addr.ip())
}

#[cfg(not(feature = "axum"))]
fn connect_info(_: &Extensions) -> Option<IpAddr> {
    None
}

/// Returns whether the headers contain `Authorization: Bearer` with this token (RFC 6750, section 2.1), exactly once.
///
/// The comparison takes constant time for tokens of the same length.
///
/// # Example
///
/// ```
/// use http::HeaderMap;
/// use monitor_kit::health::has_bearer;
///
/// let headers = HeaderMap::from_iter([("authorization".parse()?, "Bearer a-long-secret".parse()?)]);
/// assert!(has_bearer(&headers, "a-long-secret"));
/// assert!(!has_bearer(&headers, "another-secret"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn has_bearer(headers: &HeaderMap, token: &str) -> bool {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let sent = value.to_str().ok().and_then(|value| value.split_once(' '));
    let Some((_, sent)) = sent.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) else { return false };
    let (sent, token) = (sent.trim_start_matches(' ').as_bytes(), token.as_bytes());
    let differing =
        sent.iter().zip(token.iter().cycle()).fold(0, |differing, (sent, token)| differing | (sent ^ token));
    sent.len() == token.len() && differing == 0
}

/// Returns whether a request comes from this machine: its peer is a loopback address, it has no forwarding header, and
/// it is addressed to a host on this machine. The last condition rejects web pages that use DNS rebinding.
///
/// This is no authentication. Requests through a proxy on this machine that adds no forwarding header, such as nginx
/// with nothing but `proxy_pass`, are local. Routes that show or change internals should require a [token](has_bearer).
///
/// # Example
///
/// ```
/// use std::net::Ipv4Addr;
/// use http::Request;
/// use monitor_kit::health::is_local;
///
/// let peer = Some(Ipv4Addr::LOCALHOST.into());
/// let direct = Request::get("/health").header("host", "localhost:3000").body(())?;
/// let proxied = Request::get("/health").header("host", "localhost").header("x-forwarded-for", "192.0.2.7").body(())?;
/// assert!(is_local(&direct, peer) && !is_local(&proxied, peer));
/// # Ok::<(), http::Error>(())
/// ```
#[must_use]
pub fn is_local<B>(request: &Request<B>, peer: Option<IpAddr>) -> bool {
    let peer_is_local = peer.is_some_and(|peer| peer.to_canonical().is_loopback());
    // An authority in the request line takes precedence over `Host` (RFC 9112, section 3.2.2), so check it too.
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    peer_is_local
        && !is_forwarded(request.headers())
        && authority.is_none_or(is_loopback)
        && host(request).is_some_and(is_loopback)
}

/// Proxies name the client in one of these headers.
fn is_forwarded(headers: &HeaderMap) -> bool {
    let says_so = |name: &str| name.contains("forwarded") || OF_PROXIES.contains(&name);
    headers.keys().any(|name| says_so(name.as_str()))
}

fn host<B>(request: &Request<B>) -> Option<&str> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        (None, _) => request.uri().authority().map(http::uri::Authority::as_str),
        _ => None,
    }
}

fn is_loopback(host: &str) -> bool {
    // An IPv6 address without brackets, such as `::1`, has no port.
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    };
    let addr = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || addr.parse::<IpAddr>().is_ok_and(|addr| addr.is_loopback())
}

const OF_PROXIES: [&str; 5] = ["via", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_loopback() {
        for host in ["localhost", "LOCALHOST:80", "127.0.0.1", "127.9.9.9:8080", "[::1]", "[::1]:8080"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["", "example.org", "localhost.example.org", "127.0.0.1.example.org", "10.0.0.1:80", "[::2]:80"] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn a_caller_reads_the_most_of_what_it_may() {
        let details = DetailPolicy::public(DetailLevel::Status)
            .bearer("secret", DetailLevel::Full)
            .local(DetailLevel::Messages)
            .peer(|extensions| extensions.get().copied());
        let ask = |peer: [u8; 4], headers: &[(&str, &str)]| {
            let mut request = Request::get("/").header("host", "localhost:80");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            details.of(&request.extension(IpAddr::from(peer)).body(()).unwrap())
        };
        let (near, far) = ([127, 0, 0, 1], [192, 0, 2, 7]);
        assert_eq!([ask(near, &[]), ask(far, &[])], [DetailLevel::Messages, DetailLevel::Status]);
        assert_eq!(ask(far, &[("authorization", "bearer secret")]), DetailLevel::Full);
        assert_eq!(ask(near, &[("authorization", "Bearer secret")]), DetailLevel::Full);
        for wrong in ["Bearer secre", "Bearer secrets", "Bearer secretsecret", "Basic secret", "secret", "Bearer "] {
            assert_eq!(ask(far, &[("authorization", wrong)]), DetailLevel::Status, "{wrong}");
        }
        assert_eq!(ask(near, &[("x-forwarded-for", "192.0.2.7")]), DetailLevel::Status);
        assert_eq!(ask(near, &[("forwarded", "for=192.0.2.7")]), DetailLevel::Status);
        for name in
            ["x-real-ip", "via", "true-client-ip", "cf-connecting-ip", "x-original-forwarded-for", "x-client-ip"]
        {
            assert_eq!(ask(near, &[(name, "192.0.2.7")]), DetailLevel::Status, "{name}");
        }
        let elsewhere = Request::get("http://evil.example/").header("host", "localhost").body(()).unwrap();
        assert!(!is_local(&elsewhere, Some(near.into())), "it asks for another host");
    }
}
