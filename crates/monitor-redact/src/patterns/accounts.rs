//! Account numbers of persons: IBANs, recognised by their check digits, and social security numbers.

/// Returns `true` if `piece` begins like an IBAN: two letters of a country, two digits.
pub(super) fn is_country(piece: &[u8]) -> bool {
    let Some((country, [tens, ones, ..])) = piece.split_first_chunk::<2>() else { return false };
    country.iter().all(u8::is_ascii_alphabetic) && tens.is_ascii_digit() && ones.is_ascii_digit()
}

/// Returns the length of the IBAN at the beginning of `text`, in one piece or in groups of four. Its length must be
/// that of its country, and its remainder modulo 97 must be 1 (ISO 13616-1).
pub(super) fn account_at(text: &str) -> Option<usize> {
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

/// Returns the length of a social security number such as `078-05-1120`. Area, group and serial number must not be
/// zero.
pub(super) fn social_security_number(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes().get(..11)?;
    let is_shaped = bytes.iter().enumerate().all(|(at, byte)| match at {
        3 | 6 => *byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let is_whole = !rest[11..].starts_with(|c: char| c.is_ascii_alphanumeric());
    let is_one = &bytes[..3] != b"000" && &bytes[4..6] != b"00" && &bytes[7..] != b"0000";
    (is_shaped && is_whole && is_one).then_some(11)
}

/// Countries with most of the IBANs, and the length of those.
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
