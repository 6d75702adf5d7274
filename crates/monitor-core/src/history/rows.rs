//! The rows of a slot, packed: most counts are small, and most buckets are empty.

use std::time::Duration;

use super::counts::HistoryCounts;
use crate::traffic::BUCKETS;

/// The counts of one release, method and route. Names are numbers in [`Names`](super::names::Names).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Row {
    pub(super) key: RowKey,
    pub(super) counts: HistoryCounts,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct RowKey {
    pub(super) release: u32,
    pub(super) method: u32,
    pub(super) route: u32,
}

/// Rows as numbers of variable length: each byte has seven bits, and the last byte of a number is below 128.
#[derive(Clone, Debug, Default)]
pub(super) struct PackedRows(Box<[u8]>);

impl Row {
    /// Returns the row as numbers: the names, the counts, and each bucket that is not empty after its position.
    pub(super) fn numbers(&self) -> Vec<u64> {
        let Self { key: RowKey { release, method, route }, counts } = self;
        let micros = u64::try_from(counts.duration_sum.as_micros()).unwrap_or(u64::MAX);
        let names = [release, method, route].map(|number| u64::from(*number));
        let fixed = [counts.ended.count, counts.ended.failed, micros, counts.in_flight];
        let filled = counts.ended.durations.iter().enumerate().filter(|(_, count)| **count > 0);
        names.into_iter().chain(fixed).chain(filled.flat_map(|(at, count)| [at as u64, *count])).collect()
    }

    /// Reads what [`numbers`](Self::numbers) returned. Returns `None` for numbers that are no row.
    pub(super) fn of_numbers(numbers: &[u64]) -> Option<Self> {
        let (fixed, buckets) = numbers.split_first_chunk::<FIXED>()?;
        let [release, method, route, count, failed, micros, in_flight] = *fixed;
        let [release, method, route] = [release, method, route].map(|number| u32::try_from(number).ok());
        let mut counts = HistoryCounts { duration_sum: Duration::from_micros(micros), in_flight, ..Default::default() };
        (counts.ended.count, counts.ended.failed) = (count, failed);
        for bucket in buckets.chunks(2) {
            let [at, count] = *bucket else { return None };
            *counts.ended.durations.get_mut(usize::try_from(at).ok()?)? = count;
        }
        Some(Self { key: RowKey { release: release?, method: method?, route: route? }, counts })
    }
}

impl PackedRows {
    pub(super) fn pack(rows: &[Row]) -> Self {
        let mut bytes = Vec::new();
        for numbers in rows.iter().map(Row::numbers) {
            push(&mut bytes, numbers.len() as u64);
            numbers.into_iter().for_each(|number| push(&mut bytes, number));
        }
        Self(bytes.into_boxed_slice())
    }

    pub(super) fn unpack(&self) -> impl Iterator<Item = Row> {
        let mut bytes = self.0.iter().copied();
        std::iter::from_fn(move || {
            let len = usize::try_from(next(&mut bytes)?).ok().filter(|len| *len <= FIXED + 2 * BUCKETS)?;
            let numbers: Vec<u64> = (0..len).map_while(|_| next(&mut bytes)).collect();
            Row::of_numbers(&numbers)
        })
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

fn push(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 128 {
        bytes.push((number & 127) as u8 | 128);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn next(bytes: &mut impl Iterator<Item = u8>) -> Option<u64> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let byte = bytes.next()?;
        number |= u64::from(byte & 127).checked_shl(shift)?;
        if byte < 128 {
            return Some(number);
        }
        shift += 7;
    }
}

/// Number of the numbers before the buckets.
const FIXED: usize = 7;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row() -> impl Strategy<Value = Row> {
        let bucket = prop_oneof![3 => Just(0u64), 1 => any::<u64>()];
        let names = (any::<u32>(), any::<u32>(), any::<u32>());
        (names, any::<[u64; 3]>(), 0u64..1 << 50, proptest::collection::vec(bucket, BUCKETS)).prop_map(
            |((release, method, route), [count, failed, in_flight], micros, buckets)| {
                let mut counts = HistoryCounts { in_flight, ..Default::default() };
                counts.duration_sum = Duration::from_micros(micros);
                (counts.ended.count, counts.ended.failed) = (count, failed);
                counts.ended.durations.copy_from_slice(&buckets);
                Row { key: RowKey { release, method, route }, counts }
            },
        )
    }

    proptest! {
        #[test]
        fn rows_are_unpacked_as_they_were(rows in proptest::collection::vec(row(), 0..20)) {
            prop_assert_eq!(PackedRows::pack(&rows).unpack().collect::<Vec<_>>(), rows);
        }

        #[test]
        fn any_numbers_are_a_row_or_none(numbers in proptest::collection::vec(0u64..40, 0..20)) {
            if let Some(row) = Row::of_numbers(&numbers) {
                prop_assert!(row.numbers().len() <= numbers.len());
            }
        }
    }

    #[test]
    fn a_row_of_a_busy_minute_has_few_bytes() {
        let mut counts = HistoryCounts { duration_sum: Duration::from_millis(5_000), ..Default::default() };
        (counts.ended.count, counts.ended.failed) = (600, 3);
        counts.ended.durations[2..5].copy_from_slice(&[400, 150, 50]);
        let row = Row { key: RowKey { release: 1, method: 2, route: 300 }, counts };
        assert_eq!(PackedRows::pack(&[row]).len(), 21);
    }
}
