//! Methods of the monitor for health.

use super::HealthReading;
use crate::monitor::Monitor;

impl Monitor {
    /// Sets the source of health readings, which is called for each scrape and each [`health`](Self::health). A later
    /// call replaces the source.
    ///
    /// `source` must not block. It returns `None` once its probes are gone. monitor-health sets one for the monitor of
    /// its builder.
    ///
    /// # Example: readings without monitor-health
    ///
    /// ```
    /// use monitor_kit::{Monitor, health::HealthReading};
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// monitor.show_health(|| Some(HealthReading { is_ready: true, ..HealthReading::default() }));
    /// assert!(monitor.health().is_some_and(|health| health.is_ready));
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    pub fn show_health(&self, source: impl Fn() -> Option<HealthReading> + Send + Sync + 'static) {
        if let Some(inner) = self.inner() {
            inner.shared.health.set(source);
        }
    }

    /// Returns the current health, or `None` without a source.
    #[must_use]
    pub fn health(&self) -> Option<HealthReading> {
        self.inner()?.shared.health.read()
    }
}
