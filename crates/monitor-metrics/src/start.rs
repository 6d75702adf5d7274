//! The start time of this process.

use std::{
    fs,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant, SystemTime},
};

use monitor_core::clock;

/// The start time by the wall clock: on Linux from `/proc`, elsewhere the time of the first measurement.
pub(crate) struct Start {
    /// The age of the process when it was measured, and the time of that measurement.
    age: Duration,
    measured: Instant,
    /// The start time last returned, in milliseconds since the Unix epoch.
    shown: AtomicU64,
}

impl Start {
    pub(crate) fn measure() -> Self {
        let (started, now) = (linux().unwrap_or_else(clock::wall), clock::wall());
        let age = now.duration_since(started).unwrap_or_default();
        Self { age, measured: clock::now(), shown: AtomicU64::new(clock::millis(started)) }
    }

    /// Returns the start time in milliseconds since the Unix epoch. The value changes only if the wall clock was set,
    /// because Prometheus takes a change for a restart.
    pub(crate) fn millis(&self) -> u64 {
        let age = self.age + clock::now().saturating_duration_since(self.measured);
        let by_now = clock::millis(clock::wall().checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH));
        if by_now.abs_diff(self.shown.load(Ordering::Relaxed)) > TOLERANCE {
            self.shown.store(by_now, Ordering::Relaxed);
        }
        self.shown.load(Ordering::Relaxed)
    }
}

fn linux() -> Option<SystemTime> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in brackets and may hold any character; `starttime` is the 22nd.
    let ticks: u64 = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()?;
    let boot = fs::read_to_string("/proc/stat").ok()?;
    let boot: u64 = boot.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(boot) + Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
}

/// `USER_HZ`, which Linux fixes at 100 for the values in `/proc`.
const TICKS_PER_SECOND: u64 = 100;
/// Smaller differences are corrections of a time daemon; in milliseconds.
const TOLERANCE: u64 = 2000;

#[cfg(test)]
mod tests {
    use super::*;

    fn time(millis: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
    }

    #[test]
    fn the_process_started_before_now_and_not_long_ago() {
        let started = time(Start::measure().millis());
        let age = clock::wall().duration_since(started - Duration::from_secs(2)).expect("not in the future");
        assert!(age < Duration::from_secs(3600), "{age:?}");
        assert!(linux().is_some() || cfg!(not(target_os = "linux")), "Linux tells");
    }

    #[test]
    fn the_start_follows_a_clock_that_is_set_and_nothing_else() {
        let hour = Duration::from_secs(3600);
        let clock = clock::WrongClock::ahead(hour);
        let start = Start::measure();
        let first = start.millis();
        assert_eq!(start.millis(), first);
        clock.correct();
        let set = time(start.millis()) + hour;
        let off = set.duration_since(time(first)).unwrap_or_else(|error| error.duration());
        assert!(off < Duration::from_secs(60), "{off:?}");
    }
}
