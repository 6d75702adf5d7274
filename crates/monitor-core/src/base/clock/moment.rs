//! A moment by both clocks.

use std::{
    sync::LazyLock,
    time::{Instant, SystemTime},
};

use super::{from_micros, micros, now, wall};

/// A moment: by the wall clock for display, and by the monotonic clock for comparison.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) wall: SystemTime,
    /// Microseconds since the first use in this process; negative before.
    pub(crate) steady: i64,
}

impl Moment {
    pub(crate) fn now() -> Self {
        // Rounded to microseconds, as the sites record their times, so that all displayed times agree.
        Self { wall: from_micros(micros(wall())), steady: steady() }
    }
}

/// Returns the monotonic time, in microseconds since the first call in this process.
pub(crate) fn steady() -> i64 {
    static ORIGIN: LazyLock<Instant> = LazyLock::new(now);
    let origin = *ORIGIN;
    i64::try_from(now().saturating_duration_since(origin).as_micros()).unwrap_or(i64::MAX)
}
