//! Probes: one health check each, with its settings.

pub(crate) mod health_json;
pub(crate) mod liveness;
pub(crate) mod outcome;
pub(crate) mod probe_slot;
pub(crate) mod rendered;
pub(crate) mod run;
pub(crate) mod status;

use std::{fmt, pin::Pin, sync::Arc, time::Duration};

use monitor_core::HealthStatus;

use self::outcome::Outcome;

/// The future of a probe.
pub type ProbeFuture<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// Looks after one thing. Any closure that returns a future of an [`Outcome`] is one.
///
/// # Example
///
/// ```
/// use monitor_kit::health::{HealthProbe, Outcome, Probe, ProbeFuture};
///
/// struct Queue;
///
/// impl HealthProbe for Queue {
///     fn check(&self) -> ProbeFuture<'_> {
///         Box::pin(async { Outcome::ok().value("waiting", 0) })
///     }
/// }
///
/// let probe = Probe::new("queue", Queue);
/// ```
pub trait HealthProbe: Send + Sync + 'static {
    /// Looks once. The future is dropped when the probe's time is over.
    fn check(&self) -> ProbeFuture<'_>;
}

impl<F, T> HealthProbe for F
where
    F: Fn() -> T + Send + Sync + 'static,
    T: Future<Output = Outcome> + Send + 'static,
{
    fn check(&self) -> ProbeFuture<'_> {
        Box::pin(self())
    }
}

/// Looks after one thing and blocks meanwhile, as the question for a disk's space does. Any closure that returns an
/// [`Outcome`] is one.
///
/// It runs on a thread of its own, within the runtime's context. One that never returns holds that one thread, and is not
/// asked again meanwhile; it keeps neither the runtime nor the program from ending.
pub trait BlockingProbe: Send + Sync + 'static {
    /// Looks once.
    fn check(&self) -> Outcome;
}

impl<F> BlockingProbe for F
where
    F: Fn() -> Outcome + Send + Sync + 'static,
{
    fn check(&self) -> Outcome {
        self()
    }
}

/// A health check and its settings.
///
/// | setting | default | why |
/// | --- | --- | --- |
/// | [`timeout`](Self::timeout) | 2 s | for all of a run: waiting for a connection and asking |
/// | [`interval`](Self::interval) | 10 s, 30 s while it fails | Kubernetes asks every 10 s; what is down is not helped by being asked |
/// | [`failure_threshold`](Self::failure_threshold) | 3 | one lost packet is no outage |
/// | [`success_threshold`](Self::success_threshold) | 2 | what has just come back may go again |
///
/// After a run that contradicts the status, such as the first failure, the next ones follow at 1 to 1.5 s, or at the interval where
/// that is shorter, until the thresholds have decided: a critical dependency that hangs takes the service out of readiness within
/// 20 s, and within 40 s one that is back brings it back.
///
/// Each pause is up to a tenth longer or shorter, so that instances started together do not ask together for ever.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use monitor_kit::health::{Outcome, Probe};
///
/// let probe = Probe::new("cache", || async { Outcome::ok() }).critical().timeout(Duration::from_millis(500));
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

/// How often a probe runs, for how long, and how many runs it takes to change one's mind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) timeout: Duration,
    pub(crate) interval: Duration,
    pub(crate) interval_when_down: Duration,
    /// It runs only when somebody asks and the last result is older than this.
    pub(crate) on_demand: Option<Duration>,
    pub(crate) failures: u32,
    pub(crate) successes: u32,
}

impl Probe {
    /// Creates an optional probe called `name`, in small letters, digits, `_` and `-`.
    pub fn new(name: impl Into<String>, probe: impl HealthProbe) -> Self {
        Self::of(name.into(), Check::Async(Arc::new(probe)))
    }

    /// Creates an optional probe that blocks while it looks.
    pub fn blocking(name: impl Into<String>, probe: impl BlockingProbe) -> Self {
        Self::of(name.into(), Check::Blocking(Arc::new(probe)))
    }

    fn of(name: String, check: Check) -> Self {
        Self { name, check, critical: false, ready: false, max_unready: None, tags: Vec::new(), pace: Pace::default() }
    }

    /// Makes the whole service unhealthy when this fails. Defaults to optional.
    pub fn critical(mut self) -> Self {
        self.critical = true;
        self
    }

    /// Leaves the whole service healthy, but degraded, when this fails. The default.
    pub fn optional(mut self) -> Self {
        self.critical = false;
        self
    }

    /// Takes the service out of readiness when this fails, if it is critical as well. Defaults to not: a dependency
    /// shared by all instances would take all of them out at once.
    pub fn ready(mut self) -> Self {
        self.ready = true;
        self
    }

    /// Keeps the service out of readiness for so long at most. After that it counts as degraded: an instance that everybody
    /// asks and that answers badly is better than none, where what fails is away for all of them. Defaults to no limit.
    pub fn max_unready(mut self, longest: Duration) -> Self {
        self.max_unready = Some(longest);
        self
    }

    /// Adds a tag. All probes with one answer together at its name, as a [group](crate::HealthBuilder::group) does.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Sets how long to wait before a run has failed. Defaults to two seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.pace.timeout = timeout;
        self
    }

    /// Sets the pause between two runs while it does not fail. Defaults to ten seconds.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.pace.interval = interval;
        self
    }

    /// Sets the pause between two runs while it fails. Defaults to thirty seconds.
    pub fn interval_when_down(mut self, interval: Duration) -> Self {
        self.pace.interval_when_down = interval;
        self
    }

    /// Runs it only when somebody asks and the last result is older than `time_to_live`: for what costs too much to be
    /// looked at while nobody wants to know. Defaults to running by itself.
    pub fn on_demand(mut self, time_to_live: Duration) -> Self {
        self.pace.on_demand = Some(time_to_live);
        self
    }

    /// Sets how many runs in a row must fail before it has. Until then it is a warning. Defaults to 3.
    pub fn failure_threshold(mut self, runs: u32) -> Self {
        self.pace.failures = runs;
        self
    }

    /// Sets how many runs in a row must succeed before it has recovered. Defaults to 2.
    pub fn success_threshold(mut self, runs: u32) -> Self {
        self.pace.successes = runs;
        self
    }
}

impl Pace {
    /// Returns how long it is from one run to the next one.
    pub(crate) fn interval(&self, status: HealthStatus) -> Duration {
        let by_itself = if status == HealthStatus::Error { self.interval_when_down } else { self.interval };
        self.on_demand.unwrap_or(by_itself)
    }

    /// Returns how old a result may be before it says nothing any more.
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
