//! Extensions: parts of a program, such as alerts, that act on a monitor's signals and windows and persist their state.

pub(crate) mod worker;

use std::sync::Arc;

use crate::{
    base::error::{BoxError, BuildError},
    model::identity::Identity,
    monitor::Monitor,
    persist::durable::Durable,
    signal::{Signal, reporter::Reporter},
};

/// A part of a program that acts on a monitor's signals and windows. Added by
/// [`MonitorBuilder::extend`](crate::MonitorBuilder::extend).
///
/// [`prepare`](Self::prepare) runs on the thread that builds the monitor. [`begin`](Self::begin),
/// [`signal`](Self::signal), [`second`](Self::second) and [`flush`](Self::flush) are called one at a time on a thread
/// of the extension's own, fed by a bounded queue. An extension that hangs, panics, fails or falls behind delays no
/// request and no other extension. Its errors, its panics and the signals it missed are counted in
/// [`names::DROPPED`](crate::names::DROPPED) under its name.
///
/// An extension must not keep a clone of the monitor: that would never end. [`Monitor::downgrade`] returns a handle
/// that it may keep.
///
/// # Example
///
/// ```
/// use monitor_kit::{BoxError, Extension, Monitor, traffic::Lookback};
///
/// /// Prints the error ratio of the last minute whenever it exceeds 5 %.
/// struct Ratio;
///
/// impl Extension for Ratio {
///     fn name(&self) -> &str {
///         "ratio"
///     }
///
///     fn second(&mut self, monitor: &Monitor) -> Result<(), BoxError> {
///         let recent = monitor.traffic().map(|traffic| traffic.recent(Lookback::Minutes(1)));
///         if let Some(ratio) = recent.and_then(|recent| recent.total.error_ratio()).filter(|ratio| *ratio > 0.05) {
///             println!("{:.0} % of the requests fail", ratio * 100.0);
///         }
///         Ok(())
///     }
/// }
///
/// let monitor = Monitor::builder("shop").extend(Ratio).build()?;
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
pub trait Extension: Send + 'static {
    /// Returns the extension's name, used as the `reporter` label of its drop counters.
    fn name(&self) -> &str;

    /// Checks the settings, and returns the state that the monitor persists for this extension. Called once by
    /// [`MonitorBuilder::build`](crate::MonitorBuilder::build), before the store is loaded.
    ///
    /// # Errors
    ///
    /// Returns an error if a setting cannot work. The monitor is then not built.
    fn prepare(&mut self, identity: &Identity) -> Result<Option<Arc<dyn Durable>>, BuildError> {
        let _ = identity;
        Ok(None)
    }

    /// Called once, when the monitor is built and the stored state is merged, and before the first signal.
    ///
    /// # Errors
    ///
    /// Returns an error if the extension cannot begin. It is counted, and the extension still receives signals.
    fn begin(&mut self, monitor: &Monitor) -> Result<(), BoxError> {
        let _ = monitor;
        Ok(())
    }

    /// Acts on one signal.
    ///
    /// # Errors
    ///
    /// Returns an error if the signal was lost. It is counted, and not retried.
    fn signal(&mut self, signal: &Signal) -> Result<(), BoxError> {
        let _ = signal;
        Ok(())
    }

    /// Called once a second, after the windows were sampled. Seconds that pass while an earlier one waits in the queue
    /// are skipped.
    ///
    /// # Errors
    ///
    /// Returns an error if something was lost. It is counted.
    fn second(&mut self, monitor: &Monitor) -> Result<(), BoxError> {
        let _ = monitor;
        Ok(())
    }

    /// Finishes pending work. Called by [`Monitor::flush`], and before the extension is dropped.
    ///
    /// # Errors
    ///
    /// Returns an error if something was lost. It is counted.
    fn flush(&mut self) -> Result<(), BoxError> {
        Ok(())
    }
}

/// A reporter, as an extension that acts on signals only.
pub(crate) struct ReporterExtension(pub(crate) Box<dyn Reporter>);

impl Extension for ReporterExtension {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn signal(&mut self, signal: &Signal) -> Result<(), BoxError> {
        self.0.report(signal)
    }

    fn flush(&mut self) -> Result<(), BoxError> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests;
