//! The guard of one request: made before the service is called, moved from the future to the body, and ended exactly
//! once by its `Drop`.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use http::{HeaderMap, Request, Response, StatusCode, header};
use monitor_core::{
    Ending, ErrorType, EventKind, GrpcCode, Method, ObservedError, Outcome, RequestId, Scope, clock,
    panic::{self, Caught},
    scope::{self, RequestFacts, ScopeSlot},
    traffic::Series,
};
use serde_json::json;

use crate::{
    AttachedError, PanicAnswer, RequestHead, TextBody, answered,
    grpc::{self, GrpcStatus},
    headers,
    identity::Identified,
    log,
    problem::of_request,
    settings::Settings,
    span::RequestSpan,
};

/// Whoever holds it has the request in hand. What it says at its end is the outcome set last.
pub(crate) struct Guard {
    settings: Arc<Settings>,
    slot: ScopeSlot,
    span: RequestSpan,
    series: Option<Series>,
    started: Instant,
    id: RequestId,
    status: u16,
    outcome: Outcome,
    is_grpc: bool,
    grpc: GrpcStatus,
    /// How long it took to the head; `None` before there is one.
    first_byte: Option<Duration>,
    /// How many bytes the body gave so far.
    sent: u64,
}

impl Guard {
    pub(crate) fn begin<B>(settings: &Arc<Settings>, request: &Request<B>) -> Self {
        let started = clock::now();
        let head = RequestHead::of(request);
        let monitor = &settings.monitor;
        let method = Method::from_name(head.method.as_str());
        let untracked = monitor.is_untracked(head.path());
        let counted = monitor.traffic().filter(|_| settings.count && !untracked);
        let is_grpc = grpc::is_grpc(head.headers);
        let route = head.route(settings, method, is_grpc);
        let series = counted.map(|traffic| (traffic, traffic.series(method, route)));
        let (around, peer) = (scope::current(), head.peer(settings));
        let Identified { id, trace, client_id, client_trace_id } =
            Identified::new(&head, settings, peer, around.as_ref());
        let facts = RequestFacts {
            id: id.clone(),
            trace,
            client_trace_id,
            method,
            route: series.map_or_else(|| Arc::from(route), |(traffic, series)| Arc::clone(traffic.route(series))),
            path: head.path(),
            user_agent: head.user_agent(),
            client_request_id: client_id,
            remote_addr: &head.remote_addr(settings, peer),
            untracked,
            series: series.map(|(_, series)| series),
        };
        settings.warn_of_stacking(around.as_ref().filter(|_| series.is_some()));
        // A scope without a monitor would hide the one around it.
        let scope = match &around {
            Some(around) if !monitor.is_enabled() && around.is_request() => around.clone(),
            Some(around) if !monitor.is_enabled() => Scope::for_request(around.monitor(), facts),
            _ => Scope::for_request(monitor, facts),
        };
        let span = match settings.span && !untracked {
            true => RequestSpan::begin(&head, &scope, is_grpc),
            false => RequestSpan::none(),
        };
        let scope = span.join(scope);
        head.keep_headers(&scope);
        if let Some((traffic, series)) = series {
            traffic.start(series);
        }
        Self {
            settings: Arc::clone(settings),
            slot: ScopeSlot::new(scope),
            span,
            series: series.map(|(_, series)| series),
            started,
            id,
            status: CLIENT_CLOSED_REQUEST,
            outcome: Outcome::Cancelled,
            is_grpc,
            grpc: GrpcStatus::None,
            first_byte: None,
            sent: 0,
        }
    }

    /// Runs a piece of the request in its scope, and returns its panic, captured.
    pub(crate) fn catch<R>(&mut self, f: impl FnOnce() -> R) -> Result<R, Caught> {
        let Self { slot, span, settings, .. } = self;
        slot.enter(|| settings.catch(|| span.enter(f))).map_err(|mut caught| {
            if let Some(scope) = self.slot.scope().filter(|_| self.settings.capture_panics) {
                scope.capture_panic(&mut caught);
            }
            caught
        })
    }

