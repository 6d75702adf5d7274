//! Time since boot: monotonic, and shared by all processes until the next boot.

use std::{fs, sync::OnceLock, time::Duration};

use serde::{Deserialize, Serialize};

/// A moment, as time since boot. Moments of different boots cannot be compared.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct BootMoment {
    boot_id: String,
    uptime_ms: u64,
}

impl BootMoment {
    /// Resolution of the system's uptime, which is rounded down.
    pub(crate) const RESOLUTION: Duration = Duration::from_millis(10);

    /// Returns the current moment, or `None` if the system has no boot ID. Only Linux has one.
    pub(crate) fn now() -> Option<Self> {
        let uptime = fs::read_to_string("/proc/uptime").ok()?;
        let seconds: f64 = uptime.split_whitespace().next()?.parse().ok()?;
        let uptime_ms = u64::try_from(Duration::try_from_secs_f64(seconds).ok()?.as_millis()).ok()?;
        Some(Self { boot_id: boot_id()?.to_owned(), uptime_ms })
    }

    pub(crate) fn after(self, time: Duration) -> Self {
        let time = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self { uptime_ms: self.uptime_ms.saturating_add(time), ..self }
    }

    /// Returns the time from `earlier` to this moment, zero if `earlier` is later. Returns `None` if the machine was
    /// rebooted in between.
    pub(crate) fn since(&self, earlier: &Self) -> Option<Duration> {
        let is_same_boot = self.boot_id == earlier.boot_id;
        is_same_boot.then(|| Duration::from_millis(self.uptime_ms.saturating_sub(earlier.uptime_ms)))
    }

    /// Returns the same uptime in another boot.
    #[cfg(test)]
    pub(crate) fn of_another_boot(self) -> Self {
        Self { boot_id: String::from("another"), ..self }
    }
}

fn boot_id() -> Option<&'static str> {
    static ID: OnceLock<Option<String>> = OnceLock::new();
    let read = || Some(fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned());
    ID.get_or_init(read).as_deref()
}
