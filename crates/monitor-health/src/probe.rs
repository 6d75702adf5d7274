//! A probe: one health check with its settings.
//!
//! A check is a function that can hang, block, panic or fail once by chance. The settings here bound each of these: the
//! time of one run, the interval between runs, and the number of runs that change the status.

pub(crate) mod health_json;
pub(crate) mod liveness;
pub(crate) mod probe_slot;
pub(crate) mod rendered;
pub(crate) mod result;
pub(crate) mod run;
pub(crate) mod status;

use std::{fmt, pin::Pin, sync::Arc, time::Duration};

use monitor_core::HealthStatus;

use self::result::ProbeResult;

/// The future of one run of a probe.
pub type ProbeFuture<'a> = Pin<Box<dyn Future<Output = ProbeResult> + Send + 'a>>;

/// Checks one dependency or resource. Implemented by every closure that returns a future of a [`ProbeResult`].
///
/// # Example
///
/// ```
/// use monitor_kit::health::{HealthProbe, ProbeResult, Probe, ProbeFuture};
///
/// struct Queue;
///
/// impl HealthProbe for Queue {
///     fn check(&self) -> ProbeFuture<'_> {
///         Box::pin(async { ProbeResult::ok().value("waiting", 0) })
///     }
/// }
///
/// let probe = Probe::new("queue", Queue);
/// ```
pub trait HealthProbe: Send + Sync + 'static {
    /// Runs the check once. The future is dropped when it exceeds the probe's [time-out](Probe::timeout).
    fn check(&self) -> ProbeFuture<'_>;
}

impl<F, T> HealthProbe for F
where
    F: Fn() -> T + Send + Sync + 'static,
    T: Future<Output = ProbeResult> + Send + 'static,
{
    fn check(&self) -> ProbeFuture<'_> {
        Box::pin(self())
    }
}

/// Checks one dependency or resource with blocking calls, such as reading a disk's free space. Implemented by every
/// closure that returns a [`ProbeResult`].
///
/// Each run has a thread of its own, within the runtime's context. A run that never returns holds that thread, and no
/// other run begins meanwhile; it delays neither the shutdown of the runtime nor the exit of the program.
///
/// # Example
///
/// ```
/// use monitor_kit::health::{Probe, ProbeResult};
///
/// let probe = Probe::blocking("spool", || match std::fs::read_dir("/var/spool/shop") {
///     Ok(files) => ProbeResult::ok().value("files", files.count()),
///     Err(error) => ProbeResult::error("Spool not readable").source(error),
/// });
/// ```
pub trait BlockingProbe: Send + Sync + 'static {
    /// Runs the check once.
    fn check(&self) -> ProbeResult;
}

impl<F> BlockingProbe for F
where
    F: Fn() -> ProbeResult + Send + Sync + 'static,
{
    fn check(&self) -> ProbeResult {
        self()
    }
}

/// A health check and its settings.
///
/// | setting | default | why |
/// | --- | --- | --- |
/// | [`timeout`](Self::timeout) | 2 s | covers the whole run: waiting for a connection and the query |
/// | [`interval`](Self::interval) | 10 s, 30 s while it fails | the period of Kubernetes; failures need no load |
/// | [`failure_threshold`](Self::failure_threshold) | 3 | one lost packet is not an outage |
/// | [`success_threshold`](Self::success_threshold) | 2 | a dependency that has just recovered may fail again |
///
/// After a run that contradicts the status, such as a first failure, the next runs follow after 1 to 1.5 s each, or
/// after the interval if that is shorter, until a threshold is reached. A critical dependency that hangs takes the
/// service out of readiness within 20 s, and one that recovers restores readiness within 40 s.
///
/// Each interval is jittered by up to 10 %, so that instances started together do not stay synchronized.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use monitor_kit::health::{ProbeResult, Probe};
///
/// let probe = Probe::new("cache", || async { ProbeResult::ok() }).critical().timeout(Duration::from_millis(500));
/// ```
///
/// # Example: a database behind a network that loses packets
///
/// ```
/// # async fn ping() -> Result<(), std::io::Error> { Ok(()) }
/// use std::time::Duration;
/// use monitor_kit::health::{Probe, ProbeResult};
///
/// let ask = || async {
///     match ping().await {
///         Ok(()) => ProbeResult::ok(),
///         Err(error) => ProbeResult::error("Database unreachable").source(error),
///     }
/// };
/// let probe = Probe::new("database", ask)
///     .critical()
///     .ready()
///     .tag("storage")
///     .interval(Duration::from_secs(5))
///     .interval_when_down(Duration::from_secs(10))
///     .failure_threshold(5)
///     .success_threshold(3);
/// ```
#[derive(Clone)]
#[must_use]
pub struct Probe {
    pub(crate) name: String,
    pub(crate) check: Check,
    pub(crate) critical: bool,
    pub(crate) ready: bool,
    pub(crate) max_unready: Option<Duration>,
    pub(crate) tags: Vec<String>,
    pub(crate) pace: Pace,
}

