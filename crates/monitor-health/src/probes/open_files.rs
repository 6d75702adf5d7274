//! The number of open files and sockets.

use std::{fs, io};

use rustix::{
    io::Errno,
    process::{Resource, getrlimit},
};

use crate::probe::{BlockingProbe, result::ProbeResult};

/// Warns when this process nears its limit of open files and sockets, past which it can accept no connection. Fails
/// when no descriptor is left. Publishes `open` and `limit`. Linux only.
///
/// # Example
///
/// ```
/// use monitor_kit::health::{OpenFilesProbe, Probe};
///
/// let probe = Probe::blocking("files", OpenFilesProbe::new().warn_above(0.9));
/// ```
#[derive(Clone, Debug)]
pub struct OpenFilesProbe {
    warn_above: f64,
}

impl OpenFilesProbe {
    /// Creates a probe of this process.
    #[must_use]
    pub fn new() -> Self {
        Self { warn_above: 0.8 }
    }

    /// Sets the share of the limit above which the probe warns. Defaults to 0.8.
    #[must_use]
    pub fn warn_above(mut self, share: f64) -> Self {
        self.warn_above = share;
        self
    }
}

impl Default for OpenFilesProbe {
    fn default() -> Self {
        Self::new()
    }
}

impl BlockingProbe for OpenFilesProbe {
    fn check(&self) -> ProbeResult {
        let limit = getrlimit(Resource::Nofile).current;
        let open = match fs::read_dir("/proc/self/fd") {
            // One of the entries is the descriptor of the directory itself.
            Ok(entries) => entries.count().saturating_sub(1) as u64,
            Err(error) => return unreadable(error, limit),
        };
        let result = match limit {
            None => ProbeResult::ok(),
            Some(limit) if open as f64 > limit as f64 * self.warn_above => {
                ProbeResult::warning(said(open, limit)).value("limit", limit)
            }
            Some(limit) => ProbeResult::ok().value("limit", limit),
        };
        result.value("open", open)
    }
}

/// Returns the result if the list of descriptors cannot be opened. `EMFILE` means that the limit is reached, so the
/// number of open files is the limit.
fn unreadable(error: io::Error, limit: Option<u64>) -> ProbeResult {
    match limit {
        Some(limit) if error.raw_os_error() == Some(Errno::MFILE.raw_os_error()) => {
            ProbeResult::error(said(limit, limit)).value("limit", limit).value("open", limit).source(error)
        }
        _ => ProbeResult::error("Open files not readable").source(error),
    }
}

fn said(open: u64, limit: u64) -> String {
    format!("{open} of {limit} files open")
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;
    use monitor_core::HealthStatus;

    use crate::probes::exhausted;

    #[test]
    fn open_files_are_counted_and_too_many_are_a_warning() {
        let count = |result: &ProbeResult| result.values()["open"].as_u64().unwrap();
        let before = OpenFilesProbe::new().check();
        let files: Vec<_> = (0..50).map(|_| File::open("/dev/null").unwrap()).collect();
        let after = OpenFilesProbe::new().check();
        assert!(count(&after) >= count(&before) + 50, "{before:?}, {after:?}");
        let result = OpenFilesProbe::new().warn_above(0.0).check();
        assert_eq!(result.status(), HealthStatus::Warning);
        assert!(result.message().ends_with(" files open"), "{result:?}");
        drop(files);
    }

    #[test]
    fn with_no_descriptor_left_count_and_limit_are_still_published() {
        let test = "probes::open_files::tests::with_no_descriptor_left_count_and_limit_are_still_published";
        let Some(_all) = exhausted::process(test) else { return };
        let result = OpenFilesProbe::new().check();
        assert_eq!((result.status(), result.message()), (HealthStatus::Error, "64 of 64 files open"));
        assert_eq!((&result.values()["open"], &result.values()["limit"]), (&64.into(), &64.into()));
    }
}
