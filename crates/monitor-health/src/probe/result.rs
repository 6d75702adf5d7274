//! The result of one run of a probe.

use std::error::Error;

use monitor_core::HealthStatus;
use serde_json::{Map, Value};

/// The result of a probe: a status, a message and values that are published, and an error that goes to the log only.
///
/// # Example
///
/// ```
/// use monitor_kit::health::ProbeResult;
///
/// fn look(queue: Result<u64, std::io::Error>) -> ProbeResult {
///     match queue {
///         Ok(waiting) => ProbeResult::ok().value("waiting", waiting),
///         Err(error) => ProbeResult::error("queue unreachable").source(error),
///     }
/// }
/// # look(Ok(1));
/// ```
#[derive(Debug)]
#[must_use]
pub struct ProbeResult {
    pub(crate) status: HealthStatus,
    pub(crate) message: String,
    pub(crate) values: Map<String, Value>,
    pub(crate) source: Option<Box<dyn Error + Send + Sync>>,
    pub(crate) decisive: bool,
}

impl ProbeResult {
    /// Creates a result without a problem.
    pub fn ok() -> Self {
        Self::new(HealthStatus::Ok, String::new())
    }

    /// Creates a result for a dependency that works, but needs attention. The message is published.
    pub fn warning(message: impl Into<String>) -> Self {
        Self::new(HealthStatus::Warning, message.into())
    }

    /// Creates a result for a dependency that does not work. The message is published.
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(HealthStatus::Error, message.into())
    }

    /// Adds a value to publish, such as `free_gb`.
    pub fn value(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.values.insert(name.into(), value.into());
        self
    }

    /// Sets the error behind the result. It is redacted, goes to the log and to reporters, and is never published.
    pub fn source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Makes an error count at once, for a failure that leaves no doubt, such as a refused connection. Any other error
    /// is a warning until the [failure threshold](crate::Probe::failure_threshold) is reached.
    ///
    /// # Example
    ///
    /// ```
    /// use std::io::{Error, ErrorKind};
    /// use monitor_kit::health::ProbeResult;
    ///
    /// fn failed(error: Error) -> ProbeResult {
    ///     let is_certain = error.kind() == ErrorKind::ConnectionRefused;
    ///     let result = ProbeResult::error("Queue unreachable").source(error);
    ///     if is_certain { result.decisive() } else { result }
    /// }
    /// assert!(failed(ErrorKind::ConnectionRefused.into()).is_decisive());
    /// assert!(!failed(ErrorKind::TimedOut.into()).is_decisive());
    /// ```
    pub fn decisive(mut self) -> Self {
        self.decisive = true;
        self
    }

    /// Returns the status: [`Ok`](HealthStatus::Ok), [`Warning`](HealthStatus::Warning) or
    /// [`Error`](HealthStatus::Error).
    #[must_use]
    pub fn status(&self) -> HealthStatus {
        self.status
    }

    /// Returns the published message; empty if there is none.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the published values.
    #[must_use]
    pub fn values(&self) -> &Map<String, Value> {
        &self.values
    }

    /// Returns whether an error counts at once, without the failure threshold.
    #[must_use]
    pub fn is_decisive(&self) -> bool {
        self.decisive
    }

    fn new(status: HealthStatus, message: String) -> Self {
        Self { status, message, values: Map::new(), source: None, decisive: false }
    }
}

/// Returns the duration in milliseconds, rounded to two decimals.
pub(crate) fn milliseconds(took: std::time::Duration) -> f64 {
    (took.as_secs_f64() * 1e5).round() / 100.0
}
