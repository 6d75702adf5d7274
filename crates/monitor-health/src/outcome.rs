//! What a probe found.

use std::error::Error;

use serde_json::{Map, Value};

/// What a probe found: how well the thing is, what strangers may read of it, and what only the log may.
///
/// # Example
///
/// ```
/// use monitor_health::Outcome;
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

    /// Sets the error behind it. It goes to the log, redacted, and nowhere else.
    pub fn source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Returns how well it is.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    fn new(level: Level, message: String) -> Self {
        Self { level, message, values: Map::new(), source: None }
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
