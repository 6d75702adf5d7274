//! The status codes of gRPC.

use std::fmt;

/// Status code of a gRPC call, as [gRPC numbers it].
///
/// # Example
///
/// ```
/// use monitor_kit::GrpcCode;
///
/// assert_eq!(GrpcCode::from_number(13), GrpcCode::Internal);
/// assert_eq!(GrpcCode::Internal.as_str(), "INTERNAL");
/// assert!(GrpcCode::Internal.is_failure() && !GrpcCode::NotFound.is_failure());
/// ```
///
/// [gRPC numbers it]: https://grpc.io/docs/guides/status-codes/
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(missing_docs, reason = "gRPC says what each one means")]
#[expect(clippy::exhaustive_enums, reason = "gRPC has these seventeen, and clients take any other for the unknown one")]
pub enum GrpcCode {
    Ok,
    Cancelled,
    Unknown,
    InvalidArgument,
    DeadlineExceeded,
    NotFound,
    AlreadyExists,
    PermissionDenied,
    ResourceExhausted,
    FailedPrecondition,
    Aborted,
    OutOfRange,
    Unimplemented,
    Internal,
    Unavailable,
    DataLoss,
    Unauthenticated,
}

impl GrpcCode {
    /// All codes, in the order of their numbers.
    pub const ALL: &'static [Self] = &[
        Self::Ok,
        Self::Cancelled,
        Self::Unknown,
        Self::InvalidArgument,
        Self::DeadlineExceeded,
        Self::NotFound,
        Self::AlreadyExists,
        Self::PermissionDenied,
        Self::ResourceExhausted,
        Self::FailedPrecondition,
        Self::Aborted,
        Self::OutOfRange,
        Self::Unimplemented,
        Self::Internal,
        Self::Unavailable,
        Self::DataLoss,
        Self::Unauthenticated,
    ];

    /// Returns the code with this number. Returns [`Unknown`](Self::Unknown) for a number that gRPC does not define, as
    /// gRPC clients do.
    #[must_use]
    pub fn from_number(number: u32) -> Self {
        usize::try_from(number).ok().and_then(|number| Self::ALL.get(number).copied()).unwrap_or(Self::Unknown)
    }

    /// Returns the number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Returns the code as gRPC writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Cancelled => "CANCELLED",
            Self::Unknown => "UNKNOWN",
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::NotFound => "NOT_FOUND",
            Self::AlreadyExists => "ALREADY_EXISTS",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Self::FailedPrecondition => "FAILED_PRECONDITION",
            Self::Aborted => "ABORTED",
            Self::OutOfRange => "OUT_OF_RANGE",
            Self::Unimplemented => "UNIMPLEMENTED",
            Self::Internal => "INTERNAL",
            Self::Unavailable => "UNAVAILABLE",
            Self::DataLoss => "DATA_LOSS",
            Self::Unauthenticated => "UNAUTHENTICATED",
        }
    }

    /// Returns `true` if the code means a failure of the service, like an HTTP status of 500 or above: codes 2, 4 and
    /// 12 to 15.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        matches!(
            self,
            Self::Unknown
                | Self::DeadlineExceeded
                | Self::Unimplemented
                | Self::Internal
                | Self::Unavailable
                | Self::DataLoss
        )
    }
}

impl fmt::Display for GrpcCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_its_number_and_a_name_of_its_own() {
        for (code, number) in GrpcCode::ALL.iter().copied().zip(0u8..) {
            assert_eq!((code.number(), GrpcCode::from_number(number.into())), (number, code));
            assert_eq!(code.to_string(), code.as_str());
        }
        let names: std::collections::HashSet<_> = GrpcCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), 17);
        assert_eq!(GrpcCode::from_number(17), GrpcCode::Unknown);
    }

    #[test]
    fn these_and_no_others_are_failures() {
        let failures: Vec<_> =
            GrpcCode::ALL.iter().copied().filter(|code| code.is_failure()).map(GrpcCode::number).collect();
        assert_eq!(failures, [2, 4, 12, 13, 14, 15]);
    }
}
