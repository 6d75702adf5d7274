//! A failure as data: the type and message of an error or panic, its causes, and the place of its capture.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::type_names::Cause;
use crate::model::{code_location::CodeLocation, level::Level};

/// A failure as data: the type and message of an error or panic, its causes, and the place of its capture.
///
/// # Example
///
/// ```
/// use monitor_kit::{EventKind, Failure};
///
/// let error = "x".parse::<u8>().expect_err("not a number");
/// let failure = Failure::new(EventKind::Error, &error);
/// assert_eq!(failure.type_name, "core::num::error::ParseIntError");
/// assert_eq!(failure.message, "invalid digit found in string");
/// ```
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Failure {
    /// Kind of failure.
    pub kind: EventKind,
    /// `true` if the program handled it. A panic and a bare 5xx are not handled.
    pub handled: bool,
    /// Severity.
    pub level: Level,
    /// Type of the error; `panic` for a panic, the status code for a bare 5xx.
    #[serde(rename = "type")]
    pub type_name: Cow<'static, str>,
    /// Message of the error.
    pub message: String,
    /// Causes of the error, the direct cause first.
    pub chain: Vec<Cause>,
    /// Location in the source, if known.
    pub location: Option<CodeLocation>,
}

/// The kind of failure an event describes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// A panic.
    Panic,
    /// An error captured or attached by the program.
    Error,
    /// An error that a service returned instead of a response.
    #[serde(alias = "inner_error")]
    ServiceError,
    /// An error of a response body, after the head was sent.
    BodyError,
    /// A response with status 500 or above, or a failed gRPC call, without any error captured in its scope.
    Status,
    /// A message captured by the program.
    Message,
}

// === impl Failure ===

impl Failure {
    /// Creates a failure without an error value, such as a message of the log: not handled, at level ERROR, without
    /// causes and location.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::{CodeLocation, EventKind, Failure, Level};
    ///
    /// let mut failure = Failure::of_text(EventKind::Message, "mailer", "no subscribers left");
    /// failure.level = Level::Warn;
    /// failure.location = Some(CodeLocation::of_line("src/mailer.rs", 31));
    /// assert_eq!(failure.location.map(|location| location.to_string()).as_deref(), Some("src/mailer.rs:31"));
    /// ```
    #[must_use]
    pub fn of_text(kind: EventKind, type_name: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            kind,
            handled: false,
            level: Level::Error,
            type_name: type_name.into(),
            message: message.into(),
            chain: Vec::new(),
            location: None,
        }
    }

    /// Returns the type names of the error and its causes.
    pub(crate) fn types(&self) -> impl Iterator<Item = &str> {
        [&*self.type_name].into_iter().chain(self.chain.iter().map(|cause| &*cause.type_name))
    }
}

// === impl EventKind ===

impl EventKind {
    /// All kinds, in counting order.
    pub const ALL: &'static [Self] =
        &[Self::Panic, Self::Error, Self::ServiceError, Self::BodyError, Self::Status, Self::Message];

    /// Returns the label of this kind.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Panic => "panic",
            Self::Error => "error",
            Self::ServiceError => "service_error",
            Self::BodyError => "body_error",
            Self::Status => "status",
            Self::Message => "message",
        }
    }

    /// Returns the plural of this kind, as [`Grouping`](super::Grouping) writes it.
    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Self::Panic => "panics",
            Self::Error => "errors",
            Self::ServiceError => "errors returned instead of a response",
            Self::BodyError => "errors of a response body",
            Self::Status => "failures without a captured error",
            Self::Message => "messages",
        }
    }
}
