//! The result of one run of a probe.

use std::error::Error;

use monitor_core::HealthStatus;
use serde_json::{Map, Value};

/// The result of a probe: a level, a message and values that are published, and an error that goes to the log only.
///
/// # Example
///
/// ```
/// use monitor_kit::health::Outcome;
///
/// fn look(queue: Result<u64, std::io::Error>) -> Outcome {
///     match queue {
///         Ok(waiting) => Outcome::ok().value("waiting", waiting),
///         Err(error) => Outcome::error("queue unreachable").source(error),
///     }
/// }
/// # look(Ok(1));
/// ```
#[derive(Debug)]
#[must_use]
pub struct Outcome {
    pub(crate) level: Level,
    pub(crate) message: String,
    pub(crate) values: Map<String, Value>,
    pub(crate) source: Option<Box<dyn Error + Send + Sync>>,
    pub(crate) decisive: bool,
}

/// The level of a result.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_enums, reason = "the three levels of the health body")]
pub enum Level {
    /// No problem was found.
    Ok,
    /// The dependency works, but needs attention.
    Warning,
    /// The dependency does not work.
    Error,
}

impl Outcome {
    /// Creates a result without a problem.
    pub fn ok() -> Self {
        Self::new(Level::Ok, String::new())
    }

    /// Creates a result for a dependency that works, but needs attention. The message is published.
    pub fn warning(message: impl Into<String>) -> Self {
        Self::new(Level::Warning, message.into())
    }

    /// Creates a result for a dependency that does not work. The message is published.
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Level::Error, message.into())
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
    pub fn decisive(mut self) -> Self {
        self.decisive = true;
        self
    }

    /// Returns the level.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
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

    fn new(level: Level, message: String) -> Self {
        Self { level, message, values: Map::new(), source: None, decisive: false }
    }
}

impl Level {
    /// Returns the level's name in the health body: `ok`, `warning` or `error`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl From<Level> for HealthStatus {
    fn from(level: Level) -> Self {
        match level {
            Level::Ok => Self::Ok,
            Level::Warning => Self::Warning,
            Level::Error => Self::Error,
        }
    }
}

/// Returns the duration in milliseconds, rounded to two decimals.
pub(crate) fn milliseconds(took: std::time::Duration) -> f64 {
    (took.as_secs_f64() * 1e5).round() / 100.0
}
