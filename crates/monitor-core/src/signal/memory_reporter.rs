//! A reporter that stores signals in memory, for tests.

use std::{
    error::Error,
    sync::{Arc, Mutex, PoisonError},
};

use super::{Signal, reporter::Reporter};
use crate::event::ErrorEvent;

/// Stores every signal in memory. For tests; needs the feature `test-util`.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use monitor_kit::{Level, MemoryReporter, Monitor};
///
/// let memory = MemoryReporter::new();
/// let monitor = Monitor::builder("shop").reporter(memory.clone()).build()?;
/// monitor.capture_message("out of stock", Level::Error);
/// assert!(monitor.flush(Duration::from_secs(5)));
/// assert_eq!(memory.events()[0].failure.message, "out of stock");
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryReporter(Arc<Mutex<Vec<Signal>>>);

impl MemoryReporter {
    /// Creates a reporter without signals.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns all signals so far.
    #[must_use]
    pub fn signals(&self) -> Vec<Signal> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns all error events so far.
    #[must_use]
    pub fn events(&self) -> Vec<Arc<ErrorEvent>> {
        let errors = self.signals().into_iter().filter_map(|signal| match signal {
            Signal::Error(event) => Some(event),
            _ => None,
        });
        errors.collect()
    }
}

impl Reporter for MemoryReporter {
    fn name(&self) -> &str {
        "memory"
    }

    fn report(&mut self, signal: &Signal) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(signal.clone());
        Ok(())
    }
}
