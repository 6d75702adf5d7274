//! The line in the log at a request's end.

use std::fmt;

use monitor_core::{ErrorType, FinalStatus, GrpcCode, Outcome, Scope, scope::RequestEnd};
use tracing::level_filters::LevelFilter;

use crate::{request::headers::millis, settings::Settings};

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

/// Returns what the line is called; `None` for a success that is not among those of which one in so many is logged.
pub(crate) fn name(scope: &Scope, finished: &RequestEnd, untracked: bool, settings: &Settings) -> Option<Name> {
    let FinalStatus { outcome, status, grpc, .. } = finished.ending;
    let is_warning = grpc.is_some_and(|code| code != GrpcCode::Ok);
    match status {
        _ if untracked => Some(Name::Untracked),
        _ if outcome == Outcome::Refused => Some(Name::Refused),
        status if finished.ending.error_type().is_some() || status >= 500 => Some(Name::Error),
        status if is_warning || status >= 400 => Some(Name::Warning),
        _ if finished.duration > settings.slow_after => Some(Name::Slow),
        _ => is_sampled(scope, settings.log_one_in).then_some(Name::Success),
    }
}

/// Levels and messages are part of a callsite, so each combination is one of its own. What has to be made of the scope is
/// made only when a subscriber looks at it: monitor-log takes it from the scope itself.
macro_rules! write_at {
    ($level:ident, $message:literal, $scope:ident, $finished:ident) => {
        tracing::$level!(
            name: $message,
            target: "monitor::request",
            request_id = %$scope.id(),
            client_request_id = $scope.shown_client_request_id().map(display),
            trace_id = %$scope.trace().trace_id(),
            client_trace_id = $scope.client_trace_id().map(display),
            method = $scope.method().as_str(),
            path = %Path($scope),
            route = $scope.route(),
            status_code = $finished.ending.status,
            grpc_status = $finished.ending.grpc.map(GrpcCode::as_str),
            error_type = $finished.ending.error_type().map(ErrorType::label),
            duration_ms = millis($finished.duration),
            outcome = $finished.ending.outcome.as_str(),
            user_agent = $scope.shown_user_agent().map(display),
            remote_addr = $scope.remote_addr().map(display),
            user_id = $scope.shown_user().as_deref(),
            $message
        )
    };
}

/// The path, looked up when somebody looks at it.
struct Path<'a>(&'a Scope);

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.shown_path().fmt(f)
    }
}

/// Writes the line.
pub(crate) fn write(name: Name, scope: &Scope, finished: &RequestEnd) {
    match name {
        Name::Untracked => write_at!(debug, "request", scope, finished),
        Name::Success => write_at!(info, "request", scope, finished),
        Name::Slow => write_at!(warn, "slow_request", scope, finished),
        Name::Warning => write_at!(warn, "request_warning", scope, finished),
        Name::Refused => write_at!(warn, "request_refused", scope, finished),
        Name::Error => write_at!(error, "request_error", scope, finished),
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
