//! Deadlines that stay exact when the wall clock is set or the process restarts.

use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};

use super::{BootMoment, TOLERANCE, after, now, wall};

/// The end of a duration, by the monotonic clock. It is persisted as time since boot, beside the wall-clock times of
/// its start and end.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Deadline {
    lasts_ms: u64,
    #[serde(flatten)]
    end: Option<BootMoment>,
    /// Not persisted: computed when the deadline is restored.
    #[serde(skip, default = "now")]
    at: Instant,
}

impl Deadline {
    /// Returns the deadline of a duration that starts now.
    pub(crate) fn after(lasts: Duration) -> Self {
        Self::with_rest(lasts, lasts)
    }

    /// Restores a persisted deadline. Without a reboot since, the remaining time is exact. Otherwise the wall clock
    /// decides; it may be wrong, but the remaining time never exceeds the whole duration.
    pub(crate) fn restore(stored: Option<&Self>, since: SystemTime, until: SystemTime) -> Self {
        // Stores of older releases contain only the two wall-clock times.
        let lasts = stored.map_or_else(
            || until.duration_since(since).unwrap_or_default(),
            |stored| Duration::from_millis(stored.lasts_ms),
        );
        let rest =
            stored.and_then(Self::rest_by_boot).unwrap_or_else(|| until.duration_since(wall()).unwrap_or_default());
        Self::with_rest(lasts, rest.min(lasts))
    }

    /// Rounds down. The resolution is added because the current moment is rounded down as well.
    fn rest_by_boot(&self) -> Option<Duration> {
        self.end.as_ref()?.since(&BootMoment::now()?.after(BootMoment::RESOLUTION))
    }

    fn with_rest(lasts: Duration, rest: Duration) -> Self {
        let lasts_ms = u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX);
        Self { lasts_ms, end: BootMoment::now().map(|now| now.after(rest)), at: after(rest) }
    }

    pub(crate) fn is_over(&self, now: Instant) -> bool {
        self.at <= now
    }

    pub(crate) fn rest(&self, now: Instant) -> Duration {
        self.at.saturating_duration_since(now)
    }

    /// Returns `until`, the expected wall-clock time of the end, or the actual one if the clock was set since.
    pub(crate) fn until(&self, until: SystemTime) -> SystemTime {
        let expected = wall() + self.rest(now());
        let off = until.duration_since(expected).unwrap_or_else(|error| error.duration());
        if off > TOLERANCE { expected } else { until }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::WrongClock;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    const HOUR: Duration = Duration::from_secs(60 * 60);

    /// Persists a deadline of one hour, and returns the time it has left by a wrong clock.
    fn rest(change: impl FnOnce(Deadline) -> Option<Deadline>, clock: impl FnOnce() -> WrongClock) -> Duration {
        let (since, deadline) = (wall(), Deadline::after(HOUR));
        let stored = change(deadline);
        let _clock = clock();
        Deadline::restore(stored.as_ref(), since, since + HOUR).rest(now())
    }

    fn rebooted(stored: Deadline) -> Option<Deadline> {
        Some(Deadline { end: stored.end.map(BootMoment::of_another_boot), ..stored })
    }

    fn is_an_hour(rest: Duration) -> bool {
        rest <= HOUR && rest > HOUR - Duration::from_secs(60)
    }

    #[test]
    fn without_a_reboot_the_wall_clock_has_no_part_in_it() {
        assert!(is_an_hour(rest(Some, || WrongClock::behind(DAY))));
        assert!(is_an_hour(rest(Some, || WrongClock::ahead(DAY))));
    }

    #[test]
    fn after_a_reboot_and_from_an_older_release_it_lasts_no_longer_than_its_duration() {
        assert!(is_an_hour(rest(rebooted, || WrongClock::behind(DAY))));
        assert!(is_an_hour(rest(|_| None, || WrongClock::behind(DAY))));
        assert_eq!(rest(rebooted, || WrongClock::ahead(DAY)), Duration::ZERO);
    }

    #[test]
    fn it_reads_back_from_json_with_and_without_a_boot() {
        let deadline = Deadline::after(HOUR);
        for deadline in [deadline.clone(), Deadline { end: None, ..deadline }] {
            let json = serde_json::to_string(&deadline).unwrap();
            let read: Deadline = serde_json::from_str(&json).unwrap();
            assert_eq!((read.lasts_ms, read.end), (deadline.lasts_ms, deadline.end), "{json}");
        }
    }

    #[test]
    fn the_end_is_shown_by_the_clock_as_it_is_now() {
        let clock = WrongClock::ahead(DAY);
        let (until, deadline) = (wall() + HOUR, Deadline::after(HOUR));
        assert_eq!(deadline.until(until), until);
        clock.correct();
        assert!(deadline.until(until) <= wall() + HOUR);
    }
}
