//! Methods of the monitor for health.

use std::sync::{Arc, PoisonError};

use super::HealthReading;
use crate::monitor::Monitor;

impl Monitor {
    /// Sets the source of health readings, which is called for each scrape and each [`health`](Self::health). A later
    /// call replaces the source.
    ///
    /// `source` must not block. It returns `None` once its probes are gone.
    pub fn show_health(&self, source: impl Fn() -> Option<HealthReading> + Send + Sync + 'static) {
        if let Some(inner) = self.inner() {
            *inner.shared.health.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(source));
        }
    }

    /// Returns the current health, or `None` without a source.
    #[must_use]
    pub fn health(&self) -> Option<HealthReading> {
        self.inner()?.shared.health.read()
    }
}
