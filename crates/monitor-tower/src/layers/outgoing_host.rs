//! Classes of hosts for outgoing requests.
//!
//! A label per host name would be unbounded, so hosts are grouped by their name or address into a few classes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::Uri;

pub(crate) fn class_of_host(uri: &Uri) -> &'static str {
    let Some(host) = uri.host() else { return UNKNOWN };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    match bare.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => class_of_v4(address),
        Ok(IpAddr::V6(address)) => class_of_v6(address),
        Err(_) => class_of_name(bare.trim_end_matches('.')),
    }
}

fn class_of_v4(address: Ipv4Addr) -> &'static str {
    match address {
        _ if address.is_loopback() => "loopback",
        _ if address.is_private() || address.is_link_local() => "private",
        _ => "public",
    }
}

fn class_of_v6(address: Ipv6Addr) -> &'static str {
    match address {
        _ if address.is_loopback() => "loopback",
        _ if address.is_unique_local() || address.is_unicast_link_local() => "private",
        _ => "public",
    }
}

fn class_of_name(name: &str) -> &'static str {
    let top = name.rsplit_once('.').map(|(_, top)| top);
    let is_below = |expected: &str| top.is_some_and(|top| top.eq_ignore_ascii_case(expected));
    match name {
        _ if name.eq_ignore_ascii_case("localhost") || is_below("localhost") => "loopback",
        _ if top.is_none() || ["internal", "local", "localdomain"].into_iter().any(is_below) => "private",
        _ => "public",
    }
}

/// The class of a request without a host.
pub(crate) const UNKNOWN: &str = "unknown";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_classed_by_where_they_are() {
        let class = |uri: &str| class_of_host(&uri.parse().expect(uri));
        for (expected, uris) in [
            (
                "loopback",
                &["http://localhost:80/", "http://a.LOCALHOST/", "http://127.1.2.3/", "http://[::1]:8080/"][..],
            ),
            (
                "private",
                &["http://10.0.0.1/", "http://[fd00::1]/", "http://stock/", "http://a.b.internal./", "http://x.Local/"],
            ),
            ("public", &["https://example.org/", "http://8.8.8.8/", "http://[2001:db8::1]/", "http://internal.org/"]),
            ("public", &["http://notlocalhost.org/", "http://mylocal.org/", "http://x.mylocal/"]),
            ("unknown", &["/path"]),
        ] {
            for uri in uris {
                assert_eq!(class(uri), expected, "{uri}");
            }
        }
    }
}
