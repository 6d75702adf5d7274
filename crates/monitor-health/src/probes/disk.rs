//! Whether there is room on a disk.

use std::path::PathBuf;

use rustix::fs::statvfs;

use crate::{BlockingProbe, Outcome};

/// Warns when the file system of a path is nearly full. The question blocks on a dead mount.
///
/// Publishes `free_gb` (10^9 bytes, for unprivileged processes).
///
/// # Example
///
/// ```
/// use monitor_health::{DiskSpace, Probe};
///
/// let probe = Probe::blocking("disk", DiskSpace::new("/var/lib").warn_below_gb(2.0));
/// ```
#[derive(Clone, Debug)]
pub struct DiskSpace {
    path: PathBuf,
    warn_below_gb: f64,
}

impl DiskSpace {
    /// Looks at the file system that holds `path`.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), warn_below_gb: 1.0 }
    }

    /// Sets the free space below which to warn, in GB. Defaults to 1.
    #[must_use]
    pub fn warn_below_gb(mut self, gb: f64) -> Self {
        self.warn_below_gb = gb;
        self
    }

    fn look(&self) -> Outcome {
        let stat = match statvfs(&self.path) {
            Ok(stat) => stat,
            Err(error) => return Outcome::error("Disk not readable").source(error),
        };
        let free_gb = (stat.f_bavail as f64 * stat.f_frsize as f64 / 1e9 * 100.0).round() / 100.0;
        let outcome = if free_gb < self.warn_below_gb {
            Outcome::warning(format!("Only {free_gb} GB free"))
        } else {
            Outcome::ok()
        };
        outcome.value("free_gb", free_gb)
    }
}

impl BlockingProbe for DiskSpace {
    fn check(&self) -> Outcome {
        self.look()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;

    #[test]
    fn free_space_below_the_mark_is_a_warning_that_says_how_much() {
        let outcome = DiskSpace::new("/").warn_below_gb(f64::MAX).look();
        assert_eq!(outcome.level(), Level::Warning);
        assert_eq!(outcome.message, format!("Only {} GB free", outcome.values["free_gb"]));
    }

    #[test]
    fn a_path_that_is_not_there_is_an_error_that_does_not_name_it() {
        let outcome = DiskSpace::new("/no/such/path").look();
        assert_eq!((outcome.level(), outcome.message.as_str()), (Level::Error, "Disk not readable"));
    }
}
