//! What a message says, without what changes from one event to the next.
//!
//! Read word by word. What a word is, is asked in the order of this table; a word that is nothing of it is read in its parts,
//! at `=` first, then at `:`, `/` and the like, then at `.`, `-` and `_`.
//!
//! | placeholder | stands for |
//! | --- | --- |
//! | `<email>` | an e-mail address |
//! | `<url>` | whatever has `://` in it |
//! | `<host>` | `localhost`, and names that end as hosts do, or with a port |
//! | `<ip>` | an IP address, also with a port |
//! | `<uuid>` | a UUID |
//! | `<hash>` | 32, 40 or 64 hexadecimal digits |
//! | `<date>` | a date or time of day in the form of ISO 8601 |
//! | `<duration>` | a number and a unit of time |
//! | `<hex>` | digits behind `0x`, or at least eight with letters among them |
//! | `<float>`, `<int>` | numbers |
//! | `<id>` | letters and digits in turns, such as `a1b2` |
//! | `<quoted>` | what stands between quotation marks |
//!
//! Letters with digits behind them keep the letters (`worker3` is `worker<int>`), but for those in capitals: `E0382` is a
//! code.

use std::net::{IpAddr, SocketAddr};

/// Returns what `message` says in its first two lines that are not empty.
pub(crate) fn template(message: &str) -> String {
    let mut written = String::with_capacity(message.len().min(256));
    for line in message.lines().filter(|line| !line.trim().is_empty()).take(LINES) {
        if !written.is_empty() {
            written.push('\n');
        }
        write_line(&mut written, line.trim_end());
    }
    written
}

fn write_line(written: &mut String, line: &str) {
    let mut rest = line;
    while let Some(next) = rest.chars().next() {
        let after = &rest[next.len_utf8()..];
        if QUOTES.contains(next)
            && let Some(end) = after.find(next)
        {
            written.push_str("<quoted>");
            rest = &after[end + 1..];
        } else if is_border(next) {
            written.push(next);
            rest = after;
        } else {
            let end = rest.find(is_border).unwrap_or(rest.len());
            write_word(written, &rest[..end]);
            rest = &rest[end..];
        }
    }
}

fn write_word(written: &mut String, word: &str) {
    if !word.bytes().any(|byte| byte.is_ascii_digit() || matches!(byte, b'@' | b':' | b'.' | b'='))
        && word != "localhost"
    {
        return written.push_str(word);
    }
    // A network may end with colons.
    if is_ip(word) {
        return written.push_str("<ip>");
    }
    let core = word.trim_end_matches(['.', ':', '!', '?', '…']);
    write_part(written, core, 0);
    written.push_str(&word[core.len()..]);
}

/// Writes what `part` is as a whole, or else its own parts.
fn write_part(written: &mut String, part: &str, depth: usize) {
    if let Some(placeholder) = placeholder(part) {
        return written.push_str(placeholder);
    }
    let Some(separators) = SEPARATORS.get(depth) else { return write_mixed(written, part) };
    let mut rest = part;
    while let Some(at) = rest.find(*separators) {
        let separator = rest[at..].chars().next().unwrap_or_default();
        write_part(written, &rest[..at], depth + 1);
        written.push(separator);
        rest = &rest[at + separator.len_utf8()..];
    }
    write_part(written, rest, depth + 1);
}

fn placeholder(part: &str) -> Option<&'static str> {
    if part.is_empty() {
        return None;
    }
    let kinds: [Kind; 11] = [
        (is_email, "<email>"),
        (is_url, "<url>"),
        (is_host, "<host>"),
        (is_ip, "<ip>"),
        (is_uuid, "<uuid>"),
        (is_hash, "<hash>"),
        (is_date, "<date>"),
        (is_duration, "<duration>"),
        (is_hex, "<hex>"),
        (is_float, "<float>"),
        (is_int, "<int>"),
    ];
    kinds.into_iter().find(|(is, _)| is(part)).map(|(_, placeholder)| placeholder)
}

