//! The guard of a request.
//!
//! A request can end in the future, in the body, by an error, by a panic, or because either is dropped. To count it
//! exactly once, a guard is created before the service is called, moves from the future to the body, and ends the
//! request in its `Drop`.

mod answer;
mod begin;
mod end;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use http::{Extensions, HeaderMap, Response, StatusCode};
use monitor_core::{
    EventKind, Failure, KnownMethod, Outcome, RequestId, Scope,
    instrument::{
        ScopeSlot, Series,
        panic::{self, CaughtPanic},
    },
    scope,
};
use serde_json::json;

use super::span::RequestSpan;
use crate::{
    response::{
        attached_error::AttachedError,
        grpc::{self, GrpcFailure, GrpcStatus, Protocol, WebTrailers},
        response_marker, tonic_status,
    },
    settings::Settings,
};

/// Owned by the part that processes the request. When it is dropped, the request ends with the outcome set last.
pub(crate) struct Guard {
    settings: Arc<Settings>,
    slot: ScopeSlot,
    span: Option<RequestSpan>,
    series: Option<Series>,
    started: Instant,
    status: u16,
    outcome: Outcome,
    /// The protocol of a gRPC call; `None` for any other request.
    protocol: Option<Protocol>,
    grpc: GrpcStatus,
    grpc_failure: Option<Box<GrpcFailure>>,
    /// Time to the head; `None` before it.
    first_byte: Option<Duration>,
    /// Number of body bytes sent so far.
    sent: u64,
}

impl Guard {
    /// Runs a part of the request inside its scope. Returns its panic, captured.
    pub(crate) fn catch<R>(&mut self, f: impl FnOnce() -> R) -> Result<R, CaughtPanic> {
        panic::with_result(f, |f| self.run(f))
    }

    /// As [`catch`](Self::catch), for a closure without a result.
    pub(crate) fn run(&mut self, f: &mut dyn FnMut()) -> Option<CaughtPanic> {
        let Self { slot, span, settings, .. } = self;
        let caught = match span {
            None => slot.run(settings.fate(), f),
            Some(span) => slot.run(settings.fate(), &mut || {
                let _entered = span.enter();
                f();
            }),
        };
        caught.map(|caught| self.capture_panic(caught))
    }

    #[cold]
    fn capture_panic(&self, mut caught: CaughtPanic) -> CaughtPanic {
        if let Some(scope) = self.slot.scope().filter(|_| self.settings.capture_panics) {
            caught.capture_in(scope);
        }
        caught
    }

    /// Returns the request ID; `None` only while a part of the request runs and has the scope.
    pub(super) fn id(&self) -> Option<&RequestId> {
        self.slot.scope().map(Scope::id)
    }

    pub(crate) fn method(&self) -> Option<KnownMethod> {
        self.slot.scope().map(Scope::method)
    }

    /// Records the response's head and sets this layer's headers. From now on the outcome is `body_aborted` until the
    /// body sets another. Returns the final outcome if the response carries a marker of an inner layer.
    pub(crate) fn on_response_head<C>(&mut self, response: &mut Response<C>) -> Option<Outcome> {
        self.status = response.status().as_u16();
        self.outcome = Outcome::BodyAborted;
        if self.protocol.is_some() {
            self.grpc = GrpcStatus::of_head(response.headers());
            self.note_grpc_failure(response.headers(), response.extensions());
        }
        self.put_headers(response.headers_mut());
        if response.extensions().is_empty() {
            return None;
        }
        if self.settings.capture_errors {
            let attached = response.extensions_mut().remove::<AttachedError>().map(|AttachedError(error)| error);
            for error in [attached, response_marker::take_error(response)].into_iter().flatten() {
                self.capture_failure(error);
            }
        }
        response_marker::outcome(response)
    }

    /// Records the trailers of a body, which contain the status of a gRPC call.
    pub(crate) fn on_trailers(&mut self, trailers: &HeaderMap) {
        if let Some(code) = grpc::code_in(trailers).filter(|_| self.grpc != GrpcStatus::None) {
            self.grpc = GrpcStatus::Known(code);
            self.note_grpc_failure(trailers, &Extensions::new());
        }
    }

    /// Returns whether the status of a gRPC call can still arrive in the trailers after the body.
    pub(crate) fn awaits_trailers(&self) -> bool {
        self.grpc == GrpcStatus::Awaited(Protocol::Grpc)
    }

    /// Returns a reader for trailers in the body, if a gRPC-Web call has no status yet.
    pub(crate) fn web_trailers(&self) -> Option<Box<WebTrailers>> {
        match self.grpc {
            GrpcStatus::Awaited(protocol) => protocol.web_trailers(),
            GrpcStatus::None | GrpcStatus::Known(_) => None,
        }
    }

    /// Records the message of a failed call, for the scope's events and the event of the call, and the error behind it.
    fn note_grpc_failure(&mut self, headers: &HeaderMap, extensions: &Extensions) {
        let GrpcStatus::Known(code) = self.grpc else { return };
        if !code.is_failure() || !self.settings.capture_errors {
            return;
        }
        let message = grpc::message_in(headers);
        let context = json!({ "status": code.as_str(), "message": message });
        let source = self.catch(|| {
            scope::set_context("grpc", context);
            tonic_status::source_in(extensions)
        });
        let source = source.map_err(CaughtPanic::drop_payload).unwrap_or_default();
        self.grpc_failure = Some(Box::new(GrpcFailure { message, source }));
    }

    /// Records an error that the service returned instead of a response. It has no status and is counted as a 500,
    /// which is what servers make of it.
    pub(crate) fn record_service_error<E: fmt::Display + 'static>(&mut self, error: &E) {
        self.status = StatusCode::INTERNAL_SERVER_ERROR.as_u16();
        self.outcome = Outcome::ServiceError;
        self.capture(EventKind::ServiceError, error);
    }

    /// Captures an error of the service or of its body. Its `Display` and the function that describes it are the
    /// program's own code, which may panic.
    pub(crate) fn capture<E: fmt::Display + 'static>(&mut self, kind: EventKind, error: &E) {
        if !self.settings.capture_errors {
            return;
        }
        let settings = Arc::clone(&self.settings);
        match self.catch(|| settings.monitor.observe(kind, error)) {
            Ok(error) => self.capture_failure(error),
            Err(caught) => caught.drop_payload(),
        }
    }

    fn capture_failure(&self, error: Failure) {
        if let Some(scope) = self.slot.scope() {
            scope.capture_failure(error);
        }
    }

    pub(crate) fn set_panicked(&mut self) {
        self.status = StatusCode::INTERNAL_SERVER_ERROR.as_u16();
        self.outcome = Outcome::Panic;
    }

    pub(crate) fn answers_panics(&self) -> bool {
        self.settings.answer_panics
    }

    /// Records the size of data that is sent.
    pub(crate) fn add_bytes(&mut self, bytes: u64) {
        self.sent = self.sent.saturating_add(bytes);
    }

    /// Returns the number of bytes sent so far.
    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    /// Ends the request with `outcome`.
    pub(crate) fn end(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}
