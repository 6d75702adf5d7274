//! When this process started.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use crate::clock;

/// Returns when the process started: as Linux tells it, elsewhere the time of the first call.
pub(super) fn started_at() -> SystemTime {
    linux().unwrap_or_else(clock::wall)
}

fn linux() -> Option<SystemTime> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in brackets and may hold anything; `starttime` is the 22nd.
    let ticks: u64 = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()?;
    let boot = fs::read_to_string("/proc/stat").ok()?;
    let boot: u64 = boot.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(boot) + Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
}

/// `USER_HZ`, which Linux fixes at 100 for what it tells in `/proc`.
const TICKS_PER_SECOND: u64 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_started_before_now_and_not_long_ago() {
        let age = clock::wall().duration_since(started_at() - Duration::from_secs(2)).expect("not in the future");
        assert!(age < Duration::from_secs(3600), "{age:?}");
        assert!(linux().is_some() || cfg!(not(target_os = "linux")), "Linux tells");
    }
}