/// Something a part may be, and what stands for it.
type Kind = (fn(&str) -> bool, &'static str);

/// Writes letters and digits that are no number.
fn write_mixed(written: &mut String, part: &str) {
    let is_digit = |c: char| c.is_ascii_digit();
    let letters = part.trim_start_matches(is_digit);
    let switches = part.as_bytes().windows(2).filter(|two| two[0].is_ascii_digit() != two[1].is_ascii_digit()).count();
    if switches > 1 {
        written.push_str("<id>");
    } else if letters.len() < part.len() {
        written.push_str("<int>");
        written.push_str(letters);
    } else {
        let name = part.trim_end_matches(is_digit);
        written.push_str(if name.ends_with(|c: char| c.is_ascii_uppercase()) { part } else { name });
        if name.len() < part.len() && !name.ends_with(|c: char| c.is_ascii_uppercase()) {
            written.push_str("<int>");
        }
    }
}

fn is_email(part: &str) -> bool {
    part.split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.') && !domain.contains('@'))
}

fn is_url(part: &str) -> bool {
    part.split_once("://")
        .is_some_and(|(scheme, rest)| scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && !rest.is_empty())
}

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

fn is_ip(part: &str) -> bool {
    let bare = part.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<IpAddr>().is_ok() || part.parse::<SocketAddr>().is_ok()
}

fn is_uuid(part: &str) -> bool {
    part.len() == 36 && uuid::Uuid::try_parse(part).is_ok()
}

fn is_hash(part: &str) -> bool {
    matches!(part.len(), 32 | 40 | 64) && is_all(part, |byte| byte.is_ascii_hexdigit())
}

/// `2025-07-29`, `2025-07-29T12:30:00.000Z`, `12:30` and `12:30:00`.
fn is_date(part: &str) -> bool {
    let shape: Vec<u8> = part.bytes().take(DATE).map(|byte| if byte.is_ascii_digit() { b'0' } else { byte }).collect();
    let is_time = |time: &[u8]| {
        let length = if time.starts_with(b"00:00:00") { 8 } else { 5 };
        let rest = time.get(length..).unwrap_or_default();
        time.starts_with(b"00:00") && rest.iter().all(|byte| b"0.,Z+-:".contains(byte))
    };
    match shape.strip_prefix(b"0000-00-00") {
        Some([]) => true,
        Some([b'T' | b't' | b'_', time @ ..]) => is_time(time),
        Some(_) => false,
        None => is_time(&shape),
    }
}

/// `12ms`, `1.5s`, `1h30m`.
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

fn is_float(part: &str) -> bool {
    let number = part.trim_start_matches(['-', '+']);
    number.split_once('.').is_some_and(|(whole, rest)| {
        let (rest, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
        [whole, rest, exponent.trim_start_matches(['-', '+'])].into_iter().all(|digits| is_all(digits, is_digit))
    })
}

fn is_int(part: &str) -> bool {
    is_all(part.strip_prefix(['-', '+']).unwrap_or(part), is_digit)
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

fn is_all(text: &str, is: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(is)
}

/// Ends a word, and is written as it is.
fn is_border(c: char) -> bool {
    c.is_whitespace() || "\"`()[]{}<>,;|".contains(c)
}

const QUOTES: &str = "\"'";
const SEPARATORS: [&[char]; 3] =
    [&['='], &[':', '/', '#', '@', '&', '?', '%', '\'', '\\', '~', '*', '!'], &['.', '-', '_', '+']];
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
const LINES: usize = 2;
const DATE: usize = 40;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn says(message: &str, expected: &str) {
        assert_eq!(template(message), expected, "{message}");
    }

    #[test]
    fn what_changes_is_left_out() {
        says("no todo 17 for user a1b2", "no todo <int> for user <id>");
        says("mail to jo.doe@example.org failed.", "mail to <email> failed.");
        says("GET https://a.example/x?y=1: timed out", "GET <url>: timed out");
        says("db-3.prod.internal:5432 refused", "<host> refused");
        says("no route to 10.0.0.7:80, [2001:db8::1]:80", "no route to <ip>, [<ip>]:<int>");
        says("row ceee0822-ed8f-4622-b2a3-789e73e75cd1 is gone", "row <uuid> is gone");
        says("object da39a3ee5e6b4b0d3255bfef95601890afd80709", "object <hash>");
        says("since 2025-07-29T12:30:00.250Z or 2025-07-29 or 12:30:01", "since <date> or <date> or <date>");
        says("after 1h30m and 12ms and 1.5s", "after <duration> and <duration> and <duration>");
        says("at 0xFEED0 or deadbeef01", "at <hex> or <hex>");
        says("load -1.5e3 of -3", "load <float> of <int>");
        says("key \"a b\" taken, can't open 'x y'", "key <quoted> taken, can't open <quoted>");
        says("id=17: worker3 user/42 took 17px", "id=<int>: worker<int> user/<int> took <int>px");
        says("left: 1", "left: <int>");
    }

    #[test]
    fn what_is_constant_stays() {
        for message in [
            "attempt to divide by zero",
            "called `Option::unwrap()` on a `None` value",
            "error E0382 in main.rs",
            "self.config is missing",
            "the service's queue is full",
            "",
        ] {
            says(message, message);
        }
    }

    #[test]
    fn only_the_first_lines_count() {
        says("\nassertion failed\n\n  left: 1\n right: 2", "assertion failed\n  left: <int>");
    }

    proptest! {
        #[test]
        fn any_message_has_a_template(message in "\\PC{0,80}") {
            prop_assert_eq!(template(&message), template(&message));
        }

        #[test]
        fn a_number_changes_nothing(first: u64, second: u64) {
            prop_assert_eq!(template(&format!("row {first} gone")), template(&format!("row {second} gone")));
        }
    }
}