#[derive(Clone)]
pub(crate) enum Check {
    Async(Arc<dyn HealthProbe>),
    Blocking(Arc<dyn BlockingProbe>),
}

/// Timing and thresholds of a probe.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) timeout: Duration,
    pub(crate) interval: Duration,
    pub(crate) interval_when_down: Duration,
    /// Runs only on request, when the last result is older than this.
    pub(crate) on_demand: Option<Duration>,
    pub(crate) failures: u32,
    pub(crate) successes: u32,
}

impl Probe {
    /// Creates an optional probe called `name`, in lowercase letters, digits, `_` and `-`.
    pub fn new(name: impl Into<String>, probe: impl HealthProbe) -> Self {
        Self::of(name.into(), Check::Async(Arc::new(probe)))
    }

    /// Creates an optional probe with a check that blocks. See [`BlockingProbe`].
    pub fn blocking(name: impl Into<String>, probe: impl BlockingProbe) -> Self {
        Self::of(name.into(), Check::Blocking(Arc::new(probe)))
    }

    fn of(name: String, check: Check) -> Self {
        Self { name, check, critical: false, ready: false, max_unready: None, tags: Vec::new(), pace: Pace::default() }
    }

    /// Makes the whole service unhealthy when this probe fails. Defaults to optional.
    pub fn critical(mut self) -> Self {
        self.critical = true;
        self
    }

    /// Leaves the whole service healthy, but degraded, when this probe fails. The default.
    pub fn optional(mut self) -> Self {
        self.critical = false;
        self
    }

    /// Takes the service out of readiness when this probe fails, provided that it is [critical](Self::critical). Off by
    /// default: the failure of a dependency shared by all instances would take all of them out of traffic at once.
    pub fn ready(mut self) -> Self {
        self.ready = true;
        self
    }

    /// Sets the longest time for which this probe takes the service out of readiness. After `longest` the service
    /// counts as degraded instead: when a dependency is down for all instances, one that answers badly is better than
    /// none. Defaults to no limit.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use monitor_kit::health::{Probe, ProbeResult};
    ///
    /// // All instances share the cache. Two minutes after it is lost, they serve their requests without it.
    /// let cache = Probe::new("cache", || async { ProbeResult::ok() })
    ///     .critical()
    ///     .ready()
    ///     .max_unready(Duration::from_secs(120));
    /// ```
    pub fn max_unready(mut self, longest: Duration) -> Self {
        self.max_unready = Some(longest);
        self
    }

    /// Adds a tag. The probes with the same tag share a path named after it, as those of a
    /// [group](crate::HealthBuilder::group) do.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Sets the time after which a run has failed. Defaults to two seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.pace.timeout = timeout;
        self
    }

    /// Sets the pause between two runs while the probe does not fail. Defaults to ten seconds.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.pace.interval = interval;
        self
    }

    /// Sets the pause between two runs while the probe fails. Defaults to thirty seconds.
    pub fn interval_when_down(mut self, interval: Duration) -> Self {
        self.pace.interval_when_down = interval;
        self
    }

    /// Runs the probe only on request, when the last result is older than `time_to_live`. For checks that are too
    /// expensive to run in the background. By default a probe runs in the background.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use monitor_kit::health::{Probe, ProbeResult};
    ///
    /// // The bank charges for each call.
    /// let bank = Probe::new("bank", || async { ProbeResult::ok() }).on_demand(Duration::from_secs(60));
    /// ```
    pub fn on_demand(mut self, time_to_live: Duration) -> Self {
        self.pace.on_demand = Some(time_to_live);
        self
    }

    /// Sets the number of consecutive failed runs after which the probe fails. Until then its status is a warning.
    /// Defaults to 3.
    pub fn failure_threshold(mut self, runs: u32) -> Self {
        self.pace.failures = runs;
        self
    }

    /// Sets the number of consecutive successful runs after which a failed probe recovers. Defaults to 2.
    pub fn success_threshold(mut self, runs: u32) -> Self {
        self.pace.successes = runs;
        self
    }
}

impl Pace {
    /// Returns the pause from one run to the next.
    pub(crate) fn interval(&self, status: HealthStatus) -> Duration {
        let by_itself = if status == HealthStatus::Error { self.interval_when_down } else { self.interval };
        self.on_demand.unwrap_or(by_itself)
    }

    /// Returns the age at which a result expires: three intervals plus the time-out.
    pub(crate) fn stale_after(&self, status: HealthStatus) -> Duration {
        self.interval(status).saturating_mul(3).saturating_add(self.timeout)
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(2),
            interval: Duration::from_secs(10),
            interval_when_down: Duration::from_secs(30),
            on_demand: None,
            failures: 3,
            successes: 2,
        }
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, check: _, critical, ready, max_unready, tags, pace } = self;
        f.debug_struct("Probe")
            .field("name", name)
            .field("critical", critical)
            .field("ready", ready)
            .field("max_unready", max_unready)
            .field("tags", tags)
            .field("pace", pace)
            .finish_non_exhaustive()
    }
}
