//! The lag of the tokio runtime.
//!
//! A task that blocks its thread delays all other tasks. The delay is visible as the lateness of a timer.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::probe::{HealthProbe, ProbeFuture, result::ProbeResult};

/// Measures how much later than requested a short sleep wakes up, and warns if the lag is too long. Publishes `lag_ms`.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use monitor_kit::health::{Probe, RuntimeProbe};
///
/// let probe = Probe::new("runtime", RuntimeProbe::new().warn_above(Duration::from_millis(50)));
/// ```
#[derive(Clone, Debug)]
pub struct RuntimeProbe {
    warn_above: Duration,
}

impl RuntimeProbe {
    /// Creates a probe of the runtime it runs on.
    #[must_use]
    pub fn new() -> Self {
        Self { warn_above: Duration::from_millis(100) }
    }

    /// Sets the lag above which the probe warns. Defaults to 100 ms.
    #[must_use]
    pub fn warn_above(mut self, lag: Duration) -> Self {
        self.warn_above = lag;
        self
    }
}

impl Default for RuntimeProbe {
    fn default() -> Self {
        Self::new()
    }
}

impl HealthProbe for RuntimeProbe {
    fn check(&self) -> ProbeFuture<'_> {
        Box::pin(async {
            let begun = Instant::now();
            sleep(NAP).await;
            let lag = begun.elapsed().saturating_sub(NAP);
            let milliseconds = u64::try_from(lag.as_millis()).unwrap_or(u64::MAX);
            let result = if lag > self.warn_above {
                ProbeResult::warning(format!("Tasks wait for {milliseconds} ms"))
            } else {
                ProbeResult::ok()
            };
            result.value("lag_ms", milliseconds)
        })
    }
}

const NAP: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use monitor_core::HealthStatus;

    #[tokio::test]
    async fn a_task_that_blocks_makes_the_others_wait() {
        let blocking = tokio::spawn(async {
            sleep(Duration::from_millis(1)).await;
            thread::sleep(Duration::from_millis(300));
        });
        let result = RuntimeProbe::new().check().await;
        assert_eq!(result.status(), HealthStatus::Warning, "{result:?}");
        assert!(result.values()["lag_ms"].as_u64().unwrap() >= 200, "{result:?}");
        blocking.await.unwrap();
        let result = RuntimeProbe::new().warn_above(Duration::from_secs(60)).check().await;
        assert_eq!((result.status(), result.message()), (HealthStatus::Ok, ""));
    }
}
