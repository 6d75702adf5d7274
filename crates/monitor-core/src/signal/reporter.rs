//! Reporters: they take signals and tell somebody.
//!
//! Each has its own thread and bounded queue. One that hangs, panics, fails or fills up delays no other and changes no
//! response; what it did not take is counted in [`names::DROPPED`](crate::names::DROPPED).

use std::{
    error::Error,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use super::Signal;
use crate::base::{
    drops::{DropCounter, DropReason},
    queue::{Handler, Queue},
    unwind,
};

/// Takes signals, one after another, on a thread of its own.
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
    /// Returns the name under which it is counted what this reporter did not take.
    fn name(&self) -> &str;

    /// Takes a signal.
    ///
    /// # Errors
    ///
    /// When the signal could not be told. It is counted and not told again.
    fn report(&mut self, signal: &Signal) -> Result<(), Box<dyn Error + Send + Sync>>;

    /// Sends whatever is kept back. Called on [`Monitor::flush`](crate::Monitor::flush) and at the end.
    ///
    /// # Errors
    ///
    /// When it could not be sent.
    fn flush(&mut self) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(())
    }
}

/// A reporter made of a name and a function. Made by [`MonitorBuilder::reporter_fn`].
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

/// The queues of all reporters.
#[derive(Debug)]
pub(crate) struct Reporters(pub(crate) Vec<Queue<Arc<Signal>>>);

impl Reporters {
    pub(crate) fn publish(&self, signal: impl Into<Signal>) {
        let signal = Arc::new(signal.into());
        for outlet in &self.0 {
            outlet.push(Arc::clone(&signal));
        }
    }
}

/// Keeps a reporter's errors and panics to itself.
pub(crate) struct ReporterWorker {
    pub(crate) reporter: Box<dyn Reporter>,
    pub(crate) drops: Arc<DropCounter>,
}

impl ReporterWorker {
    fn run(&mut self, f: impl FnOnce(&mut dyn Reporter) -> Result<(), Box<dyn Error + Send + Sync>>) {
        match catch_unwind(AssertUnwindSafe(|| f(&mut *self.reporter))) {
            Ok(Ok(())) => {}
            Ok(Err(_)) => self.drops.count(DropReason::Failed),
            Err(payload) => {
                unwind::drop_payload(payload);
                self.drops.count(DropReason::Panicked);
            }
        }
    }
}

impl Handler<Arc<Signal>> for ReporterWorker {
    fn handle(&mut self, signal: Arc<Signal>) {
        self.run(|reporter| reporter.report(&signal));
    }

    fn flush(&mut self) {
        self.run(|reporter| reporter.flush());
    }
}
