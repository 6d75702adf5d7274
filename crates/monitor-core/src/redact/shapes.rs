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
    let (mut written, mut upto, mut at) = (String::new(), 0, 0);
    while let Some(piece) = next_piece(text.as_bytes(), at) {
        at = piece.end;
        let mut from = piece.start.max(upto);
        while let Some((found, shown)) = first_in(text, from..piece.end, addresses) {
            written.push_str(&text[upto..found.start]);
            written.push_str(&shown);
            upto = found.end;
            at = at.max(found.end);
            from = found.end;
            if from >= piece.end {
                break;
            }
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
    let Ok(text) = str::from_utf8(text) else { return false };
    let mut at = 0;
    while let Some(piece) = next_piece(text.as_bytes(), at) {
        at = piece.end;
        let mut from = piece.start;
        while let Some((found, shown)) = first_in(text, from..piece.end, addresses) {
            if shown != text[found.clone()] {
                return false;
            }
            from = found.end;
        }
    }
    true
}

/// Returns the first of them that begins in a piece, at one of its borders, and what is shown in its place.
fn first_in(text: &str, piece: Range<usize>, addresses: Addresses) -> Option<(Range<usize>, String)> {
    let bytes = text.as_bytes();
    let is_border = |at: &usize| *at == piece.start || !bytes[*at - 1].is_ascii_alphanumeric();
    piece.clone().filter(is_border).filter(|at| bytes[*at].is_ascii_alphanumeric() || bytes[*at] == b':').find_map(
        |at| {
            // What is longer than any address may be is not looked at again and again.
            let rest = &text[at..piece.end];
            let masked = |length: usize| (at..at + length, FILTERED.to_owned());
            secret_at(text, at, rest).map(masked).or_else(|| {
                let (length, shown) = address_at(&rest[..rest.len().min(LONGEST)], addresses)?;
                Some((at..at + length, shown))
            })
        },
    )
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

/// Returns how long the secret is that begins at `at`, where the piece goes on with `rest`.
fn secret_at(text: &str, at: usize, rest: &str) -> Option<usize> {
    if is_known_key(rest) {
        return Some(rest.find(':').unwrap_or(rest.len()));
    }
    social_security_number(rest).or_else(|| account_at(&text[at..]))
}

// === IP addresses ===

/// Returns how long the address is that `rest` begins with, and what is shown of it.
fn address_at(rest: &str, policy: Addresses) -> Option<(usize, String)> {
    if policy == Addresses::Full {
        return None;
    }
    let end = rest.find(|c: char| !c.is_ascii_hexdigit() && c != '.' && c != ':').unwrap_or(rest.len());
    // Behind the last digit there may be a dot or a colon of the sentence.
    let whole = rest[..end].trim_end_matches('.');
    let trimmed = whole.trim_end_matches(':');
    let host = trimmed.split(':').next().unwrap_or_default();
    let found = [whole, trimmed, host].into_iter().find_map(|part| Some((part.len(), address_of(part)?)));
    let (length, address) =
        found.filter(|(length, _)| !rest[*length..].starts_with(|c: char| c.is_ascii_alphanumeric()))?;
    // The machine itself is nobody.
    if address.is_loopback() || address.is_unspecified() {
        return None;
    }
    let shown = match (policy, address) {
        (Addresses::Masked, _) => FILTERED.to_owned(),
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

// === Numbers of accounts ===

/// Whether it begins as an IBAN does: two letters of a country, two digits.
fn is_country(piece: &[u8]) -> bool {
    matches!(piece, [a, b, c, d, ..] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && c.is_ascii_digit() && d.is_ascii_digit())
}

/// Returns how long the IBAN is that `text` begins with, also in groups of four: as long as those of its country are, with a
/// remainder by 97 of 1 (ISO 13616-1).
fn account_at(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let country = is_country(bytes).then(|| [bytes[0].to_ascii_uppercase(), bytes[1].to_ascii_uppercase()])?;
    let length = ACCOUNTS.iter().find(|(code, _)| code.as_bytes() == country).map(|(_, length)| *length)?;
    let mut account = Vec::with_capacity(length);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b' ' if account.len().is_multiple_of(4) => {}
            byte if byte.is_ascii_alphanumeric() => account.push(byte.to_ascii_uppercase()),
            _ => return None,
        }
        if account.len() == length {
            let is_end = !bytes.get(at + 1).is_some_and(u8::is_ascii_alphanumeric);
            return (is_end && remainder(&account) == 1).then_some(at + 1);
        }
    }
    None
}

fn remainder(account: &[u8]) -> u32 {
    let turned = account[4..].iter().chain(&account[..4]);
    turned.fold(0, |remainder, byte| match byte {
        b'0'..=b'9' => (remainder * 10 + u32::from(byte - b'0')) % 97,
        letter => (remainder * 100 + u32::from(letter - b'A') + 10) % 97,
    })
}

/// `078-05-1120`: area, group and serial number, none of them zero. Returns its length.
fn social_security_number(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes().get(..11)?;
    let is_shaped = bytes.iter().enumerate().all(|(at, byte)| match at {
        3 | 6 => *byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let is_whole = !rest[11..].starts_with(|c: char| c.is_ascii_alphanumeric());
    let is_one = &bytes[..3] != b"000" && &bytes[4..6] != b"00" && &bytes[7..] != b"0000";
    (is_shaped && is_whole && is_one).then_some(11)
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

/// The countries of the most IBANs, and how long those are.
const ACCOUNTS: [(&str, usize); 62] = [
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BR", 29),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GL", 18),
    ("GR", 27),
    ("GT", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IS", 26),
    ("IT", 27),
    ("JO", 30),
    ("KW", 30),
    ("KZ", 20),
    ("LB", 28),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MT", 31),
    ("NL", 18),
    ("NO", 15),
    ("PL", 28),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("RS", 22),
    ("SA", 24),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("TR", 26),
    ("UA", 29),
];

/// No address is longer, with what makes it none behind it.
const LONGEST: usize = 48;
/// The shortest address that is worth hiding, `1.1.1.1`.
const SHORTEST: usize = 7;
const SHORTEST_KEY: usize = 20;
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
        masks("ip:203.0.113.9 peer:203.0.113.9:5432", "ip:203.0.113.0 peer:203.0.113.0:5432");
        masks("peer:2001:db8:1:2::9", "peer:2001:db8:1::");
        masks(
            "listening on 127.0.0.1:8080, [::1]:8080, 0.0.0.0:80",
            "listening on 127.0.0.1:8080, [::1]:8080, 0.0.0.0:80",
        );
        assert_eq!(mask("from 203.0.113.9", Addresses::Masked), "from [Filtered]");
        assert_eq!(mask("from 203.0.113.9", Addresses::Full), "from 203.0.113.9");
    }

    #[test]
    fn numbers_of_accounts_are_masked() {
        masks("to DE89370400440532013000.", "to [Filtered].");
        masks("to DE89 3704 0044 0532 0130 00 today", "to [Filtered] today");
        masks("to GB82WEST12345698765432", "to [Filtered]");
        masks("order DE89370400440532013001", "order DE89370400440532013001");
        masks("iban:de89370400440532013000 iban_DE89370400440532013000", "iban:[Filtered] iban_[Filtered]");
        masks("ssn:078-05-1120 ssn-078-05-1120", "ssn:[Filtered] ssn-[Filtered]");
        masks("ssn 078-05-1120", "ssn [Filtered]");
        masks("part 000-05-1120", "part 000-05-1120");
    }

    #[test]
    fn keys_of_well_known_services_are_masked() {
        masks("key ghp_0123456789abcdefghij0123456789abcdef", "key [Filtered]");
        masks("key=AKIAIOSFODNN7EXAMPLE!", "key=[Filtered]!");
        masks("xoxb-123456789012-abcdefghijkl", "[Filtered]");
        masks("key:ghp_0123456789abcdefghij0123456789abcdef", "key:[Filtered]");
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
            prop_assume!(address.octets()[3] != 0 && !address.is_loopback());
            let text = format!("{before} {address}, more");
            prop_assert!(!mask(&text, Addresses::Truncated).contains(&address.to_string()));
        }
    }
}
