//! How a request ended, and what is said of it when it failed.

/// How a request ended. Every request has exactly one.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// The whole response went out, whatever its status.
    Completed,
    /// The service returned an error instead of a response.
    InnerError,
    /// The service panicked before there was a response.
    Panic,
    /// The response body panicked after the head was sent.
    PanicInBody,
    /// The client left before the head.
    Cancelled,
    /// The body was dropped before its end.
    BodyAborted,
    /// The body returned an error.
    BodyError,
    /// The connection was handed over to another protocol.
    Upgraded,
    /// The request was refused before it reached the service.
    Refused,
}

impl Outcome {
    /// All outcomes, in the order in which they are counted.
    pub const ALL: [Self; 9] = [
        Self::Completed,
        Self::InnerError,
        Self::Panic,
        Self::PanicInBody,
        Self::Cancelled,
        Self::BodyAborted,
        Self::BodyError,
        Self::Upgraded,
        Self::Refused,
    ];

    /// Returns the label of this outcome.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::InnerError => "inner_error",
            Self::Panic => "panic",
            Self::PanicInBody => "panic_in_body",
            Self::Cancelled => "cancelled",
            Self::BodyAborted => "body_aborted",
            Self::BodyError => "body_error",
            Self::Upgraded => "upgraded",
            Self::Refused => "refused",
        }
    }

    /// Returns what failed, or `None` where nothing did.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_core::{ErrorType, Outcome};
    ///
    /// assert_eq!(Outcome::Completed.error_type(503), Some(ErrorType::Status(503)));
    /// assert_eq!(Outcome::Completed.error_type(404), None);
    /// assert_eq!(Outcome::PanicInBody.error_type(200), Some(ErrorType::PanicInBody));
    /// ```
    #[must_use]
    pub const fn error_type(self, status: u16) -> Option<ErrorType> {
        match self {
            Self::Completed if status >= 500 => Some(ErrorType::Status(status)),
            Self::InnerError => Some(ErrorType::InnerError),
            Self::Panic => Some(ErrorType::Panic),
            Self::PanicInBody => Some(ErrorType::PanicInBody),
            Self::BodyError => Some(ErrorType::BodyError),
            Self::Completed | Self::Cancelled | Self::BodyAborted | Self::Upgraded | Self::Refused => None,
        }
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

/// What failed: a closed set, fit for a label.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ErrorType {
    /// A response with this status of 500 or above.
    Status(u16),
    /// A panic before the head.
    Panic,
    /// A panic in the body.
    PanicInBody,
    /// An error instead of a response.
    InnerError,
    /// An error in the body.
    BodyError,
}

impl ErrorType {
    /// Returns the label of this error type.
    #[must_use]
    pub fn label(self) -> String {
        match self {
            Self::Status(status) => status.to_string(),
            Self::Panic => String::from("panic"),
            Self::PanicInBody => String::from("panic_in_body"),
            Self::InnerError => String::from("inner_error"),
            Self::BodyError => String::from("body_error"),
        }
    }
}
