//! Decides when a log file is rotated.

use std::{
    io,
    time::{SystemTime, UNIX_EPOCH},
};

use monitor_core::clock;

/// Sets when a [`RollingFile`](crate::RollingFile) is rotated, and the number of old files to keep.
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
    /// Rotates the file before it would grow beyond `max_bytes`. A longer single line gets a file of its own.
    #[must_use]
    pub const fn size(max_bytes: u64) -> Self {
        Self { when: When::Size(max_bytes), keep: KEEP }
    }

    /// Rotates the file before the first line of another day in UTC.
    #[must_use]
    pub const fn daily() -> Self {
        Self { when: When::Daily, keep: KEEP }
    }

    /// Sets the number of old files to keep. With 0 the file is emptied instead of renamed. Files with higher numbers,
    /// left by an earlier setting, are not touched. Defaults to 5.
    #[must_use]
    pub const fn keep(self, files: usize) -> Self {
        Self { keep: files, ..self }
    }

    pub(super) const fn old_files(&self) -> usize {
        self.keep
    }

    pub(super) fn check(&self) -> io::Result<()> {
        if self.when == When::Size(0) {
            let text = "a log file of at most 0 bytes holds no line: pass at least 1 to Rotation::size";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        Ok(())
    }

    /// Returns whether a file of this size and day must be rotated before a line of this length is written.
    pub(super) fn is_due(&self, size: u64, day: u64, line: usize) -> bool {
        match self.when {
            _ if size == 0 => false,
            When::Size(max) => size.saturating_add(line as u64) > max,
            // Not only a later day: a clock that was years ahead once must not stop the rotation.
            When::Daily => today() != day,
        }
    }

    /// Returns the number of bytes that a file of this size still has room for.
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

/// Returns the current day, as in [`day_of`].
pub(super) fn today() -> u64 {
    day_of(clock::wall())
}

/// Returns the number of days since 1970-01-01 in UTC.
pub(super) fn day_of(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / (24 * 60 * 60)
}

const KEEP: usize = 5;
