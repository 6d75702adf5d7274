//! Parses the entries of `Forwarded` (RFC 7239) and `X-Forwarded-For`.

use std::{
    borrow::Cow,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// Returns the elements of a `Forwarded` header, the last one first. Quotation marks are paired from the end, so that
/// one that a client left open cannot swallow the elements that proxies appended.
pub(super) fn elements(value: &str) -> impl Iterator<Item = &str> {
    split_from_end(value, b',')
}

/// Returns the entries of an `X-Forwarded-For` header, the last one first.
pub(super) fn entries(value: &str) -> impl Iterator<Item = &str> {
    value.rsplit(',')
}

/// Returns the address in an element's `for` parameter; `None` if it is missing, repeated or not an address.
pub(super) fn for_of(element: &str) -> Option<IpAddr> {
    let mut found = None;
    for pair in split_from_end(element, b';').map(trimmed).filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=')?;
        if name.eq_ignore_ascii_case("for") && found.replace(unquoted(value)?).is_some() {
            return None;
        }
    }
    address(&found?)
}

/// Returns the address in an entry, which may have a port. An IPv6 address with a port is in brackets.
pub(super) fn address(entry: &str) -> Option<IpAddr> {
    let entry = trimmed(entry);
    let is_port =
        |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if let Some((inside, rest)) = entry.strip_prefix('[').and_then(|entry| entry.split_once(']')) {
        let is_whole = rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port);
        return inside.parse::<Ipv6Addr>().ok().filter(|_| is_whole).map(|address| IpAddr::V6(address).to_canonical());
    }
    if let Some((v4, _)) = entry.split_once(':').filter(|(_, port)| is_port(port)) {
        return v4.parse::<Ipv4Addr>().ok().map(IpAddr::V4);
    }
    entry.parse().ok().map(|address: IpAddr| address.to_canonical())
}

/// Splits at `at` outside of quotation marks, from the end.
fn split_from_end(text: &str, at: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let whole = rest?;
        let bytes = whole.as_bytes();
        let mut is_quoted = false;
        for index in (0..bytes.len()).rev() {
            if bytes[index] == b'"' && !is_escaped(&bytes[..index]) {
                is_quoted = !is_quoted;
            } else if bytes[index] == at && !is_quoted {
                rest = Some(&whole[..index]);
                return Some(&whole[index + 1..]);
            }
        }
        rest = None;
        Some(whole)
    })
}

/// Returns whether a quotation mark is escaped: an odd number of backslashes precedes it.
fn is_escaped(before: &[u8]) -> bool {
    before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// Returns a token unchanged, and a quoted string without its quotation marks and escapes (RFC 9110, section 5.6.4).
fn unquoted(value: &str) -> Option<Cow<'_, str>> {
    let Some(rest) = value.strip_prefix('"') else {
        return (!value.contains(['"', '\\'])).then_some(Cow::Borrowed(value));
    };
    let (mut text, mut chars) = (String::with_capacity(rest.len()), rest.chars());
    loop {
        match chars.next()? {
            '"' => return chars.as_str().is_empty().then_some(Cow::Owned(text)),
            '\\' => text.push(chars.next()?),
            char => text.push(char),
        }
    }
}

fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}
