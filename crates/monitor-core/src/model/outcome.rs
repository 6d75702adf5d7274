//! Outcome of a request, and the classification of its failure.

use super::grpc_code::GrpcCode;

/// The outcome of a request. Every request has exactly one.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// The whole response was sent, whatever its status.
    Completed,
    /// The service returned an error instead of a response.
    ServiceError,
    /// The service panicked before it returned a response.
    Panic,
    /// The response body panicked after the head was sent.
    PanicInBody,
    /// The client left before the head was sent.
    Cancelled,
    /// The response body was dropped before its end.
    BodyAborted,
    /// The response body returned an error.
    BodyError,
    /// The connection was handed over to another protocol.
    Upgraded,
    /// The request was refused before it reached the service.
    Refused,
}

impl Outcome {
    /// All outcomes, in counting order.
    pub const ALL: &'static [Self] = &[
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

/// The final status of a request: its outcome, its HTTP status, and the gRPC status of a call.
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
    /// The outcome.
    pub outcome: Outcome,
    /// Status code of the response.
    pub status: u16,
    /// Status of a gRPC call, if known.
    pub grpc: Option<GrpcCode>,
}

impl FinalStatus {
    /// Creates the final status of a request that is not a gRPC call.
    #[must_use]
    pub const fn new(outcome: Outcome, status: u16) -> Self {
        Self { outcome, status, grpc: None }
    }

    /// Adds the status of a gRPC call, if known.
    #[must_use]
    pub fn grpc(mut self, code: impl Into<Option<GrpcCode>>) -> Self {
        self.grpc = code.into();
        self
    }

    /// Returns the type of the failure, or `None` if the request did not fail.
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

/// The type of a failure. A closed set, so that it can be a metric label.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ErrorType {
    /// A response with this status, which is 500 or above.
    Status(u16),
    /// A gRPC call with this status.
    Grpc(GrpcCode),
    /// A panic before the head was sent.
    Panic,
    /// A panic in the response body.
    PanicInBody,
    /// An error returned instead of a response.
    ServiceError,
    /// An error of the response body.
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
