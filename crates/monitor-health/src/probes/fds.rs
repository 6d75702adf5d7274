//! How many files are open.

use std::fs;

use rustix::process::{Resource, getrlimit};

use crate::{BlockingProbe, Outcome};

/// Counts the files and sockets this process has open, and warns before there are too many: past the limit nobody can
/// connect any more. Publishes `open` and `limit`. Linux only.
///
/// # Example
///
/// ```
/// use monitor_kit::health::{OpenFiles, Probe};
///
/// let probe = Probe::blocking("files", OpenFiles::new().warn_above(0.9));
/// ```
#[derive(Clone, Debug)]
pub struct OpenFiles {
    warn_above: f64,
}

impl OpenFiles {
    /// Looks at this process.
    #[must_use]
    pub fn new() -> Self {
        Self { warn_above: 0.8 }
    }

    /// Sets the share of the limit above which to warn. Defaults to 0.8.
    #[must_use]
    pub fn warn_above(mut self, share: f64) -> Self {
        self.warn_above = share;
        self
    }
}

impl Default for OpenFiles {
    fn default() -> Self {
        Self::new()
    }
}

impl BlockingProbe for OpenFiles {
    fn check(&self) -> Outcome {
        let open = match fs::read_dir("/proc/self/fd") {
            // One is the folder itself.
            Ok(entries) => entries.count().saturating_sub(1),
            Err(error) => return Outcome::error("Open files not readable").source(error),
        };
        let outcome = match getrlimit(Resource::Nofile).current {
            None => Outcome::ok(),
            Some(limit) if open as f64 > limit as f64 * self.warn_above => {
                Outcome::warning(format!("{open} of {limit} files open")).value("limit", limit)
            }
            Some(limit) => Outcome::ok().value("limit", limit),
        };
        outcome.value("open", open)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;
    use crate::Level;

    #[test]
    fn open_files_are_counted_and_too_many_are_a_warning() {
        let count = |outcome: &Outcome| outcome.values()["open"].as_u64().unwrap();
        let before = OpenFiles::new().check();
        let files: Vec<_> = (0..50).map(|_| File::open("/dev/null").unwrap()).collect();
        let after = OpenFiles::new().check();
        assert!(count(&after) >= count(&before) + 50, "{before:?}, {after:?}");
        let outcome = OpenFiles::new().warn_above(0.0).check();
        assert_eq!(outcome.level(), Level::Warning);
        assert!(outcome.message().ends_with(" files open"), "{outcome:?}");
        drop(files);
    }
}
