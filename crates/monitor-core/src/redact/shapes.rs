//! Secrets that are known by their shape: addresses, numbers of accounts, keys of well-known services.
//!
//! A text is read once, in pieces of letters, digits and `._:-`. A piece that is too short, or has no digit in it, is none.

use std::{
    borrow::Cow,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    ops::Range,
};

use super::{Addresses, FILTERED};

/// Returns `text` with all of them masked, borrowed where there are none.
pub(super) fn mask(text: &str, addresses: Addresses) -> Cow<'_, str> {
    let (mut written, mut upto) = (String::new(), 0);
    let mut at = 0;
    while let Some(piece) = next_piece(text.as_bytes(), at) {
        at = piece.end;
        let (begin, mut end) = (piece.start.max(upto), piece.end);
        if begin >= end {
            continue;
        }
        if let Some(length) = secret_at(text, begin..end) {
            end = begin + length;
            written.push_str(&text[upto..begin]);
            written.push_str(FILTERED);
            upto = end;
            at = at.max(end);
        } else {
            mask_addresses(text, begin..end, addresses, &mut written, &mut upto);
        }
    }
    if upto == 0 {
        return Cow::Borrowed(text);
    }
    written.push_str(&text[upto..]);
    Cow::Owned(written)
}

/// Returns whether there is certainly none in `text`. It may say of a harmless one that there is.
pub(super) fn is_harmless(text: &[u8], addresses: Addresses) -> bool {
    let mut at = 0;
    while let Some(piece) = next_piece(text, at) {
        at = piece.end;
        // What is not ASCII is in no piece.
        let Ok(piece_text) = str::from_utf8(&text[piece.clone()]) else { return false };
        let may_be_one = is_account_begin(piece_text)
            || is_social_security_number(piece_text)
            || is_known_key(piece_text)
            || piece_text.split('-').any(|part| is_changed(part, addresses));
        if may_be_one {
            return false;
        }
    }
    true
}

/// Returns the next piece that is long enough and has a digit.
fn next_piece(text: &[u8], mut at: usize) -> Option<Range<usize>> {
    loop {
        while !is_part(*text.get(at)?) {
            at += 1;
        }
        let (begin, mut has_digit) = (at, false);
        while let Some(byte) = text.get(at).filter(|byte| is_part(**byte)) {
            has_digit |= byte.is_ascii_digit();
            at += 1;
        }
        let mut end = at;
        while end > begin && matches!(text[end - 1], b'.' | b'-') {
            end -= 1;
        }
        if has_digit && (end - begin >= SHORTEST || is_country(&text[begin..end])) {
            return Some(begin..end);
        }
    }
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-')
}

/// Returns how long the secret is that the piece begins with. An account number may go on behind it.
fn secret_at(text: &str, piece: Range<usize>) -> Option<usize> {
    let whole = &text[piece.clone()];
    if is_social_security_number(whole) || is_known_key(whole) {
        return Some(whole.len());
    }
    is_account_begin(whole).then(|| account_at(&text[piece.start..])).flatten()
}

// === IP addresses ===

fn mask_addresses(text: &str, piece: Range<usize>, policy: Addresses, written: &mut String, upto: &mut usize) {
    let mut begin = piece.start;
    for part in text[piece].split('-') {
        if let Some((length, shown)) = changed(part, policy) {
            written.push_str(&text[*upto..begin]);
            written.push_str(&shown);
            *upto = begin + length;
        }
        begin += part.len() + 1;
    }
}

fn is_changed(part: &str, policy: Addresses) -> bool {
    changed(part, policy).is_some_and(|(length, shown)| shown != part[..length])
}

/// Returns how long the address is that `part` begins with, and what is shown of it.
fn changed(part: &str, policy: Addresses) -> Option<(usize, String)> {
    let address = match policy {
        Addresses::Full => return None,
        Addresses::Truncated | Addresses::Masked => address_of(part)?,
    };
    let shown = match (policy, address.1) {
        (Addresses::Masked, _) => FILTERED.to_owned(),
        (_, IpAddr::V4(address)) => Ipv4Addr::from_bits(address.to_bits() & NETWORK_V4).to_string(),
        (_, IpAddr::V6(address)) => Ipv6Addr::from_bits(address.to_bits() & NETWORK_V6).to_string(),
    };
    Some((address.0, shown))
}

