//! One captured failure as data.

use std::{fmt, sync::Arc, time::SystemTime};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Fingerprint, Level, Redaction, clock, identity::Identity, scope::ScopeRecord};

/// One captured failure, redacted, with all that was known at the time.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ErrorEvent {
    /// Identifies this event.
    pub id: Uuid,
    /// When it was captured.
    pub at: SystemTime,
    /// What kind of failure.
    pub kind: EventKind,
    /// Whether the program dealt with it. A panic or a bare 5xx is not handled.
    pub handled: bool,
    /// How serious it is.
    pub level: Level,
    /// The error's type, `panic` for a panic, the status code for a bare 5xx.
    pub type_name: String,
    /// What it says.
    pub message: String,
    /// What caused it, the direct cause first.
    pub chain: Vec<String>,
    /// Where it happened, where known.
    pub location: Option<CodeLocation>,
    /// How it came there, the innermost frame first; empty when no backtrace was taken.
    pub backtrace: Vec<Frame>,
    /// The thread's name; empty when it has none.
    pub thread: String,
    /// The scope it happened in.
    pub scope: ScopeRecord,
    /// Service, release and environment.
    pub identity: Arc<Identity>,
    /// Which issue it belongs to.
    pub fingerprint: Fingerprint,
}

/// What kind of failure an event is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum EventKind {
    /// A panic.
    Panic,
    /// An error captured or attached by the program.
    Error,
    /// An error a service returned instead of a response.
    InnerError,
    /// An error of a response body, after the head was sent.
    BodyError,
    /// A response of 500 or above, or a failed gRPC call, with nothing captured in its scope.
    Status,
    /// A message captured by the program.
    Message,
}

/// A place in the source.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct CodeLocation {
    /// The file as the compiler was given it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1; 0 where it is not known.
    pub column: u32,
}

/// One frame of a backtrace.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Frame {
    /// The function.
    pub function: String,
    /// Where in it, where known.
    pub location: Option<CodeLocation>,
}

// === impl ErrorEvent ===

impl ErrorEvent {
    /// Returns the event as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "event_id": self.id.to_string(),
            "timestamp": clock::rfc3339(self.at),
            "kind": self.kind.as_str(),
            "handled": self.handled,
            "level": self.level.as_str(),
            "type": self.type_name,
            "message": self.message,
            "chain": self.chain,
            "location": self.location.as_ref().map(ToString::to_string),
            "backtrace": self.backtrace.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "thread": self.thread,
            "scope": self.scope.to_json(),
            "service": self.identity.service(),
            "release": self.identity.release(),
            "environment": self.identity.environment(),
            "fingerprint": self.fingerprint.to_string(),
        })
    }

    pub(crate) fn redact(&mut self, redaction: &Redaction, raw_paths: bool) {
        self.message = redaction.text(&self.message).into_owned();
        for cause in &mut self.chain {
            *cause = redaction.text(cause).into_owned();
        }
        self.scope.redact(redaction, raw_paths);
    }
}

// === impl EventKind ===

impl EventKind {
    /// All kinds, in the order in which they are counted.
    pub const ALL: [Self; 6] =
        [Self::Panic, Self::Error, Self::InnerError, Self::BodyError, Self::Status, Self::Message];

    /// Returns the label of this kind.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Panic => "panic",
            Self::Error => "error",
            Self::InnerError => "inner_error",
            Self::BodyError => "body_error",
            Self::Status => "status",
            Self::Message => "message",
        }
    }
}

impl CodeLocation {
    /// Creates the place of a line whose column is not known.
    #[must_use]
    pub fn of_line(file: impl Into<String>, line: u32) -> Self {
        Self { file: file.into(), line, column: 0 }
    }
}

impl fmt::Display for CodeLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column {
            0 => write!(f, "{}:{}", self.file, self.line),
            column => write!(f, "{}:{}:{column}", self.file, self.line),
        }
    }
}

impl From<&std::panic::Location<'_>> for CodeLocation {
    fn from(location: &std::panic::Location<'_>) -> Self {
        Self { file: location.file().to_owned(), line: location.line(), column: location.column() }
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.location {
            Some(location) => write!(f, "{} at {location}", self.function),
            None => f.write_str(&self.function),
        }
    }
}
