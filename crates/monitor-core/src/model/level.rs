//! Severity of an event.

use serde::{Deserialize, Serialize};

/// Severity of an event.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "the levels of tracing and of Sentry; there will be no others")]
pub enum Level {
    /// Details for developers.
    Debug,
    /// Normal operation.
    Info,
    /// A problem that is not a failure.
    Warn,
    /// A failure.
    Error,
}

impl Level {
    /// Returns the level in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}