/// Returns the address that `part` is, but for a port, and its length.
fn address_of(part: &str) -> Option<(usize, IpAddr)> {
    let first = *part.as_bytes().first()?;
    if !first.is_ascii_hexdigit() && first != b':' {
        return None;
    }
    let (dots, colons) = part.bytes().fold((0, 0), |(dots, colons), byte| match byte {
        b'.' => (dots + 1, colons),
        b':' => (dots, colons + 1),
        _ => (dots, colons),
    });
    match (dots, colons) {
        (3, 0) => Some((part.len(), IpAddr::V4(part.parse().ok()?))),
        (3, 1) => {
            let (host, port) = part.split_once(':')?;
            port.bytes().all(|byte| byte.is_ascii_digit()).then_some((host.len(), IpAddr::V4(host.parse().ok()?)))
        }
        (0 | 3, 2..) => {
            let whole = part.trim_end_matches(':');
            Some((whole.len(), IpAddr::V6(whole.parse().ok()?)))
        }
        _ => None,
    }
}

// === Numbers of accounts ===

/// Whether it begins as an IBAN does: two letters of a country, two digits.
fn is_account_begin(piece: &str) -> bool {
    is_country(piece.as_bytes())
}

fn is_country(piece: &[u8]) -> bool {
    matches!(piece, [a, b, c, d, ..] if a.is_ascii_uppercase() && b.is_ascii_uppercase() && c.is_ascii_digit() && d.is_ascii_digit())
        && piece.iter().take(ACCOUNT).all(u8::is_ascii_alphanumeric)
}

/// Returns how long the IBAN is that `text` begins with, also in groups of four. Its remainder by 97 is 1 (ISO 13616-1).
fn account_at(text: &str) -> Option<usize> {
    let (mut digits, mut longest) = (Vec::with_capacity(ACCOUNT), None);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b' ' if !digits.is_empty() && digits.len().is_multiple_of(4) => continue,
            byte if byte.is_ascii_alphanumeric() && digits.len() < ACCOUNT => digits.push(byte.to_ascii_uppercase()),
            _ => break,
        }
        let is_end = !text.as_bytes().get(at + 1).is_some_and(u8::is_ascii_alphanumeric);
        if is_end && digits.len() >= SHORTEST_ACCOUNT && remainder(&digits) == 1 {
            longest = Some(at + 1);
        }
    }
    longest
}

fn remainder(account: &[u8]) -> u32 {
    let turned = account[4..].iter().chain(&account[..4]);
    turned.fold(0, |remainder, byte| match byte {
        b'0'..=b'9' => (remainder * 10 + u32::from(byte - b'0')) % 97,
        letter => (remainder * 100 + u32::from(letter - b'A') + 10) % 97,
    })
}

/// `078-05-1120`: area, group and serial number, none of them zero.
fn is_social_security_number(piece: &str) -> bool {
    let bytes = piece.as_bytes();
    let is_shaped = bytes.len() == 11
        && bytes
            .iter()
            .enumerate()
            .all(|(at, byte)| if at == 3 || at == 6 { *byte == b'-' } else { byte.is_ascii_digit() });
    is_shaped && !piece.starts_with("000") && &bytes[4..6] != b"00" && &bytes[7..] != b"0000"
}

// === Keys of well-known services ===

