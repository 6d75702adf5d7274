//! The addresses of a request's client and of its peer, the other end of the connection.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::{request::head::RequestHead, settings::Settings};

impl RequestHead<'_> {
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
}
