//! Who a request comes from when proxies stand between.
//!
//! Each proxy writes its own peer at the end of a list, so the list is read from its end, for as long as the one who wrote
//! an entry is trusted. Whatever stands further left may be anybody's invention.

mod element;

use std::net::IpAddr;

use http::{HeaderMap, HeaderName};

use self::element::{address, elements, entries, for_of};
use super::networks::Networks;

/// The proxies whose word is taken for where a request comes from.
///
/// # Example
///
/// ```
/// use http::HeaderMap;
/// use monitor_kit::{Networks, TrustedProxies};
///
/// let proxies = TrustedProxies::new(Networks::parse(["10.0.0.0/8"])?);
/// let mut headers = HeaderMap::new();
/// headers.insert("x-forwarded-for", "203.0.113.9, 198.51.100.7, 10.0.0.2".parse()?);
/// assert_eq!(proxies.client("10.0.0.1".parse()?, &headers).to_string(), "198.51.100.7");
/// assert_eq!(proxies.client("192.0.2.1".parse()?, &headers).to_string(), "192.0.2.1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct TrustedProxies {
    networks: Networks,
    header: Option<ForwardedHeader>,
}

/// Where proxies write who they speak for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ForwardedHeader {
    /// `Forwarded` (RFC 7239).
    Forwarded,
    /// `X-Forwarded-For`.
    XForwardedFor,
}

impl TrustedProxies {
    /// Trusts the proxies in these networks.
    pub fn new(networks: Networks) -> Self {
        Self { networks, header: None }
    }

    /// Sets which header the proxies write, and has the other one ignored. Set it where your proxies pass on the other one as
    /// clients send it. Defaults to either; where both are there and disagree, neither is believed and the proxy itself is
    /// the client, so that a client can hide its address but not forge one.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::{ForwardedHeader, Networks, TrustedProxies};
    ///
    /// let proxies = TrustedProxies::new(Networks::parse(["10.0.0.0/8"])?).header(ForwardedHeader::XForwardedFor);
    /// # Ok::<(), monitor_kit::NetworkError>(())
    /// ```
    pub fn header(mut self, header: ForwardedHeader) -> Self {
        self.header = Some(header);
        self
    }

    /// Returns the address of the client whose request came from `peer` with these headers: the last one that is no
    /// trusted proxy's. An entry that is no address ends the search at the proxy that wrote it.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.networks.contains(peer) {
            return peer;
        }
        let forwarded = || self.follow(peer, values(headers, &FORWARDED).flat_map(elements).map(for_of));
        let x_forwarded_for = || self.follow(peer, values(headers, &X_FORWARDED_FOR).flat_map(entries).map(address));
        match self.header {
            Some(ForwardedHeader::Forwarded) => forwarded(),
            Some(ForwardedHeader::XForwardedFor) => x_forwarded_for(),
            None if !headers.contains_key(&FORWARDED) => x_forwarded_for(),
            None if !headers.contains_key(&X_FORWARDED_FOR) => forwarded(),
            None => Some(forwarded()).filter(|client| *client == x_forwarded_for()).unwrap_or(peer),
        }
    }

    /// Goes from `peer` along `entries`, the last one first, for as long as whoever wrote them is trusted.
    fn follow(&self, peer: IpAddr, entries: impl Iterator<Item = Option<IpAddr>>) -> IpAddr {
        let mut client = peer;
        for entry in entries.take(HOPS) {
            match entry {
                Some(address) if self.networks.contains(client) => client = address,
                _ => break,
            }
        }
        client
    }
}

/// Returns the values of a header, the last one first; one that is no text says nothing.
fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).iter().rev().map(|value| value.to_str().unwrap_or_default())
}

const FORWARDED: HeaderName = HeaderName::from_static("forwarded");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// No real chain of proxies is longer.
const HOPS: usize = 32;

#[cfg(test)]
mod tests;
