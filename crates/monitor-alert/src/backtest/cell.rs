//! The cells of a recording: the counts of one slot each, and the time of the evaluation at its end.

use std::{
    rc::Rc,
    sync::Arc,
    time::{Duration, SystemTime},
};

use monitor_core::{
    Fingerprint,
    traffic::{Lookback, WindowCounts},
};

use crate::time::Now;

/// The counts of one second, minute or hour.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    /// The last second, on a time line that begins with a whole minute.
    pub(super) last: i64,
    pub(super) length: Duration,
    /// The time at which the rules are applied.
    pub(super) at: Now,
    /// Counts by release.
    pub(super) releases: Vec<(Arc<str>, WindowCounts)>,
    /// Counts by method and route, such as `GET /items/{id}`. A route may be there twice.
    pub(super) routes: Vec<(Rc<str>, WindowCounts)>,
    pub(super) events: Vec<(Fingerprint, u64)>,
}

impl Cell {
    /// Returns the wall-clock time of its beginning.
    pub(super) fn begin(&self) -> SystemTime {
        let end = Duration::from_secs(self.last.saturating_add(1).unsigned_abs());
        let before = self.at.steady.saturating_sub(end.saturating_sub(self.length));
        self.at.wall.checked_sub(before).unwrap_or(self.at.wall)
    }
}

/// A span of time that ends with the latest cell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Span {
    Seconds(i64),
    /// Whole minutes, the last one as far as it has come.
    Minutes(i64),
}

impl Span {
    /// Returns the first second of the span that ends with the second `last`.
    pub(super) fn first(self, last: i64) -> i64 {
        match self {
            Self::Seconds(seconds) => last - seconds + 1,
            Self::Minutes(minutes) => (last.div_euclid(60) - minutes + 1) * 60,
        }
    }
}

impl From<Lookback> for Span {
    fn from(window: Lookback) -> Self {
        match window {
            Lookback::Seconds(seconds) => Self::Seconds(seconds.into()),
            Lookback::Minutes(minutes) => Self::Minutes(minutes.into()),
            // There are no others.
            _ => Self::Seconds(1),
        }
    }
}

impl From<Duration> for Span {
    fn from(span: Duration) -> Self {
        Self::Minutes(i64::try_from(span.as_secs().div_ceil(60)).unwrap_or(i64::MAX / 120).clamp(1, i64::MAX / 120))
    }
}
