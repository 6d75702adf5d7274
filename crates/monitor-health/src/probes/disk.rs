//! The free space and free inodes of a file system.

use std::path::PathBuf;

use rustix::fs::statvfs;

use crate::probe::{BlockingProbe, result::ProbeResult};

/// Warns when the file system of a path is nearly full. Publishes `free_gb`, as available to unprivileged processes,
/// `total_gb` (both in units of 10^9 bytes), and `free_inodes` if the file system has a fixed number of them.
///
/// The check blocks on a dead mount.
///
/// # Example
///
/// ```
/// use monitor_kit::health::{DiskProbe, Probe};
///
/// let disk = DiskProbe::new("/var/lib").warn_below_gb(2.0).warn_below_inodes(50_000);
/// let probe = Probe::blocking("disk", disk);
/// ```
#[derive(Clone, Debug)]
pub struct DiskProbe {
    path: PathBuf,
    warn_below_gb: f64,
    warn_below_inodes: u64,
}

impl DiskProbe {
    /// Creates a probe of the file system that holds `path`.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), warn_below_gb: 1.0, warn_below_inodes: 10_000 }
    }

    /// Sets the free space, in GB, below which the probe warns. Defaults to 1.
    #[must_use]
    pub fn warn_below_gb(mut self, gb: f64) -> Self {
        self.warn_below_gb = gb;
        self
    }

    /// Sets the number of free inodes below which the probe warns. Without a free inode no file can be created, however
    /// much space is left. Defaults to 10,000.
    #[must_use]
    pub fn warn_below_inodes(mut self, inodes: u64) -> Self {
        self.warn_below_inodes = inodes;
        self
    }

    fn look(&self) -> ProbeResult {
        let stat = match statvfs(&self.path) {
            Ok(stat) => stat,
            Err(error) => return ProbeResult::error("Disk not readable").source(error),
        };
        let gigabytes = |blocks: u64| (blocks as f64 * stat.f_frsize as f64 / 1e9 * 100.0).round() / 100.0;
        let free_gb = gigabytes(stat.f_bavail);
        let result = if free_gb < self.warn_below_gb {
            ProbeResult::warning(format!("Only {free_gb} GB free"))
        } else if stat.f_files > 0 && stat.f_favail < self.warn_below_inodes {
            ProbeResult::warning(format!("Only {} inodes free", stat.f_favail))
        } else {
            ProbeResult::ok()
        };
        let result = result.value("free_gb", free_gb).value("total_gb", gigabytes(stat.f_blocks));
        if stat.f_files > 0 { result.value("free_inodes", stat.f_favail) } else { result }
    }
}

impl BlockingProbe for DiskProbe {
    fn check(&self) -> ProbeResult {
        self.look()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use monitor_core::HealthStatus;

    #[test]
    fn free_space_below_the_mark_is_a_warning_that_says_how_much() {
        let result = DiskProbe::new("/").warn_below_gb(f64::MAX).look();
        assert_eq!(result.status(), HealthStatus::Warning);
        let free = result.values["free_gb"].as_f64().unwrap();
        assert_eq!(result.message, format!("Only {free} GB free"));
    }

    #[test]
    fn few_inodes_are_a_warning_as_well() {
        let result = DiskProbe::new("/").warn_below_gb(0.0).warn_below_inodes(u64::MAX).look();
        let Some(free) = result.values.get("free_inodes") else { return };
        assert_eq!((result.status(), result.message()), (HealthStatus::Warning, &*format!("Only {free} inodes free")));
    }

    #[test]
    fn a_path_that_is_not_there_is_an_error_that_does_not_name_it() {
        let result = DiskProbe::new("/no/such/path").look();
        assert_eq!((result.status(), result.message.as_str()), (HealthStatus::Error, "Disk not readable"));
    }
}
