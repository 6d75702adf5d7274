//! Methods of the monitor for the counts of alerts.

use super::AlertCounts;
use crate::monitor::Monitor;

impl Monitor {
    /// Sets the source of the alerts' counts, which is called for each scrape and each
    /// [`alert_counts`](Self::alert_counts). It must not block. A later call replaces the source. monitor-alert sets
    /// one.
    // No example: monitor-alert calls it.
    pub fn show_alerts(&self, source: impl Fn() -> Vec<AlertCounts> + Send + Sync + 'static) {
        if let Some(inner) = self.inner() {
            inner.shared.alerts.set(move || Some(source()));
        }
    }

    /// Returns the counts of the alerts' notifications, by notifier. Empty without alerts.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::Monitor;
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// for counts in monitor.alert_counts() {
    ///     println!("{}: {} delivered, {} waiting", counts.notifier, counts.delivered, counts.waiting);
    /// }
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    #[must_use]
    pub fn alert_counts(&self) -> Vec<AlertCounts> {
        self.inner().and_then(|inner| inner.shared.alerts.read()).unwrap_or_default()
    }
}
