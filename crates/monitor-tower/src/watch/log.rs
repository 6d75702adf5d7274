//! The log line of a request, as an event with fields.
//!
//! monitor-log writes the same fields from the scope (`json/request.rs`, with keys from `json/names.rs`), and the docs
//! of this crate list them. A test in `tests/it/logs.rs` compares the fields of both.

use std::fmt;

use monitor_core::{
    ErrorType, FinalStatus, GrpcCode, Outcome, Scope,
    instrument::{REQUEST_TARGET, RedactedRequest, RequestEnd},
};
use tracing::level_filters::LevelFilter;

use crate::{request::own_headers::millis, settings::Settings};

/// The name of a log line. Each has a fixed level.
#[derive(Clone, Copy)]
pub(crate) enum Name {
    Untracked,
    Success,
    Slow,
    Warning,
    Refused,
    Error,
}

/// Returns the name of a tracked request's log line, or `None` for a success that is not in the sample.
pub(crate) fn name(scope: &Scope, finished: &RequestEnd, settings: &Settings) -> Option<Name> {
    let FinalStatus { outcome, status, grpc, .. } = finished.ending;
    let is_warning = grpc.is_some_and(|code| code != GrpcCode::Ok);
    match status {
        _ if outcome == Outcome::Refused => Some(Name::Refused),
        status if finished.ending.error_type().is_some() || status >= 500 => Some(Name::Error),
        status if is_warning || status >= 400 => Some(Name::Warning),
        _ if finished.duration > settings.slow_after => Some(Name::Slow),
        _ => is_sampled(scope, settings.log_one_in).then_some(Name::Success),
    }
}

/// Logs the event. Level and message are part of a callsite, so each combination needs a callsite of its own. Fields
/// that must be formatted are `Display` values, which cost nothing until a subscriber reads them: monitor-log reads the
/// scope instead.
macro_rules! write_at {
    ($level:ident, $message:literal, $scope:ident, $finished:ident) => {
        tracing::$level!(
            name: $message,
            target: REQUEST_TARGET,
            request_id = %$scope.id(),
            client_request_id = RedactedRequest::of($scope).client_request_id().map(display),
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
            user_agent = RedactedRequest::of($scope).user_agent().map(display),
            remote_addr = $scope.remote_addr().map(display),
            user_id = RedactedRequest::of($scope).user().as_deref(),
            $message
        )
    };
}

/// The path, which is formatted only if a subscriber reads it.
struct Path<'a>(&'a Scope);

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        RedactedRequest::of(self.0).path().fmt(f)
    }
}

/// Logs the line.
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
    /// Returns whether the maximum level of the subscribers admits the line. If it does not, the line is not built.
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

/// Returns whether the request is in the sample of one in `one_in`. The span ID is random, so it selects the sample.
fn is_sampled(scope: &Scope, one_in: u32) -> bool {
    one_in == 1 || scope.trace().span_id().as_u64().checked_rem(one_in.into()) == Some(0)
}
