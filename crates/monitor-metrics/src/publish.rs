//! Publication to recorders of the `metrics` facade.

use std::{ops::ControlFlow, sync::Arc};

use metrics::Recorder;
use monitor_core::Monitor;

use crate::bridge::Bridge;

/// Publishes the metrics of `monitor` to the global recorder, once a second until the monitor is dropped, and once more
/// in [`Monitor::shutdown`].
///
/// The recorder is looked up each time, so it may be installed later. It belongs to the first monitor of the process
/// that asks for it; for any other, this function logs a warning and publishes nothing. Does nothing if the monitor is
/// disabled.
pub fn publish(monitor: &Monitor) {
    match Bridge::global(monitor) {
        Some(bridge) => every_second(monitor, bridge),
        None if monitor.is_enabled() => tracing::warn!(
            target: "monitor",
            "the global metrics recorder holds the numbers of another monitor, so this one publishes nothing there: \
             give it a recorder of its own with metrics::publish_to"
        ),
        None => {}
    }
}

/// Publishes the metrics of `monitor` to `recorder`, once a second until the monitor is dropped, and once more in
/// [`Monitor::shutdown`].
///
/// # Example
///
/// ```
/// use metrics::NoopRecorder;
/// use monitor_kit::Monitor;
///
/// let monitor = Monitor::builder("shop").build()?;
/// monitor_kit::metrics::publish_to(&monitor, NoopRecorder);
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
pub fn publish_to(monitor: &Monitor, recorder: impl Recorder + Send + Sync + 'static) {
    every_second(monitor, Arc::new(Bridge::to(recorder)));
}

fn every_second(monitor: &Monitor, bridge: Arc<Bridge>) {
    monitor.every_second(move |monitor| {
        bridge.publish(monitor);
        ControlFlow::Continue(())
    });
}
