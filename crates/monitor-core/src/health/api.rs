//! What a monitor offers of health.

use std::sync::{Arc, PoisonError};

use super::HealthReading;
use crate::monitor::Monitor;

impl Monitor {
    /// Says where health is read whenever somebody asks for it, such as a scrape. Of several the last one counts.
    ///
    /// `source` must not wait for anything, and returns `None` once there is nothing to read any more.
    pub fn show_health(&self, source: impl Fn() -> Option<HealthReading> + Send + Sync + 'static) {
        if let Some(inner) = self.inner() {
            *inner.shared.health.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(source));
        }
    }

    /// Returns how well the service is now; `None` where nobody probes it.
    #[must_use]
    pub fn health(&self) -> Option<HealthReading> {
        self.inner()?.shared.health.read()
    }
}
