//! Ranges of a text to mask, and the text with these ranges replaced.

use std::{borrow::Cow, ops::Range};

/// Replacement for masked text.
pub const FILTERED: &str = "[Filtered]";

/// Ranges to mask, in any order. They may overlap, because two scanners can find parts of one secret.
#[derive(Debug, Default)]
pub(crate) struct Found(Vec<Place>);

#[derive(Debug, Eq, PartialEq)]
struct Place {
    range: Range<usize>,
    shown: Cow<'static, str>,
}

impl Found {
    pub(crate) fn mask(&mut self, range: Range<usize>) {
        self.show(range, FILTERED);
    }

    /// Replaces a range with `shown`. Empty ranges are ignored.
    pub(crate) fn show(&mut self, range: Range<usize>, shown: impl Into<Cow<'static, str>>) {
        if !range.is_empty() {
            self.0.push(Place { range, shown: shown.into() });
        }
    }

    /// Adds the ranges found in another text. `position` translates their positions to this text.
    pub(crate) fn add(&mut self, other: Self, position: impl Fn(usize) -> usize) {
        for Place { range, shown } in other.0 {
            self.show(position(range.start)..position(range.end), shown);
        }
    }

    /// Returns `text` with the ranges replaced, borrowed if that changes nothing.
    pub(crate) fn write(self, text: &str) -> Cow<'_, str> {
        self.write_until(text, text.len())
    }

    /// Returns the first `end` bytes of `text` with the ranges replaced. A range that begins before `end` is replaced
    /// as a whole.
    pub(crate) fn write_until(self, text: &str, end: usize) -> Cow<'_, str> {
        let (mut written, mut upto) = (String::new(), 0);
        for Place { range, shown } in self.merged() {
            let is_whole = range.end <= end;
            // A range past the end, or one that shows what the text already has, such as an existing mask.
            if range.start >= end || is_whole && text[range.clone()] == *shown {
                continue;
            }
            written.push_str(&text[upto..range.start]);
            written.push_str(&shown);
            upto = range.end;
        }
        if upto == 0 {
            return Cow::Borrowed(&text[..end]);
        }
        written.push_str(text.get(upto..end).unwrap_or_default());
        Cow::Owned(written)
    }

    /// Returns the ranges in order. Overlapping ranges are merged into one mask, and so are adjacent masks.
    fn merged(mut self) -> Vec<Place> {
        self.0.sort_by_key(|place| place.range.start);
        let mut merged: Vec<Place> = Vec::with_capacity(self.0.len());
        for place in self.0 {
            match merged.last_mut() {
                // Two scanners found the same range.
                Some(last) if *last == place => {}
                Some(last) if last.touches(&place) => {
                    last.range.end = last.range.end.max(place.range.end);
                    last.shown = FILTERED.into();
                }
                _ => merged.push(place),
            }
        }
        merged
    }
}

impl Place {
    fn touches(&self, next: &Self) -> bool {
        next.range.start < self.range.end
            || next.range.start == self.range.end && self.shown == FILTERED && next.shown == FILTERED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(ranges: &[(usize, usize)]) -> Found {
        let mut found = Found::default();
        ranges.iter().for_each(|(begin, end)| found.mask(*begin..*end));
        found
    }

    #[test]
    fn places_that_overlap_or_touch_are_one() {
        assert_eq!(found(&[(6, 8), (0, 3), (2, 5)]).write("abcdefghij"), "[Filtered]f[Filtered]ij");
        assert_eq!(found(&[(0, 3), (3, 5)]).write("abcdef"), "[Filtered]f");
        assert_eq!(found(&[(2, 2)]).write("abc"), "abc");
    }

    #[test]
    fn a_masked_text_is_borrowed() {
        let text = "password=[Filtered]";
        assert!(matches!(found(&[(9, 19)]).write(text), Cow::Borrowed(same) if same == text));
    }

    #[test]
    fn a_cut_goes_through_no_place() {
        assert_eq!(found(&[(2, 8)]).write_until("abcdefghij", 4), "ab[Filtered]");
        assert_eq!(found(&[(2, 4)]).write_until("abcdefghij", 6), "ab[Filtered]ef");
        assert_eq!(found(&[(7, 9)]).write_until("abcdefghij", 6), "abcdef");
    }
}
