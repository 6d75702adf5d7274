//! [`Limits`]: upper bounds of memory, rates and retention.

use std::time::Duration;

use crate::base::error::{BuildError, setting};

/// Upper bounds of a monitor's memory and rates. Past a bound, something is dropped and counted by reason.
///
/// # Example
///
/// A service with many routes and little memory:
///
/// ```
/// use monitor_kit::{Limits, Monitor};
///
/// let limits = Limits::new().series(5_000).sites(1_000).issues(200).sample_bytes(8 * 1024 * 1024).queue(256);
/// let monitor = Monitor::builder("shop").limits(limits).build()?;
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
///
/// # Example: two weeks of issues, and few errors captured whole per second
///
/// ```
/// use std::time::Duration;
/// use monitor_kit::{Limits, Monitor};
///
/// let limits = Limits::new().issue_retention(Duration::from_secs(14 * 24 * 60 * 60)).burst(20);
/// let monitor = Monitor::builder("shop").limits(limits).build()?;
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Limits {
    pub(super) queue: usize,
    pub(super) series: usize,
    pub(super) sites: usize,
    pub(super) issues: usize,
    pub(super) sample_bytes: usize,
    pub(super) retention: Duration,
    pub(super) burst: u32,
}

// === impl Limits ===

impl Limits {
    /// Returns the default limits.
    pub const fn new() -> Self {
        Self {
            queue: 1024,
            series: 1000,
            sites: 4096,
            issues: 1000,
            sample_bytes: 64 * 1024 * 1024,
            retention: Duration::from_secs(90 * 24 * 60 * 60),
            burst: 100,
        }
    }

    /// Sets the capacity of each queue, in events or signals. A full queue drops and counts. Defaults to 1024.
    pub const fn queue(mut self, capacity: usize) -> Self {
        self.queue = capacity;
        self
    }

    /// Sets the maximum number of series, which are pairs of method and route. Requests past it share one series and
    /// are counted as dropped. Defaults to 1000.
    pub const fn series(mut self, maximum: usize) -> Self {
        self.series = maximum;
        self
    }

    /// Sets the maximum number of sites. A site is a location in the source and a route, or these two and one message.
    /// Errors of new sites past it are counted as dropped. Defaults to 4096.
    pub const fn sites(mut self, maximum: usize) -> Self {
        self.sites = maximum;
        self
    }

    /// Sets the maximum number of issues. Past it, the least recently seen issue is evicted. Defaults to 1000.
    pub const fn issues(mut self, maximum: usize) -> Self {
        self.issues = maximum;
        self
    }

    /// Sets the memory of the events of all issues together, in bytes, approximately. Past it, the events of the least
    /// recently seen issues are dropped, first events last; counts stay. Defaults to 64 MiB.
    pub const fn sample_bytes(mut self, bytes: usize) -> Self {
        self.sample_bytes = bytes;
        self
    }

    /// Sets the time after which an issue expires, counted from its last event. An expired issue is counted as dropped
    /// with reason `expired`. Defaults to 90 days; at least one hour.
    ///
    /// The time is measured by the monotonic clock, and across restarts by the time since boot, so a wrong wall clock
    /// expires nothing. After a reboot, or on another machine, the time between two processes is unknown; it then
    /// counts for at most an eighth of the retention.
    pub const fn issue_retention(mut self, time: Duration) -> Self {
        self.retention = time;
        self
    }

    /// Sets the number of errors captured whole per second, over all sites together. The first error of each site is
    /// captured in addition. Errors past the limit are counted, and their number is in the
    /// [`suppressed`](crate::ErrorEvent::suppressed) field of the site's next event. Each site is also limited to ten a
    /// minute. Defaults to 100.
    pub const fn burst(mut self, per_second: u32) -> Self {
        self.burst = per_second;
        self
    }

    pub(super) fn check(&self) -> Result<(), BuildError> {
        let Self { queue, series, sites, issues, sample_bytes, retention, burst } = *self;
        let bounds = [("queue", queue), ("series", series), ("sites", sites), ("issues", issues)];
        let others = [("sample_bytes", sample_bytes), ("burst", burst as usize)];
        if let Some((name, _)) = bounds.into_iter().chain(others).find(|(_, bound)| *bound == 0) {
            return setting(format!("the limit `{name}` is 0, which would drop everything: give it at least 1"));
        }
        if let Some((name, bound)) = bounds.into_iter().find(|(_, bound)| *bound > MAX_ENTRIES) {
            return setting(format!(
                "the limit `{name}` is {bound}, which would reserve too much memory: give it at most {MAX_ENTRIES}"
            ));
        }
        if retention < HOUR {
            return setting(format!("the limit `issue_retention` is {retention:?}: give it at least an hour"));
        }
        Ok(())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}

const HOUR: Duration = Duration::from_secs(60 * 60);
/// Maximum of a bound. The tables are allocated in advance, so a typo could otherwise reserve all of the machine's
/// memory.
const MAX_ENTRIES: usize = 1 << 20;
