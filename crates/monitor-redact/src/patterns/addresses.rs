//! IP addresses in a text, truncated to their network or masked.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::found::FILTERED;

/// Masking of IP addresses in texts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum IpMasking {
    /// Shows the first 24 bits of an IPv4 address, and the first 48 of an IPv6 address.
    #[default]
    Truncated,
    /// Masks addresses.
    Masked,
    /// Shows addresses in full.
    Full,
}

/// Returns the length of the address at the beginning of `rest`, and its replacement.
pub(super) fn address_at(rest: &str, policy: IpMasking) -> Option<(usize, String)> {
    if policy == IpMasking::Full {
        return None;
    }
    let end = rest.find(|c: char| !c.is_ascii_hexdigit() && c != '.' && c != ':').unwrap_or(rest.len());
    // A dot or colon after the last digit may belong to the sentence.
    let whole = rest[..end].trim_end_matches('.');
    let trimmed = whole.trim_end_matches(':');
    let host = trimmed.split(':').next().unwrap_or_default();
    let found = [whole, trimmed, host].into_iter().find_map(|part| Some((part.len(), address_of(part)?)));
    let (length, address) =
        found.filter(|(length, _)| !rest[*length..].starts_with(|c: char| c.is_ascii_alphanumeric()))?;
    // Loopback and unspecified addresses identify no person.
    if address.is_loopback() || address.is_unspecified() {
        return None;
    }
    let shown = match (policy, address) {
        (IpMasking::Masked, _) => FILTERED.to_owned(),
        (_, IpAddr::V4(address)) => Ipv4Addr::from_bits(address.to_bits() & NETWORK_V4).to_string(),
        (_, IpAddr::V6(address)) => Ipv6Addr::from_bits(address.to_bits() & NETWORK_V6).to_string(),
    };
    Some((length, shown))
}

fn address_of(part: &str) -> Option<IpAddr> {
    let count = |wanted: u8| part.bytes().filter(|byte| *byte == wanted).count();
    match (count(b'.'), count(b':')) {
        (3, 0) => Some(IpAddr::V4(part.parse().ok()?)),
        (0 | 3, 2..) if part.bytes().any(|byte| byte.is_ascii_digit()) => Some(IpAddr::V6(part.parse().ok()?)),
        _ => None,
    }
}

const NETWORK_V4: u32 = !0xff;
const NETWORK_V6: u128 = !0 << 80;
