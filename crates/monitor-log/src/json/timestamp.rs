//! The timestamp of a line, with the date cached per second.

use std::{
    cell::Cell,
    time::{Duration, UNIX_EPOCH},
};

use monitor_core::clock;

/// A second since the Unix epoch and its rendered text, whose fraction is still to be filled in.
type Second = (u64, [u8; LENGTH]);

thread_local! {
    /// The last rendered second: most lines fall into the same one.
    static LAST: Cell<Second> = const { Cell::new((u64::MAX, [0; LENGTH])) };
}

/// Writes a time since the Unix epoch as RFC 3339 in UTC with microseconds, and the closing quotation mark:
/// `2025-07-29T12:30:00.000000Z"`.
pub(super) fn write(line: &mut Vec<u8>, since: Duration) {
    let (mut second, mut text) = LAST.get();
    if second != since.as_secs() {
        (second, text) = (since.as_secs(), text_of(since));
        LAST.set((second, text));
    }
    let micros = since.subsec_micros();
    for (place, pair) in [micros / 10_000, micros / 100 % 100, micros % 100].into_iter().enumerate() {
        text[FRACTION + 2 * place] = b'0' + (pair / 10) as u8;
        text[FRACTION + 2 * place + 1] = b'0' + (pair % 10) as u8;
    }
    line.extend_from_slice(&text);
}

/// Returns the rendered second. Times past the year 9999, which RFC 3339 cannot express, become its last second.
fn text_of(since: Duration) -> [u8; LENGTH] {
    let mut text = *b"9999-12-31T23:59:59.000000Z\"";
    let second = clock::rfc3339(UNIX_EPOCH + Duration::from_secs(since.as_secs()));
    if let Some(second) = second.as_bytes().first_chunk::<20>().filter(|second| second[19] == b'.') {
        text[FRACTION - second.len()..FRACTION].copy_from_slice(second);
    }
    text
}

const LENGTH: usize = 28;
/// Index of the first digit of the fraction.
const FRACTION: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_to_the_microsecond() {
        let write = |micros| {
            let mut line = Vec::new();
            write(&mut line, Duration::from_micros(micros));
            let text = String::from_utf8(line).unwrap();
            text.strip_suffix('"').unwrap().to_owned()
        };
        assert_eq!(write(1_753_792_200_250_001), "2025-07-29T12:30:00.250001Z");
        assert_eq!(write(1_753_792_200_999_999), "2025-07-29T12:30:00.999999Z");
        assert_eq!(write(1_753_792_201_000_000), "2025-07-29T12:30:01.000000Z");
        assert_eq!(write(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(write(u64::MAX), "9999-12-31T23:59:59.551615Z");
    }
}
