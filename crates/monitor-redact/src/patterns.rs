//! Secrets recognised by their shape: addresses, account numbers, keys of well-known services.
//!
//! A text is read once, in pieces of letters, digits and `._:-`. A piece that is too short or has no digit is skipped.

mod accounts;
mod addresses;
mod api_keys;

use std::ops::Range;

pub use self::addresses::IpMasking;
use self::{
    accounts::{account_at, is_country, social_security_number},
    addresses::address_at,
    api_keys::{bot_token, known_key},
};
use crate::found::{FILTERED, Found};

pub(crate) fn find(text: &str, addresses: IpMasking, found: &mut Found) {
    let mut at = 0;
    while let Some(piece) = next_piece(text.as_bytes(), at) {
        at = piece.end;
        let mut from = piece.start;
        while let Some((range, shown)) = first_in(text, from..piece.end.max(from), addresses) {
            from = range.end;
            // An IBAN in groups extends past its piece.
            at = at.max(from);
            found.show(range, shown);
        }
    }
}

/// Returns the first secret or address that begins in a piece, at one of its borders, and its replacement.
fn first_in(text: &str, piece: Range<usize>, addresses: IpMasking) -> Option<(Range<usize>, String)> {
    let bytes = text.as_bytes();
    let is_border = |at: &usize| *at == piece.start || !bytes[*at - 1].is_ascii_alphanumeric();
    piece.clone().filter(is_border).filter(|at| bytes[*at].is_ascii_alphanumeric() || bytes[*at] == b':').find_map(
        |at| {
            // Cut to the longest address, so that a long piece is not read again from each of its borders.
            let rest = &text[at..piece.end];
            let masked = |length: usize| (at..at + length, FILTERED.to_owned());
            secret_at(text, at, rest).map(masked).or_else(|| {
                let (length, shown) = address_at(&rest[..rest.len().min(MAX_ADDRESS_BYTES)], addresses)?;
                Some((at..at + length, shown))
            })
        },
    )
}

/// Returns the next piece that is long enough and contains a digit.
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

/// Returns the length of the secret that begins at `at`. `rest` is the piece from there on.
fn secret_at(text: &str, at: usize, rest: &str) -> Option<usize> {
    let shapes = [known_key, bot_token, social_security_number];
    shapes.into_iter().find_map(|shape| shape(rest)).or_else(|| account_at(&text[at..]))
}

/// Length of the longest address, and of what may follow it and rule it out, in bytes.
const MAX_ADDRESS_BYTES: usize = 48;
/// Length of the shortest address that identifies a host, `1.1.1.1`, in bytes.
const SHORTEST: usize = 7;

#[cfg(test)]
mod tests {
    use std::{borrow::Cow, net::Ipv4Addr};

    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn masks(text: &str, expected: &str) {
        assert_eq!(mask(text, IpMasking::Truncated), expected);
    }

    fn mask(text: &str, addresses: IpMasking) -> Cow<'_, str> {
        let mut found = Found::default();
        find(text, addresses, &mut found);
        found.write(text)
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
        assert_eq!(mask("from 203.0.113.9", IpMasking::Masked), "from [Filtered]");
        assert_eq!(mask("from 203.0.113.9", IpMasking::Full), "from 203.0.113.9");
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
        masks("AKIAIOSFODNN7EXAMPLE:x AKIAIOSFODNN7EXAMPLE.x", "[Filtered]:x [Filtered].x");
        masks("AKIAIOSFODNN7EXAMPLES", "AKIAIOSFODNN7EXAMPLES");
        masks("bot 110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw", "bot [Filtered]");
        masks("/bot110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/", "/[Filtered]/");
        masks("sk_live_short1 12:30:00 1234567:89", "sk_live_short1 12:30:00 1234567:89");
    }

    proptest! {
        #[test]
        fn any_address_is_hidden(address: Ipv4Addr, before in "[a-z ]{0,8}") {
            prop_assume!(address.octets()[3] != 0 && !address.is_loopback());
            let text = format!("{before} {address}, more");
            prop_assert!(!mask(&text, IpMasking::Truncated).contains(&address.to_string()));
        }
    }
}
