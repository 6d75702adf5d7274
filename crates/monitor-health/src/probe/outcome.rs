//! What a probe found.

use std::error::Error;

use monitor_core::HealthStatus;
use serde_json::{Map, Value};

/// What a probe found: how well the thing is, what strangers may read of it, and what only the log may.
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

/// How well something is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_enums, reason = "the three levels of the health body")]
pub enum Level {
    /// All is well.
    Ok,
    /// It works, but somebody should look.
    Warning,
    /// It does not work.
    Error,
}

impl Outcome {
    /// All is well.
    pub fn ok() -> Self {
        Self::new(Level::Ok, String::new())
    }

    /// It works, but somebody should look. The message is published.
    pub fn warning(message: impl Into<String>) -> Self {
        Self::new(Level::Warning, message.into())
    }

    /// It does not work. The message is published.
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Level::Error, message.into())
    }

    /// Adds a value to publish, such as `free_gb`.
    pub fn value(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.values.insert(name.into(), value.into());
        self
    }

    /// Sets the error behind it. It goes to the log and to reporters, redacted, and to no caller.
    pub fn source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Makes an error count at once, as a refused connection does: there is no doubt that would pass. One that is not
    /// decisive is a warning until it was seen [as often as it takes](crate::Probe::failure_threshold).
    pub fn decisive(mut self) -> Self {
        self.decisive = true;
        self
    }

    /// Returns how well it is.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// Returns what strangers may read of it.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the values that are published.
    #[must_use]
    pub fn values(&self) -> &Map<String, Value> {
        &self.values
    }

    /// Returns whether an error counts at once.
    #[must_use]
    pub fn is_decisive(&self) -> bool {
        self.decisive
    }

    fn new(level: Level, message: String) -> Self {
        Self { level, message, values: Map::new(), source: None, decisive: false }
    }
}

impl Level {
    /// Returns the level as the health body has it.
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

/// Returns milliseconds with two decimals.
pub(crate) fn milliseconds(took: std::time::Duration) -> f64 {
    (took.as_secs_f64() * 1e5).round() / 100.0
}
