//! [`MetricSettings`]: measurements beyond the default ones.

use crate::traffic::Measured;

/// Measurements beyond the default ones. Each adds series to the metrics, so each is off by default.
///
/// # Example
///
/// ```
/// use monitor_kit::{MetricSettings, Monitor};
///
/// let metrics = MetricSettings::new().time_to_first_byte(true);
/// let monitor = Monitor::builder("shop").metrics(metrics).build()?;
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct MetricSettings {
    pub(super) measured: Measured,
}

// === impl MetricSettings ===

impl MetricSettings {
    /// Returns the default settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Measures the time to the first byte of each response, as [`names::TIME_TO_FIRST_BYTE`]. Useful for streams,
    /// which are answered early and end late: their duration does not tell a slow start from a long stream. Defaults to
    /// `false`.
    ///
    /// [`names::TIME_TO_FIRST_BYTE`]: crate::names::TIME_TO_FIRST_BYTE
    pub fn time_to_first_byte(mut self, on: bool) -> Self {
        self.measured.first_byte = on;
        self
    }

    /// Measures the size of each response body in bytes, as [`names::RESPONSE_BODY_SIZE`]. Defaults to `false`.
    ///
    /// [`names::RESPONSE_BODY_SIZE`]: crate::names::RESPONSE_BODY_SIZE
    pub fn response_body_size(mut self, on: bool) -> Self {
        self.measured.body_size = on;
        self
    }
}
