//! Reporters: they receive signals and pass them on, to a log, a pager or a service.
//!
//! Each has its own thread and bounded queue. A reporter that hangs, panics, fails or falls behind delays no other
//! reporter and no request; signals it missed are counted in [`names::DROPPED`](crate::names::DROPPED).

use std::error::Error;

use super::Signal;

/// Receives signals, one after another, on a thread of its own.
///
/// # Example
///
/// ```
/// use monitor_kit::{Monitor, Reporter, Signal};
///
/// struct Pager;
///
/// impl Reporter for Pager {
///     fn name(&self) -> &str {
///         "pager"
///     }
///
///     fn report(&mut self, signal: &Signal) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
///         if let Signal::IssueOpened(issue) = signal {
///             page(&format!("{}: {}", issue.type_name, issue.message))?;
///         }
///         Ok(())
///     }
/// }
/// # fn page(_: &str) -> Result<(), std::io::Error> { Ok(()) }
///
/// let monitor = Monitor::builder("shop").reporter(Pager).build()?;
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
pub trait Reporter: Send + 'static {
    /// Returns the reporter's name, used as the `reporter` label of dropped-signal counters.
    fn name(&self) -> &str;

    /// Reports one signal.
    ///
    /// # Errors
    ///
    /// Returns an error if the signal could not be reported. It is counted, and not retried.
    fn report(&mut self, signal: &Signal) -> Result<(), Box<dyn Error + Send + Sync>>;

    /// Sends buffered data. Called on [`Monitor::flush`](crate::Monitor::flush) and at the end.
    ///
    /// # Errors
    ///
    /// Returns an error if the data could not be sent.
    fn flush(&mut self) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(())
    }
}

/// A reporter that calls a function. Made by [`MonitorBuilder::reporter_fn`].
///
/// [`MonitorBuilder::reporter_fn`]: crate::MonitorBuilder::reporter_fn
pub(crate) struct FnReporter<F> {
    pub(crate) name: String,
    pub(crate) report: F,
}

impl<F: FnMut(&Signal) + Send + 'static> Reporter for FnReporter<F> {
    fn name(&self) -> &str {
        &self.name
    }

    fn report(&mut self, signal: &Signal) -> Result<(), Box<dyn Error + Send + Sync>> {
        (self.report)(signal);
        Ok(())
    }
}
