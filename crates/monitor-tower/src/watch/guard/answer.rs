//! Responses without the service: to a panic, to a disabled route, and problems for responses without a body.

use http::{HeaderMap, Response, StatusCode, header};
use monitor_core::{DisabledRoute, GrpcCode, Outcome, instrument::panic::CaughtPanic};

use super::Guard;
use crate::{
    request::own_headers,
    response::{
        grpc::{self, GrpcStatus},
        problem::of_request,
        response_marker,
        text_body::TextBody,
    },
    settings::PanicContext,
};

impl Guard {
    /// Returns a problem for a response that has a status of 500 or above and no body.
    pub(crate) fn problem(&self) -> Option<TextBody> {
        let status = StatusCode::from_u16(self.status).ok()?;
        (self.settings.capture_errors && status.is_server_error() && self.protocol.is_none())
            .then(|| of_request(status, self.id()).into_body())
    }

    /// Creates the response to a panic. If the program's own function panics as well, the default response is used.
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

    /// Creates the refusal of a request to a disabled route. It does not disclose the reason.
    pub(crate) fn refuse(&mut self, disabled: &DisabledRoute) -> Response<TextBody> {
        let refusal = self.of_status(self.settings.refusal_status, GrpcCode::Unavailable);
        let mut refusal = self.complete(refusal);
        let wait = disabled.retry_after_at(self.started).as_secs();
        refusal.headers_mut().insert(header::RETRY_AFTER, wait.into());
        self.outcome = Outcome::Refused;
        response_marker::mark_refusal(&mut refusal);
        refusal
    }

    /// Returns a problem, or for a gRPC call the corresponding status.
    fn of_status(&mut self, status: StatusCode, code: GrpcCode) -> Response<TextBody> {
        let Some(protocol) = self.protocol else { return of_request(status, self.id()) };
        self.grpc = GrpcStatus::Known(code);
        grpc::response(protocol, code)
    }

    /// Records a response of this layer, and sets the headers that all of them have.
    fn complete(&mut self, mut response: Response<TextBody>) -> Response<TextBody> {
        self.status = response.status().as_u16();
        self.put_headers(response.headers_mut());
        if let Some(id) = self.id().filter(|_| !self.settings.identify) {
            own_headers::put_request_id(response.headers_mut(), &self.settings.id_header, id);
        }
        response
    }

    /// Sets the headers that the settings ask for.
    pub(super) fn put_headers(&mut self, headers: &mut HeaderMap) {
        let first_byte = self.started.elapsed();
        self.first_byte = Some(first_byte);
        if let Some(id) = self.id().filter(|_| self.settings.identify) {
            own_headers::put_request_id(headers, &self.settings.id_header, id);
        }
        if self.settings.show_duration {
            own_headers::put_duration(headers, first_byte);
        }
    }
}