    pub(crate) fn is_method(&self, method: Method) -> bool {
        self.slot.scope().is_some_and(|scope| scope.method() == method)
    }

    /// Takes note of the head, and puts on it what is ours. From here on the request is `body_aborted` unless its body
    /// says otherwise. Returns the outcome the response has already, where it answers a panic or an error.
    pub(crate) fn head<C>(&mut self, response: &mut Response<C>) -> Option<Outcome> {
        self.status = response.status().as_u16();
        self.outcome = Outcome::BodyAborted;
        if self.is_grpc {
            self.grpc = GrpcStatus::of_head(response.headers());
            self.note_grpc_failure(response.headers());
        }
        self.put_headers(response);
        if self.settings.capture_errors {
            let attached = response.extensions_mut().remove::<AttachedError>().map(|AttachedError(error)| error);
            for error in [attached, answered::take_error(response)].into_iter().flatten() {
                self.capture_observed(error);
            }
        }
        answered::outcome(response)
    }

    /// Returns a problem for a response that says nothing but a status of 500 or above.
    pub(crate) fn problem(&self) -> Option<TextBody> {
        let status = StatusCode::from_u16(self.status).ok()?;
        (self.settings.capture_errors && status.is_server_error() && !self.is_grpc)
            .then(|| of_request(status, &self.id).into_body())
    }

    /// Takes note of the trailers of a body, where a gRPC call has its status.
    pub(crate) fn trailers(&mut self, trailers: &HeaderMap) {
        if let Some(code) = grpc::code_in(trailers).filter(|_| self.grpc == GrpcStatus::Awaited) {
            self.grpc = GrpcStatus::Known(code);
            self.note_grpc_failure(trailers);
        }
    }

    /// Notes in the scope what the service says of a failed call, so that its event says it as well.
    fn note_grpc_failure(&self, headers: &HeaderMap) {
        if let GrpcStatus::Known(code) = self.grpc
            && let Some(scope) = self.slot.scope().filter(|_| code.is_failure() && self.settings.capture_errors)
        {
            let said = json!({ "status": code.as_str(), "message": grpc::message_in(headers) });
            scope.enter(|| scope::set_context("grpc", said));
        }
    }