fn is_known_key(piece: &str) -> bool {
    if piece.len() < SHORTEST_KEY {
        return false;
    }
    let is_of_amazon = || {
        (piece.starts_with("AKIA") || piece.starts_with("ASIA"))
            && piece.len() == 20
            && piece.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    let first = piece.as_bytes()[0];
    KEYS.iter().any(|prefix| prefix.as_bytes()[0] == first && piece.starts_with(prefix)) || is_of_amazon()
}

/// What keys begin with: of Stripe, GitHub, GitLab, Slack, Google, SendGrid, npm, PyPI, DigitalOcean, Shopify, OpenAI,
/// Anthropic, Hugging Face, Twilio and Sentry.
const KEYS: [&str; 32] = [
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "rk_test_",
    "pk_live_",
    "whsec_",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xoxs-",
    "xapp-",
    "AIza",
    "ya29.",
    "SG.",
    "npm_",
    "pypi-",
    "dop_v1_",
    "shpat_",
    "shpss_",
    "sk-proj-",
    "sk-ant-",
    "hf_",
    "SK0",
    "sntrys_",
    "sntryu_",
];

/// The shortest address that is worth hiding, `1.1.1.1`.
const SHORTEST: usize = 7;
const SHORTEST_KEY: usize = 20;
const ACCOUNT: usize = 34;
const SHORTEST_ACCOUNT: usize = 15;
const NETWORK_V4: u32 = !0xff;
const NETWORK_V6: u128 = !0 << 80;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn masks(text: &str, expected: &str) {
        assert_eq!(mask(text, Addresses::Truncated), expected);
        assert!(text == expected || !is_harmless(text.as_bytes(), Addresses::Truncated), "{text}");
    }

    #[test]
    fn addresses_are_cut_to_their_network() {
        masks("no route to 203.0.113.9.", "no route to 203.0.113.0.");
        masks("203.0.113.9:5432 refused", "203.0.113.0:5432 refused");
        masks("http://203.0.113.9/x 10.0.0.7-10.0.0.9", "http://203.0.113.0/x 10.0.0.0-10.0.0.0");
        masks("from [2001:db8:1:2::9]:80", "from [2001:db8:1::]:80");
        masks("peer 2001:db8:1:2:3:4:5:6", "peer 2001:db8:1::");
        masks("at 12:30:00 in core::fmt::Display, src/a.rs:12:5", "at 12:30:00 in core::fmt::Display, src/a.rs:12:5");
        masks("Chrome/120.0.0.0 Safari/537.36 v1.2.3", "Chrome/120.0.0.0 Safari/537.36 v1.2.3");
        assert_eq!(mask("from 203.0.113.9", Addresses::Masked), "from [Filtered]");
        assert_eq!(mask("from 203.0.113.9", Addresses::Full), "from 203.0.113.9");
    }

    #[test]
    fn numbers_of_accounts_are_masked() {
        masks("to DE89370400440532013000.", "to [Filtered].");
        masks("to DE89 3704 0044 0532 0130 00 today", "to [Filtered] today");
        masks("to GB82WEST12345698765432", "to [Filtered]");
        masks("order DE89370400440532013001", "order DE89370400440532013001");
        masks("ssn 078-05-1120", "ssn [Filtered]");
        masks("part 000-05-1120", "part 000-05-1120");
    }

    #[test]
    fn keys_of_well_known_services_are_masked() {
        masks("key ghp_0123456789abcdefghij0123456789abcdef", "key [Filtered]");
        masks("key=AKIAIOSFODNN7EXAMPLE!", "key=[Filtered]!");
        masks("xoxb-123456789012-abcdefghijkl", "[Filtered]");
        masks("sk_live_short1", "sk_live_short1");
    }

    proptest! {
        #[test]
        fn what_is_harmless_is_left_alone(text in "([0-9a-fA-F.:-]|10\\.0\\.0\\.|::|DE89|ghp_| |é|x){0,24}") {
            for policy in [Addresses::Truncated, Addresses::Masked, Addresses::Full] {
                if is_harmless(text.as_bytes(), policy) {
                    prop_assert_eq!(mask(&text, policy), text.as_str());
                }
            }
        }

        #[test]
        fn any_address_is_hidden(address: Ipv4Addr, before in "[a-z ]{0,8}") {
            prop_assume!(address.octets()[3] != 0);
            let text = format!("{before} {address}, more");
            prop_assert!(!mask(&text, Addresses::Truncated).contains(&address.to_string()));
        }
    }
}
