//! Kinds of a whole word, or of a part of one, and their placeholders.

use std::net::{IpAddr, SocketAddr};

use super::date::is_date;

/// Returns the placeholder of the first kind that matches `part`.
pub(super) fn kind_of(part: &str) -> Option<&'static str> {
    if part.is_empty() {
        return None;
    }
    KINDS.into_iter().find(|(is, _)| is(part)).map(|(_, placeholder)| placeholder)
}

/// A test for a part, and its placeholder.
type Kind = (fn(&str) -> bool, &'static str);

/// In the order in which they are tried.
const KINDS: [Kind; 10] = [
    (is_url, "<url>"),
    (is_email, "<email>"),
    (is_host, "<host>"),
    (is_ip, "<ip>"),
    (is_uuid, "<uuid>"),
    (is_hash, "<hash>"),
    (is_date, "<date>"),
    (is_duration, "<duration>"),
    (is_hex, "<hex>"),
    (is_number, "<number>"),
];

fn is_url(part: &str) -> bool {
    let is_of_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    part.split_once("://").is_some_and(|(scheme, rest)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(is_of_scheme)
            && rest.starts_with(|c: char| c.is_alphanumeric() || c == '/')
    })
}

fn is_email(part: &str) -> bool {
    part.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && domain.contains('.') && !domain.contains('@') && !part.contains(['=', '<', '>'])
    })
}

/// Returns `true` for `localhost`, for a name with a common host ending, and for any dotted name with a port.
fn is_host(part: &str) -> bool {
    let (name, port) = part.split_once(':').map_or((part, ""), |(name, port)| (name, port));
    if !port.bytes().all(|byte| byte.is_ascii_digit()) || part.ends_with(':') {
        return false;
    }
    let Some(last) = name.rsplit('.').next() else { return false };
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    name == "localhost"
        || name.contains('.')
            && name.split('.').all(is_label)
            && last.bytes().all(|byte| byte.is_ascii_alphabetic())
            && (!port.is_empty() || HOST_ENDINGS.contains(&last))
}

pub(super) fn is_ip(part: &str) -> bool {
    let bare = part.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<IpAddr>().is_ok() || part.parse::<SocketAddr>().is_ok()
}

fn is_uuid(part: &str) -> bool {
    part.len() == 36 && uuid::Uuid::try_parse(part).is_ok()
}

fn is_hash(part: &str) -> bool {
    let has_letters = part.bytes().any(|byte| byte.is_ascii_alphabetic());
    matches!(part.len(), 32 | 40 | 64) && has_letters && is_all(part, |byte| byte.is_ascii_hexdigit())
}

/// Returns `true` for `12ms`, `1.5s`, `1h30m`.
fn is_duration(part: &str) -> bool {
    let mut rest = part;
    while !rest.is_empty() {
        let after = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let unit = UNITS.into_iter().find(|unit| {
            after
                .strip_prefix(unit)
                .is_some_and(|next| next.is_empty() || next.starts_with(|c: char| c.is_ascii_digit()))
        });
        match unit {
            Some(unit) if rest.starts_with(|c: char| c.is_ascii_digit()) => rest = &after[unit.len()..],
            _ => return false,
        }
    }
    true
}

fn is_hex(part: &str) -> bool {
    if let Some(digits) = part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")) {
        return is_all(digits, |byte| byte.is_ascii_hexdigit());
    }
    let has = |is: fn(&u8) -> bool| part.bytes().any(|byte| is(&byte));
    part.len() >= 8
        && is_all(part, |byte| byte.is_ascii_hexdigit())
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic)
}

/// Returns `true` for `3`, `-2.5`, `1e9`. One kind, because a float may be printed with a fraction in one event and
/// without one in the next.
fn is_number(part: &str) -> bool {
    let number = part.strip_prefix(['-', '+']).unwrap_or(part);
    let (number, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    [whole, fraction, exponent].into_iter().all(|digits| is_all(digits, |byte| byte.is_ascii_digit()))
}

pub(super) fn is_bool(part: &str) -> bool {
    ["true", "false", "True", "False", "TRUE", "FALSE"].contains(&part)
}

/// Returns the letters after a number, such as `px` in `17px` and in `2.5px`.
pub(super) fn unit_of(part: &str) -> Option<&str> {
    let unit = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number = &part[..part.len() - unit.len()];
    (is_number(number) && !unit.is_empty() && unit.chars().all(char::is_alphabetic)).then_some(unit)
}

fn is_all(text: &str, is: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(is)
}

const UNITS: [&str; 9] = ["ns", "us", "µs", "ms", "min", "s", "m", "h", "d"];
const HOST_ENDINGS: [&str; 16] = [
    "com",
    "net",
    "org",
    "edu",
    "gov",
    "io",
    "dev",
    "app",
    "cloud",
    "local",
    "internal",
    "lan",
    "localdomain",
    "example",
    "test",
    "invalid",
];
