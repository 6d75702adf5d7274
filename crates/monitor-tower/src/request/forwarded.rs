//! The client's address behind proxies.
//!
//! Each proxy appends its own peer to a list, so the list is read from its end, for as long as the proxy that wrote an
//! entry is trusted. Entries further left may be forged.

mod element;

use std::net::IpAddr;

use http::{HeaderMap, HeaderName};

use self::element::{address, elements, entries, for_of};
use super::networks::Networks;

/// The proxies that are trusted to name the client's address.
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

/// The header in which proxies name the client.
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

    /// Sets the header that the proxies write; the other one is ignored. Set it if your proxies pass on the other
    /// header as clients send it. Defaults to either header. If a request has both and they disagree, neither is
    /// trusted and the client is the proxy itself, so that a client can hide its address but cannot forge one.
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

    /// Returns the address of the client whose request came from `peer` with these headers: the last address that is
    /// not a trusted proxy's. An entry that is not an address ends the search at the proxy that wrote it.
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

    /// Follows `entries` from `peer`, the last entry first, for as long as the writer of the entry is trusted.
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

/// Returns the values of a header, the last one first. A value that is not text is returned as empty.
fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).iter().rev().map(|value| value.to_str().unwrap_or_default())
}

const FORWARDED: HeaderName = HeaderName::from_static("forwarded");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Longest chain of proxies that is followed.
const HOPS: usize = 32;

#[cfg(test)]
mod tests;