    /// Takes note of an error the service returned instead of a response. No response, no status: it is counted as the
    /// 500 a server makes of it.
    pub(crate) fn inner_error<E: fmt::Display + 'static>(&mut self, error: &E) {
        self.status = StatusCode::INTERNAL_SERVER_ERROR.as_u16();
        self.outcome = Outcome::InnerError;
        self.capture(EventKind::InnerError, error);
    }

    /// Captures an error of the service or of its body. What runs here is the program's own: its `Display`, its
    /// function that describes.
    pub(crate) fn capture<E: fmt::Display + 'static>(&mut self, kind: EventKind, error: &E) {
        if !self.settings.capture_errors {
            return;
        }
        let settings = Arc::clone(&self.settings);
        match self.catch(|| settings.observe(kind, error)) {
            Ok(error) => self.capture_observed(error),
            Err(caught) => caught.dispose(),
        }
    }

    fn capture_observed(&self, error: ObservedError) {
        if let Some(scope) = self.slot.scope() {
            scope.capture_observed(error);
        }
    }

    pub(crate) fn panicked(&mut self) {
        self.status = StatusCode::INTERNAL_SERVER_ERROR.as_u16();
        self.outcome = Outcome::Panic;
    }

    pub(crate) fn answers_panics(&self) -> bool {
        self.settings.answer_panics
    }

    /// Makes the response to a panic. One that cannot be made, because the user's own function panics too, is ours.
    pub(crate) fn answer_panic(&mut self) -> Response<TextBody> {
        let answer = PanicAnswer { request_id: self.id.clone() };
        let custom = self.settings.answer_panic.clone().filter(|_| !self.is_grpc);
        let response = custom.and_then(|custom| match self.catch(|| custom(&answer)) {
            Ok(response) => Some(response),
            Err(caught) => {
                caught.dispose();
                None
            }
        });
        let mut response = response.unwrap_or_else(|| {
            if self.is_grpc {
                self.grpc = GrpcStatus::Known(GrpcCode::Internal);
                grpc::response(GrpcCode::Internal)
            } else {
                of_request(StatusCode::INTERNAL_SERVER_ERROR, &self.id)
            }
        });
        self.status = response.status().as_u16();
        self.put_headers(&mut response);
        headers::put_request_id(response.headers_mut(), &self.settings.id_header, &self.id);
        answered::mark_panic(&mut response);
        response
    }

    /// Takes note of data that goes out.
    pub(crate) fn send(&mut self, bytes: u64) {
        self.sent = self.sent.saturating_add(bytes);
    }

    /// Makes the refusal of a request whose route is disabled. It says nothing of why.
    pub(crate) fn refuse(&mut self) -> Option<Response<TextBody>> {
        let scope = self.slot.scope().filter(|_| self.settings.refuse)?;
        let disabled = self.settings.monitor.find_disabled(scope.method(), scope.route(), self.started)?;
        let mut refusal = if self.is_grpc {
            self.grpc = GrpcStatus::Known(GrpcCode::Unavailable);
            grpc::response(GrpcCode::Unavailable)
        } else {
            of_request(self.settings.refusal_status, &self.id)
        };
        refusal.headers_mut().insert(header::RETRY_AFTER, disabled.wait(self.started).as_secs().into());
        self.status = refusal.status().as_u16();
        self.outcome = Outcome::Refused;
        self.put_headers(&mut refusal);
        headers::put_request_id(refusal.headers_mut(), &self.settings.id_header, &self.id);
        answered::mark_refusal(&mut refusal);
        Some(refusal)
    }

    /// Returns how many bytes went out so far.
    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    /// Ends the request.
    pub(crate) fn end(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }

    fn ending(&self) -> Ending {
        Ending::new(self.outcome, self.status).grpc(self.grpc.at_end(self.outcome))
    }

    fn put_headers<C>(&mut self, response: &mut Response<C>) {
        let first_byte = self.started.elapsed();
        self.first_byte = Some(first_byte);
        if self.settings.identify {
            headers::put_request_id(response.headers_mut(), &self.settings.id_header, &self.id);
        }
        if self.settings.show_duration {
            headers::put_duration(response, first_byte);
        }
    }
}

impl Drop for Guard {
    /// Nothing in here may panic: it may run while another panic unwinds.
    fn drop(&mut self) {
        let ending = self.ending();
        let Self { settings, slot, span, series, started, first_byte, sent, .. } = self;
        let duration = started.elapsed();
        if let Some(scope) = slot.scope().filter(|_| settings.capture_errors) {
            match ending.error_type() {
                Some(ErrorType::Grpc(code)) => scope.capture_grpc_status(code),
                Some(ErrorType::Status(_) | ErrorType::Panic) if ending.status >= 500 => {
                    scope.capture_status(ending.status);
                }
                _ => {}
            }
        }
        if let (Some(traffic), Some(series)) = (settings.monitor.traffic(), *series) {
            if let Some(first_byte) = first_byte.filter(|_| ending.outcome != Outcome::Refused) {
                traffic.measure(series, ending.status, first_byte, *sent);
            }
            traffic.end(series, ending, duration);
        }
        span.end(ending, first_byte.is_some());
        if settings.log
            && let Some(scope) = slot.scope().cloned()
        {
            let line =
                log::Line { scope, ending, duration, slow_after: settings.slow_after, one_in: settings.log_one_in };
            panic::quietly(|| slot.enter(|| span.enter(|| line.write(series.is_none()))));
        }
    }
}

/// nginx's status for a client that left before there was a head. No such response is ever sent.
const CLIENT_CLOSED_REQUEST: u16 = 499;
