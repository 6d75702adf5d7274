//! The line in the log at a request's end.

use std::time::Duration;

use monitor_core::{Ending, ErrorType, GrpcCode, Outcome, RequestId, Scope, TraceId};
use tracing::level_filters::LevelFilter;

use crate::{headers::millis, shown};

/// What is said of a request beside what its scope knows.
#[derive(Clone, Copy)]
pub(crate) struct Line {
    pub(crate) ending: Ending,
    pub(crate) duration: Duration,
}

/// What a line is called, each at a level of its own.
#[derive(Clone, Copy)]
pub(crate) enum Name {
    Untracked,
    Success,
    Slow,
    Warning,
    Refused,
    Error,
}

/// Levels and messages are part of a callsite, so each combination is one of its own.
macro_rules! write_at {
    ($level:ident, $message:literal, $line:ident, $scope:ident) => {
        tracing::$level!(
            target: "monitor::request",
            request_id = $scope.id().encode(&mut [0; RequestId::LONGEST]),
            client_request_id = shown::client_request_id($scope).as_deref(),
            trace_id = $scope.trace().trace_id().encode(&mut [0; TraceId::LENGTH]),
            client_trace_id = $scope.client_trace_id().map(tracing::field::display),
            method = $scope.method().as_str(),
            path = shown::path($scope).as_ref(),
            route = $scope.route(),
            status_code = $line.ending.status,
            grpc_status = $line.ending.grpc.map(GrpcCode::as_str),
            error_type = $line.ending.error_type().map(ErrorType::label),
            duration_ms = millis($line.duration),
            outcome = $line.ending.outcome.as_str(),
            user_agent = shown::user_agent($scope).as_deref(),
            remote_addr = $scope.remote_addr().map(tracing::field::display),
            user_id = shown::user($scope).as_deref(),
            $message
        )
    };
}

impl Line {
    /// Returns what the line is called; `None` for a success that is not among those of which one in so many is logged.
    pub(crate) fn name(self, scope: &Scope, untracked: bool, slow_after: Duration, one_in: u32) -> Option<Name> {
        let Ending { outcome, status, grpc, .. } = self.ending;
        let is_warning = grpc.is_some_and(|code| code != GrpcCode::Ok);
        match status {
            _ if untracked => Some(Name::Untracked),
            _ if outcome == Outcome::Refused => Some(Name::Refused),
            status if self.ending.error_type().is_some() || status >= 500 => Some(Name::Error),
            status if is_warning || status >= 400 => Some(Name::Warning),
            _ if self.duration > slow_after => Some(Name::Slow),
            _ => is_sampled(scope, one_in).then_some(Name::Success),
        }
    }

    pub(crate) fn write(self, name: Name, scope: &Scope) {
        match name {
            Name::Untracked => write_at!(debug, "request", self, scope),
            Name::Success => write_at!(info, "request", self, scope),
            Name::Slow => write_at!(warn, "slow_request", self, scope),
            Name::Warning => write_at!(warn, "request_warning", self, scope),
            Name::Refused => write_at!(warn, "request_refused", self, scope),
            Name::Error => write_at!(error, "request_error", self, scope),
        }
    }
}

impl Name {
    /// Returns whether anybody may take the line. Where nobody logs at all, it is not made.
    pub(crate) fn is_wanted(self) -> bool {
        let level = match self {
            Self::Untracked => LevelFilter::DEBUG,
            Self::Success => LevelFilter::INFO,
            Self::Slow | Self::Warning | Self::Refused => LevelFilter::WARN,
            Self::Error => LevelFilter::ERROR,
        };
        level <= LevelFilter::current()
    }
}

/// The span's identifier is random already.
fn is_sampled(scope: &Scope, one_in: u32) -> bool {
    one_in == 1 || scope.trace().span_id().as_u64().checked_rem(one_in.into()) == Some(0)
}
