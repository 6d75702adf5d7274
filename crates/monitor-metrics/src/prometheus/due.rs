//! Work that is due at an interval.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use monitor_core::clock;

/// The interval of some work, and the last time that it was due.
pub(super) struct Due {
    interval: Duration,
    last: Mutex<Instant>,
}

impl Due {
    pub(super) fn new(interval: Duration) -> Self {
        Self { interval, last: Mutex::new(clock::now()) }
    }

    /// Returns `true` if the interval has passed since this last returned `true`.
    pub(super) fn is_now(&self, now: Instant) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = now.saturating_duration_since(*last) >= self.interval;
        if is_due {
            *last = now;
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_due_once_in_each_interval() {
        let (due, nano) = (Due::new(HOUR), Duration::from_nanos(1));
        let first = clock::now() + HOUR;
        assert_eq!([first, first + HOUR - nano, first + HOUR].map(|now| due.is_now(now)), [true, false, true]);
    }

    const HOUR: Duration = Duration::from_secs(3600);
}
