//! The line in the log at a request's end.

use std::time::Duration;

use monitor_core::{Ending, ErrorType, GrpcCode, Outcome, Scope};

use crate::headers::millis;

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
            client_request_id = $line.client_request_id().as_deref(),
            trace_id = %$line.scope.trace().trace_id(),
            client_trace_id = $line.scope.client_trace_id().map(tracing::field::display),
            method = $line.scope.method().as_str(),
            path = $line.path().as_ref(),
            route = $line.scope.route(),
            status_code = $line.ending.status,
            grpc_status = $line.ending.grpc.map(GrpcCode::as_str),
            error_type = $line.ending.error_type().map(ErrorType::label),
            duration_ms = millis($line.duration),
            outcome = $line.ending.outcome.as_str(),
            user_agent = $line.user_agent().as_deref(),
            remote_addr = some($line.scope.remote_addr()),
            user_id = $line.user().as_deref(),
            $message
        )
    };
}

impl Line {
    pub(crate) fn write(&self, untracked: bool) {
        let failed = self.ending.error_type().is_some();
        let refused = self.ending.grpc.is_some_and(|code| code != GrpcCode::Ok);
        match self.ending.status {
            _ if untracked => write_at!(debug, "request", self),
            _ if self.ending.outcome == Outcome::Refused => write_at!(warn, "request_refused", self),
            _ if failed => write_at!(error, "request_error", self),
            500.. => write_at!(error, "request_error", self),
            400.. => write_at!(warn, "request_warning", self),
            _ if refused => write_at!(warn, "request_warning", self),
            _ if self.duration > self.slow_after => write_at!(warn, "slow_request", self),
            _ if self.is_sampled() => write_at!(info, "request", self),
            _ => {}
        }
    }

    /// The span's identifier is random already.
    fn is_sampled(&self) -> bool {
        self.scope.trace().span_id().as_u64().checked_rem(self.one_in.into()) == Some(0)
    }

    fn path(&self) -> std::borrow::Cow<'_, str> {
        let monitor = self.scope.monitor();
        if monitor.shows_raw_paths() { monitor.redaction().text(self.scope.path()) } else { self.scope.route().into() }
    }

    fn client_request_id(&self) -> Option<std::borrow::Cow<'_, str>> {
        some(self.scope.client_request_id()).map(|text| self.scope.monitor().redaction().text(text))
    }

    fn user_agent(&self) -> Option<std::borrow::Cow<'_, str>> {
        some(self.scope.user_agent()).map(|text| self.scope.monitor().redaction().text(text))
    }

    fn user(&self) -> Option<String> {
        self.scope.user().map(|user| self.scope.monitor().redaction().text(&user).into_owned())
    }
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
