//! Probes: one health check each, with its settings.

use std::{fmt, future::poll_fn, pin::Pin, sync::Arc, task::Poll, time::Duration};

use monitor_core::panic::{self, Caught};

use crate::Outcome;

/// The future of a probe.
pub type ProbeFuture<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// Looks after one thing. Any closure that returns a future of an [`Outcome`] is one.
///
/// # Example
///
/// ```
/// use monitor_health::{HealthProbe, Outcome, Probe, ProbeFuture};
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
    /// Looks once.
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

/// A health check and its settings.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use monitor_health::{Outcome, Probe};
///
/// let probe = Probe::new("cache", || async { Outcome::ok() }).critical().timeout(Duration::from_millis(500));
/// ```
#[derive(Clone)]
#[must_use]
pub struct Probe {
    pub(crate) name: String,
    pub(crate) check: Arc<dyn HealthProbe>,
    pub(crate) critical: bool,
    pub(crate) ready: bool,
    pub(crate) timeout: Duration,
}

impl Probe {
    /// Creates an optional probe called `name`, in small letters, digits, `_` and `-`.
    pub fn new(name: impl Into<String>, probe: impl HealthProbe) -> Self {
        Self { name: name.into(), check: Arc::new(probe), critical: false, ready: false, timeout: TIMEOUT }
    }

    /// Creates a probe of a function that blocks. It runs on the runtime's threads for such functions.
    pub fn blocking(name: impl Into<String>, probe: impl Fn() -> Outcome + Send + Sync + 'static) -> Self {
        let probe = Arc::new(probe);
        Self::new(name, move || {
            let probe = Arc::clone(&probe);
            async move {
                let looked = tokio::task::spawn_blocking(move || panic::catch(|| probe())).await;
                looked.map_or_else(|error| Outcome::error(PANICKED).source(error), caught)
            }
        })
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

    /// Sets how long to wait before the probe has failed. Defaults to two seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Looks once, in a task of its own: a panic or a time-out is an error like any other.
    pub(crate) async fn look(&self) -> Outcome {
        let check = Arc::clone(&self.check);
        let mut task = tokio::spawn(async move {
            let mut look = match panic::catch(|| check.check()) {
                Ok(look) => look,
                Err(panic) => return caught(Err(panic)),
            };
            // Caught here, it is not printed by the panic hook, which would not redact it.
            poll_fn(|cx| match panic::catch(|| look.as_mut().poll(cx)) {
                Ok(polled) => polled,
                Err(panic) => Poll::Ready(caught(Err(panic))),
            })
            .await
        });
        match tokio::time::timeout(self.timeout, &mut task).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => Outcome::error(PANICKED).source(error),
            Err(_) => {
                task.abort();
                Outcome::error(format!("no answer within {} ms", self.timeout.as_millis()))
            }
        }
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, check: _, critical, ready, timeout } = self;
        f.debug_struct("Probe")
            .field("name", name)
            .field("critical", critical)
            .field("ready", ready)
            .field("timeout", timeout)
            .finish_non_exhaustive()
    }
}

fn caught(looked: Result<Outcome, Caught>) -> Outcome {
    looked.unwrap_or_else(|caught| {
        let source = caught.message();
        caught.dispose();
        Outcome::error(PANICKED).source(source)
    })
}

const TIMEOUT: Duration = Duration::from_secs(2);

/// What is published of a panic: nothing of what it says.
const PANICKED: &str = "probe panicked";
