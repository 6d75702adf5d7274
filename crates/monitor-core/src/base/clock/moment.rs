//! One moment by both clocks.

use std::{
    sync::LazyLock,
    time::{Instant, SystemTime},
};

use super::{from_micros, micros, now, wall};

/// One moment: by the wall clock to be shown, by the monotonic clock to be compared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) wall: SystemTime,
    /// In microseconds since the process first asked; negative before.
    pub(crate) steady: i64,
}

impl Moment {
    pub(crate) fn now() -> Self {
        // As exact as the sources of errors record it, so that all times shown agree.
        Self { wall: from_micros(micros(wall())), steady: steady() }
    }
}

/// Returns the monotonic time in microseconds since the process first asked.
pub(crate) fn steady() -> i64 {
    static ORIGIN: LazyLock<Instant> = LazyLock::new(now);
    let origin = *ORIGIN;
    i64::try_from(now().saturating_duration_since(origin).as_micros()).unwrap_or(i64::MAX)
}
