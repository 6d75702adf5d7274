//! The time line on which stored values age. It advances with the monotonic clock, and across restarts with the time
//! since boot, so that a wrong wall clock can move it by no more than a fraction of the retention.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::StoreWrite;
use crate::base::{
    clock::{self, BootMoment},
    json,
};

/// The time line of a store, as seen by this process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimeLine {
    /// The line's time minus [`clock::steady`], in microseconds.
    offset: i64,
    retention: Duration,
}

/// The last stored point of the line.
#[derive(Deserialize, Serialize)]
struct Stored {
    line_us: i64,
    #[serde(with = "json::micros")]
    wall: SystemTime,
    boot: Option<BootMoment>,
}

impl TimeLine {
    /// Resumes the stored line, or begins one at the present time.
    pub(crate) fn resume(stored: Option<&[u8]>, retention: Duration) -> Self {
        let stored = stored.and_then(|json| serde_json::from_slice::<Stored>(json).ok());
        let line = stored.map_or_else(
            || i64::try_from(clock::micros(clock::wall())).unwrap_or(i64::MAX),
            |stored| stored.line_us.saturating_add(micros(away(&stored, retention))),
        );
        Self { offset: line.saturating_sub(clock::steady()), retention }
    }

    /// Returns by how much this line is ahead of another one of this process, in microseconds.
    pub(crate) fn ahead_of(self, other: Self) -> i64 {
        self.offset.saturating_sub(other.offset)
    }

    /// Converts a time of [`clock::steady`] to a time on the line, in microseconds.
    pub(crate) fn place(self, steady: i64) -> i64 {
        self.offset.saturating_add(steady)
    }

    /// Converts a record's last-seen time to a time of [`clock::steady`], negative if it was before this process began.
    ///
    /// Records of older releases have no time on the line, and their wall-clock time may be wrong: they keep at least
    /// an eighth of the retention.
    pub(crate) fn moment(self, place: Option<i64>, last_seen: SystemTime) -> i64 {
        let now = clock::steady();
        let by_wall = || {
            let age = clock::wall().duration_since(last_seen).unwrap_or_default();
            now.saturating_sub(micros(age.min(self.retention - self.retention / SHARE)))
        };
        place.map_or_else(by_wall, |place| place.saturating_sub(self.offset)).min(now)
    }

    /// Returns the change that stores a point of the line.
    pub(crate) fn put(self, key: &str) -> StoreWrite {
        let (line_us, wall) = (self.place(clock::steady()), clock::wall());
        let stored = Stored { line_us, wall, boot: BootMoment::now() };
        StoreWrite::Put { key: key.to_owned(), value: serde_json::to_vec(&stored).unwrap_or_default() }
    }
}

/// Returns the time since the line was stored. After a reboot, or on another machine, only the wall clock tells; if it
/// is wrong, that costs at most an eighth of the retention.
fn away(stored: &Stored, retention: Duration) -> Duration {
    let by_boot = || BootMoment::now()?.since(stored.boot.as_ref()?);
    let by_wall = || clock::wall().duration_since(stored.wall).unwrap_or_default().min(retention / SHARE);
    by_boot().unwrap_or_else(by_wall)
}

/// Returns the time since a moment of [`clock::steady`].
pub(crate) fn age(now: i64, seen: i64) -> Duration {
    Duration::from_micros(u64::try_from(now.saturating_sub(seen)).unwrap_or(0))
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

const SHARE: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::WrongClock;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    /// The boot in which a stored time line is resumed.
    enum Boot {
        Same,
        Another,
    }

    /// Stores a time line, and returns how far it has advanced for a process with a wrong clock.
    fn advance(boot: Boot, clock: impl FnOnce() -> WrongClock) -> Duration {
        let line = TimeLine::resume(None, 80 * DAY);
        let StoreWrite::Put { value, .. } = line.put("line") else { unreachable!("it is a value") };
        let mut stored: Stored = serde_json::from_slice(&value).unwrap();
        if let Boot::Another = boot {
            stored.boot = stored.boot.map(BootMoment::of_another_boot);
        }
        let _clock = clock();
        let next = TimeLine::resume(Some(&serde_json::to_vec(&stored).unwrap()), 80 * DAY);
        age(next.offset, line.offset)
    }

    #[test]
    fn a_wall_clock_that_is_wrong_costs_an_eighth_of_the_retention_at_most() {
        let is_about = |advance: Duration, time: Duration| advance.abs_diff(time) < Duration::from_secs(60);
        assert!(is_about(advance(Boot::Same, || WrongClock::ahead(400 * DAY)), Duration::ZERO), "the same boot: exact");
        assert!(is_about(advance(Boot::Another, || WrongClock::ahead(400 * DAY)), 10 * DAY));
        assert!(is_about(advance(Boot::Another, || WrongClock::behind(400 * DAY)), Duration::ZERO));
        assert!(is_about(advance(Boot::Another, || WrongClock::ahead(3 * DAY)), 3 * DAY));
    }

    #[test]
    fn records_without_a_place_on_it_age_by_the_wall_clock_as_far_as_that_may_be_right() {
        let line = TimeLine::resume(None, 80 * DAY);
        let days =
            |last_seen| age(clock::steady(), line.moment(None, last_seen)).as_secs().saturating_add(60) / DAY.as_secs();
        let now = clock::wall();
        assert_eq!([now - 3 * DAY, now - 400 * DAY, now + 400 * DAY].map(days), [3, 70, 0]);
    }
}
