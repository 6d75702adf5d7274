//! Failed responses: a status of 500 or above, or a failed gRPC call, that no captured error explains.

use super::Capture;
use crate::{
    base::{bounded::bounded, drops::DropReason},
    event::{EventKind, Failure, rules::Ignore},
    model::grpc_code::GrpcCode,
    scope::Scope,
    symbols::Stack,
};

/// Captures a response with a status of 500 or above, unless an error captured in `scope` explains it.
pub fn capture_status(scope: &Scope, status: u16) {
    if let Some(capture) = unexplained(scope, |ignore| ignore.statuses.contains(&status)) {
        capture.response(scope, u64::from(status), status.to_string(), "");
    }
}

/// Captures a gRPC call with a failure status, unless an error captured in `scope` explains it. The event is `source`,
/// the error behind the status, if there is one; else it has the status and its message.
pub fn capture_grpc_status(scope: &Scope, code: GrpcCode, message: &str, source: Option<Failure>) {
    let Some(capture) = unexplained(scope, |ignore| ignore.grpc_codes.contains(&code)) else { return };
    match source {
        Some(source) => scope.capture_failure(source),
        None => capture.response(scope, u64::from(code.number()), code.as_str().to_owned(), message),
    }
}

/// Returns the capture of a failed response, if it becomes an event by itself. Counts it as dropped if it is ignored.
fn unexplained(scope: &Scope, is_ignored: impl FnOnce(&Ignore) -> bool) -> Option<Capture<'_>> {
    let capture = Capture::within(scope).filter(|_| !scope.has_captured())?;
    if is_ignored(&capture.inner.shared.ignore) {
        capture.count_drop(DropReason::Ignored);
        return None;
    }
    Some(capture)
}

impl Capture<'_> {
    fn response(self, scope: &Scope, mark: u64, status: String, message: &str) {
        self.mark(mark);
        let (method, route) = (scope.method().as_str(), scope.route());
        let message = match message {
            "" => format!("{method} {route} answered {status} and no error was captured"),
            message => format!("{method} {route} answered {status}: {message}"),
        };
        self.submit(Failure::of_text(EventKind::Status, status, bounded(message)), Stack::of_thread);
    }
}
