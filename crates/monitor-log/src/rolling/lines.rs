//! Functions that count lines and find their ends.

/// Returns the number of lines. Text after the last line feed counts as a line.
pub(crate) fn count(bytes: &[u8]) -> u64 {
    let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
    let is_open = bytes.last().is_some_and(|last| *last != b'\n');
    u64::try_from(ends).unwrap_or(u64::MAX).saturating_add(u64::from(is_open))
}

/// Returns the length of the first line in bytes, including its line feed.
pub(crate) fn first(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| end + 1)
}

/// Returns the length of all complete lines in bytes.
pub(crate) fn whole(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1)
}

/// Returns the length of the complete lines that fit into `room` bytes, or of the first line if none fits.
pub(crate) fn within(bytes: &[u8], room: u64) -> usize {
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    let Some(fitting) = bytes.get(..room) else { return bytes.len() };
    match whole(fitting) {
        0 => first(bytes),
        length => length,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_after_the_last_line_feed_count_as_a_line() {
        assert_eq!([count(b""), count(b"a"), count(b"a\n"), count(b"a\nb"), count(b"\n\n")], [0, 1, 1, 2, 2]);
    }

    #[test]
    fn only_whole_lines_fit() {
        assert_eq!(within(b"ab\ncd\nef\n", 7), 6);
        assert_eq!(within(b"ab\ncd\nef\n", 9), 9);
        assert_eq!(within(b"ab\ncd\n", 100), 6);
    }

    #[test]
    fn the_first_line_goes_whole_where_none_fits() {
        assert_eq!(within(b"abcdef\ngh\n", 3), 7);
        assert_eq!(within(b"abcdef", 0), 6);
    }
}
