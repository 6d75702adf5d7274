//! When a log file makes way for the next, and how many old ones stay.

use std::{
    io,
    time::{SystemTime, UNIX_EPOCH},
};

use monitor_core::clock;

/// Says when a [`RollingFile`](crate::RollingFile) makes way for the next, and how many old ones are kept.
///
/// The default is [`Rotation::size`] with 10 MiB, and five old files.
///
/// # Example
///
/// ```
/// use monitor_kit::log::Rotation;
///
/// assert_eq!(Rotation::default(), Rotation::size(10_485_760).keep(5));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rotation {
    when: When,
    keep: usize,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum When {
    Size(u64),
    Daily,
}

impl Rotation {
    /// Rotates a file before it grows beyond `max_bytes`. A single line that is longer gets a file of its own.
    #[must_use]
    pub const fn size(max_bytes: u64) -> Self {
        Self { when: When::Size(max_bytes), keep: KEEP }
    }

    /// Rotates a file with the first line of another day, in UTC.
    #[must_use]
    pub const fn daily() -> Self {
        Self { when: When::Daily, keep: KEEP }
    }

    /// Sets how many old files are kept. With 0 there are none: the file is emptied instead of renamed. Files of higher
    /// numbers, kept by an earlier setting, are left alone. Defaults to 5.
    #[must_use]
    pub const fn keep(self, files: usize) -> Self {
        Self { keep: files, ..self }
    }

    pub(super) const fn kept(&self) -> usize {
        self.keep
    }

    pub(super) fn check(&self) -> io::Result<()> {
        if self.when == When::Size(0) {
            let text = "a log file of at most 0 bytes holds no line: pass at least 1 to Rotation::size";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        Ok(())
    }

    /// Returns whether a file of this size, begun on this day, makes way before a line of this length.
    pub(super) fn is_due(&self, size: u64, day: u64, line: usize) -> bool {
        match self.when {
            _ if size == 0 => false,
            When::Size(max) => size.saturating_add(line as u64) > max,
            // Not a later one: a clock that was years ahead once must not end the rotation.
            When::Daily => today() != day,
        }
    }

    /// Returns how many bytes a file of this size still takes.
    pub(super) const fn room(&self, size: u64) -> u64 {
        match self.when {
            When::Size(max) => max.saturating_sub(size),
            When::Daily => u64::MAX,
        }
    }
}

impl Default for Rotation {
    fn default() -> Self {
        Self::size(10 * 1024 * 1024)
    }
}

/// Returns the number of today.
pub(super) fn today() -> u64 {
    day_of(clock::wall())
}

/// Returns the number of the day in UTC, counted from 1970.
pub(super) fn day_of(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / (24 * 60 * 60)
}

const KEEP: usize = 5;
