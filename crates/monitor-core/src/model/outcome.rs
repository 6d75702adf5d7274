//! How a request ended, and what is said of it when it failed.

use super::grpc_code::GrpcCode;

/// How a request ended. Every request has exactly one.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// The whole response went out, whatever its status.
    Completed,
    /// The service returned an error instead of a response.
    ServiceError,
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
        Self::ServiceError,
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
            Self::ServiceError => "service_error",
            Self::Panic => "panic",
            Self::PanicInBody => "panic_in_body",
            Self::Cancelled => "cancelled",
            Self::BodyAborted => "body_aborted",
            Self::BodyError => "body_error",
            Self::Upgraded => "upgraded",
            Self::Refused => "refused",
        }
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

/// How a request ended: its outcome, its HTTP status, and the gRPC status of a call.
///
/// # Example
///
/// ```
/// use monitor_kit::{FinalStatus, ErrorType, GrpcCode, Outcome};
///
/// assert_eq!(FinalStatus::new(Outcome::Completed, 503).error_type(), Some(ErrorType::Status(503)));
/// assert_eq!(FinalStatus::new(Outcome::Completed, 404).error_type(), None);
/// assert_eq!(FinalStatus::new(Outcome::PanicInBody, 200).error_type(), Some(ErrorType::PanicInBody));
/// let call = FinalStatus::new(Outcome::Completed, 200).grpc(GrpcCode::Internal);
/// assert_eq!(call.error_type(), Some(ErrorType::Grpc(GrpcCode::Internal)));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct FinalStatus {
    /// How it ended.
    pub outcome: Outcome,
    /// The response's status code.
    pub status: u16,
    /// The status of a gRPC call, where it is known.
    pub grpc: Option<GrpcCode>,
}

impl FinalStatus {
    /// Creates the end of a request that is no gRPC call.
    #[must_use]
    pub const fn new(outcome: Outcome, status: u16) -> Self {
        Self { outcome, status, grpc: None }
    }

    /// Adds the status of a gRPC call, where it is known.
    #[must_use]
    pub fn grpc(mut self, code: impl Into<Option<GrpcCode>>) -> Self {
        self.grpc = code.into();
        self
    }

    /// Returns what failed, or `None` where nothing did.
    #[must_use]
    pub const fn error_type(self) -> Option<ErrorType> {
        match (self.outcome, self.grpc) {
            (Outcome::Completed, Some(code)) if code.is_failure() => Some(ErrorType::Grpc(code)),
            (Outcome::Completed, _) if self.status >= 500 => Some(ErrorType::Status(self.status)),
            (Outcome::ServiceError, _) => Some(ErrorType::ServiceError),
            (Outcome::Panic, _) => Some(ErrorType::Panic),
            (Outcome::PanicInBody, _) => Some(ErrorType::PanicInBody),
            (Outcome::BodyError, _) => Some(ErrorType::BodyError),
            (
                Outcome::Completed | Outcome::Cancelled | Outcome::BodyAborted | Outcome::Upgraded | Outcome::Refused,
                _,
            ) => None,
        }
    }
}

/// What failed: a closed set, fit for a label.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ErrorType {
    /// A response with this status of 500 or above.
    Status(u16),
    /// A gRPC call with this status.
    Grpc(GrpcCode),
    /// A panic before the head.
    Panic,
    /// A panic in the body.
    PanicInBody,
    /// An error instead of a response.
    ServiceError,
    /// An error in the body.
    BodyError,
}

impl ErrorType {
    /// Returns the label of this error type.
    #[must_use]
    pub fn label(self) -> String {
        match self {
            Self::Status(status) => status.to_string(),
            Self::Grpc(code) => code.as_str().to_owned(),
            Self::Panic => String::from("panic"),
            Self::PanicInBody => String::from("panic_in_body"),
            Self::ServiceError => String::from("service_error"),
            Self::BodyError => String::from("body_error"),
        }
    }
}
