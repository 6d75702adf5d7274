//! The only module that reads the time.
//!
//! Durations and deadlines are measured by the monotonic clock, because the wall clock may be wrong and may be set.
//! Wall-clock times are for display. They are compared only if a wrong result does no lasting harm.

mod boot;
mod deadline;
mod moment;
#[cfg(any(test, feature = "test-util"))]
mod wrong;

use std::{
    cell::Cell,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

#[cfg(any(test, feature = "test-util"))]
pub use self::wrong::WrongClock;
pub(crate) use self::{
    boot::BootMoment,
    deadline::Deadline,
    moment::{Moment, steady},
};

/// Returns the monotonic time.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the monotonic clock")]
pub fn now() -> Instant {
    Instant::now()
}

/// Returns the monotonic time after `timeout`, or in a year if that is out of range.
pub(crate) fn after(timeout: Duration) -> Instant {
    now().checked_add(timeout).unwrap_or_else(|| now() + Duration::from_secs(365 * 24 * 60 * 60))
}

/// Returns the wall-clock time.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
pub fn wall() -> SystemTime {
    let now = SystemTime::now();
    #[cfg(any(test, feature = "test-util"))]
    let now = wrong::shifted(now);
    now
}

/// Returns `true` if `time` is in the future. Either the wall clock was set back since, or it was wrong when it was
/// read.
pub(crate) fn is_ahead(time: SystemTime) -> bool {
    time > wall() + TOLERANCE
}

/// Returns `time`, or the current time if `time` is in the future.
pub(crate) fn brought_back(time: SystemTime) -> SystemTime {
    if is_ahead(time) { wall() } else { time }
}

/// Returns the wall-clock time at `instant`, as time since the Unix epoch. `instant` must be at most a moment ago.
///
/// The wall clock is read about once a second on each thread, so a change of the clock is noticed up to a second
/// late.
///
/// # Example
///
/// ```
/// use monitor_kit::clock;
///
/// let start = clock::now();
/// # let charge = || ();
/// charge();
/// println!("started at {} s, took {:?}", clock::unix_time_at(start).as_secs(), clock::now() - start);
/// ```
#[must_use]
pub fn unix_time_at(instant: Instant) -> Duration {
    thread_local! {
        static ANCHOR: Cell<Option<(Instant, Duration)>> = const { Cell::new(None) };
    }
    if let Some((at, unix_time)) = ANCHOR.get()
        && let Some(since) = instant.checked_duration_since(at)
        && since < Duration::from_secs(1)
    {
        return unix_time + since;
    }
    let (at, unix_time) = (now(), unix_time());
    ANCHOR.set(Some((at, unix_time)));
    unix_time.saturating_sub(at.saturating_duration_since(instant))
}

/// Returns the wall-clock time since the Unix epoch.
#[must_use]
pub fn unix_time() -> Duration {
    wall().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Returns `time` as RFC 3339 in UTC with milliseconds, such as `2025-07-29T12:30:00.000Z`.
///
/// # Example
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
///
/// let time = UNIX_EPOCH + Duration::from_millis(1_753_792_200_250);
/// assert_eq!(monitor_kit::clock::rfc3339(time), "2025-07-29T12:30:00.250Z");
/// ```
#[must_use]
pub fn rfc3339(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time).map_or_else(|_| String::from("unknown"), |stamp| format!("{stamp:.3}"))
}

/// Returns `time` as [`rfc3339`] does, but with microseconds.
pub(crate) fn rfc3339_micros(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time).map_or_else(|_| String::from("unknown"), |stamp| format!("{stamp:.6}"))
}

/// Parses the output of [`rfc3339`].
pub(crate) fn from_rfc3339(text: &str) -> Option<SystemTime> {
    text.parse::<jiff::Timestamp>().ok().map(Into::into)
}

/// Returns `time` in milliseconds since the Unix epoch; 0 for an earlier one.
///
/// # Example
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
///
/// assert_eq!(monitor_kit::clock::millis(UNIX_EPOCH + Duration::from_secs(7)), 7_000);
/// ```
#[must_use]
pub fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

pub(crate) fn micros(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

pub(crate) fn from_micros(micros: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(micros)
}

pub(crate) fn from_millis(millis: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(millis)
}

/// Tolerated difference. Small corrections by a time daemon, and readings of two threads in the wrong order, do not
/// make a clock wrong.
const TOLERANCE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_clock_time_of_an_instant_is_right_before_and_after_the_last_reading() {
        let close = |instant: Instant| {
            let off = unix_time_at(instant).abs_diff(unix_time() - now().saturating_duration_since(instant));
            assert!(off < Duration::from_millis(500), "{off:?}");
        };
        let begun = now();
        close(begun);
        close(now());
        close(begun);
        close(begun.checked_sub(Duration::from_secs(5)).unwrap());
    }
}
