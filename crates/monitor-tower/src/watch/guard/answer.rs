//! Answers the service had no part in: to a panic, to a response that says nothing, to a request that is refused.

use http::{HeaderMap, Response, StatusCode, header};
use monitor_core::{DisabledRoute, GrpcCode, Outcome, panic::CaughtPanic};

use super::Guard;
use crate::{
    request::headers,
    response::{
        grpc::{self, GrpcStatus},
        problem::of_request,
        response_marker,
        text_body::TextBody,
    },
    settings::PanicContext,
};

impl Guard {
    /// Returns a problem for a response that says nothing but a status of 500 or above.
    pub(crate) fn problem(&self) -> Option<TextBody> {
        let status = StatusCode::from_u16(self.status).ok()?;
        (self.settings.capture_errors && status.is_server_error() && self.protocol.is_none())
            .then(|| of_request(status, self.id()).into_body())
    }

    /// Makes the response to a panic. One that cannot be made, because the user's own function panics too, is ours.
    pub(crate) fn answer_panic(&mut self) -> Response<TextBody> {
        let answer = self.id().map(|id| PanicContext { request_id: id.clone() });
        let custom = self.settings.answer_panic.clone().filter(|_| self.protocol.is_none()).zip(answer);
        let response =
            custom.and_then(|(custom, answer)| self.catch(|| custom(&answer)).map_err(CaughtPanic::drop_payload).ok());
        let response =
            response.unwrap_or_else(|| self.of_status(StatusCode::INTERNAL_SERVER_ERROR, GrpcCode::Internal));
        let mut response = self.complete(response);
        response_marker::mark_panic(&mut response);
        response
    }

    /// Makes the refusal of a request whose route is disabled. It says nothing of why.
    pub(crate) fn refuse(&mut self, disabled: &DisabledRoute) -> Response<TextBody> {
        let refusal = self.of_status(self.settings.refusal_status, GrpcCode::Unavailable);
        let mut refusal = self.complete(refusal);
        let wait = disabled.retry_after_at(self.started).as_secs();
        refusal.headers_mut().insert(header::RETRY_AFTER, wait.into());
        self.outcome = Outcome::Refused;
        response_marker::mark_refusal(&mut refusal);
        refusal
    }

    /// A problem, and to a gRPC call the status that says the same.
    fn of_status(&mut self, status: StatusCode, code: GrpcCode) -> Response<TextBody> {
        let Some(protocol) = self.protocol else { return of_request(status, self.id()) };
        self.grpc = GrpcStatus::Known(code);
        grpc::response(protocol, code)
    }

    /// Takes note of an answer, and puts on it what every one of ours has.
    fn complete(&mut self, mut response: Response<TextBody>) -> Response<TextBody> {
        self.status = response.status().as_u16();
        self.put_headers(response.headers_mut());
        if let Some(id) = self.id().filter(|_| !self.settings.identify) {
            headers::put_request_id(response.headers_mut(), &self.settings.id_header, id);
        }
        response
    }

    /// Puts on a response what the layer was told to.
    pub(super) fn put_headers(&mut self, headers: &mut HeaderMap) {
        let first_byte = self.started.elapsed();
        self.first_byte = Some(first_byte);
        if let Some(id) = self.id().filter(|_| self.settings.identify) {
            headers::put_request_id(headers, &self.settings.id_header, id);
        }
        if self.settings.show_duration {
            headers::put_duration(headers, first_byte);
        }
    }
}
