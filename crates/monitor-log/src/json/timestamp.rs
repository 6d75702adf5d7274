//! The time of a line.

use std::{
    cell::Cell,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use monitor_core::clock;

/// A second and its text, up to the point before the fraction.
type Second = (u64, [u8; 20]);

thread_local! {
    /// The second that was last written: most lines are of the same one.
    static LAST: Cell<Option<Second>> = const { Cell::new(None) };
}

/// Writes `time` as RFC 3339 in UTC with microseconds, such as `2025-07-29T12:30:00.000000Z`.
pub(super) fn write(line: &mut Vec<u8>, time: SystemTime) {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (_, text) = LAST.get().filter(|(second, _)| *second == since.as_secs()).unwrap_or_else(|| {
        let last = (since.as_secs(), text_of(since));
        LAST.set(Some(last));
        last
    });
    let mut fraction = *b"000000Z";
    let mut left = since.subsec_micros();
    for digit in fraction[..6].iter_mut().rev() {
        *digit = b'0' + (left % 10) as u8;
        left /= 10;
    }
    line.extend_from_slice(&text);
    line.extend_from_slice(&fraction);
}

/// A time past the year 9999 is none that a line is written at.
fn text_of(since: Duration) -> [u8; 20] {
    let text = clock::rfc3339(UNIX_EPOCH + Duration::from_secs(since.as_secs()));
    let head = text.as_bytes().first_chunk().copied();
    head.filter(|head: &[u8; 20]| head[19] == b'.').unwrap_or(*b"9999-12-31T23:59:59.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_to_the_microsecond() {
        let write = |micros| {
            let mut line = Vec::new();
            write(&mut line, UNIX_EPOCH + Duration::from_micros(micros));
            String::from_utf8(line).unwrap()
        };
        assert_eq!(write(1_753_792_200_250_001), "2025-07-29T12:30:00.250001Z");
        assert_eq!(write(1_753_792_200_999_999), "2025-07-29T12:30:00.999999Z");
        assert_eq!(write(1_753_792_201_000_000), "2025-07-29T12:30:01.000000Z");
        assert_eq!(write(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(write(u64::MAX), "9999-12-31T23:59:59.551615Z");
    }
}
