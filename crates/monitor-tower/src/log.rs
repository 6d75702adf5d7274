//! The line in the log at a request's end.

use std::time::Duration;

use monitor_core::{Ending, ErrorType, GrpcCode, Outcome, Scope};

use crate::{headers::millis, shown};

pub(crate) struct Line {
    pub(crate) scope: Scope,
    pub(crate) ending: Ending,
    pub(crate) duration: Duration,
    pub(crate) slow_after: Duration,
    pub(crate) one_in: u32,
}

/// Levels and messages are part of a callsite, so each combination is one of its own.
macro_rules! write_at {
    ($level:ident, $message:literal, $line:ident) => {
        tracing::$level!(
            target: "monitor::request",
            request_id = %$line.scope.id(),
            client_request_id = shown::client_request_id(&$line.scope).as_deref(),
            trace_id = %$line.scope.trace().trace_id(),
            client_trace_id = $line.scope.client_trace_id().map(tracing::field::display),
            method = $line.scope.method().as_str(),
            path = shown::path(&$line.scope).as_ref(),
            route = $line.scope.route(),
            status_code = $line.ending.status,
            grpc_status = $line.ending.grpc.map(GrpcCode::as_str),
            error_type = $line.ending.error_type().map(ErrorType::label),
            duration_ms = millis($line.duration),
            outcome = $line.ending.outcome.as_str(),
            user_agent = shown::user_agent(&$line.scope).as_deref(),
            remote_addr = shown::remote_addr(&$line.scope),
            user_id = shown::user(&$line.scope).as_deref(),
            $message
        )
    };
}

impl Line {
    pub(crate) fn write(&self, untracked: bool) {
        let failed = self.ending.error_type().is_some();
        let is_warning = self.ending.grpc.is_some_and(|code| code != GrpcCode::Ok);
        match self.ending.status {
            _ if untracked => write_at!(debug, "request", self),
            _ if self.ending.outcome == Outcome::Refused => write_at!(warn, "request_refused", self),
            status if failed || status >= 500 => write_at!(error, "request_error", self),
            status if is_warning || status >= 400 => write_at!(warn, "request_warning", self),
            _ if self.duration > self.slow_after => write_at!(warn, "slow_request", self),
            _ if self.is_sampled() => write_at!(info, "request", self),
            _ => {}
        }
    }

    /// The span's identifier is random already.
    fn is_sampled(&self) -> bool {
        self.scope.trace().span_id().as_u64().checked_rem(self.one_in.into()) == Some(0)
    }
}
