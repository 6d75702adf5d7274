//! Responses to the service's errors.
//!
//! axum and hyper need an infallible service. This layer converts each error into a problem, with a status from the
//! program's table, and keeps the error for the event.

use std::{
    any::Any,
    convert::Infallible,
    error::Error,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use monitor_core::{BoxError, EventKind, Failure, instrument};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    response::{
        error_chain::causes,
        grpc::{self, Protocol},
        problem::problem,
        response_marker::mark_error,
    },
    settings::Settings,
    watch::{body::ResponseBody, service::MonitorService},
};

type StatusOf = dyn Fn(&dyn Any) -> Option<StatusCode> + Send + Sync;

/// Does everything that [`MonitorLayer`](crate::MonitorLayer) does, and answers the service's errors. Put it outermost:
/// it does not answer errors from outside of it. Made by
/// [`MonitorLayer::respond_to_errors`](crate::MonitorLayer::respond_to_errors).
///
/// | error | status |
/// | --- | --- |
/// | a type in the program's own table, see [`error_status`](Self::error_status) | from the table |
/// | tower's `Elapsed`, with the feature `tower` | 504 |
/// | tower's `Overloaded`, with the feature `tower` | 503 |
/// | any other | 500 |
///
/// The response is a problem (RFC 9457), or for a gRPC call the corresponding gRPC status. It contains nothing of the
/// error. The request is still counted as `service_error`, with the status of the response.
///
/// # Example
///
/// ```
/// use std::io::{self, ErrorKind};
/// use http::StatusCode;
/// use monitor_kit::{Monitor, MonitorLayer};
///
/// let monitor = Monitor::builder("shop").build()?;
/// let layer = MonitorLayer::new(&monitor)
///     .respond_to_errors()
///     .error_status(|error: &io::Error| (error.kind() == ErrorKind::NotFound).then_some(StatusCode::NOT_FOUND));
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct RespondLayer {
    settings: Arc<Settings>,
    table: Arc<[Arc<StatusOf>]>,
}

/// A service that answers the errors of an inner service. Made by [`RespondLayer`].
pub struct Respond<S> {
    inner: S,
    settings: Arc<Settings>,
    table: Arc<[Arc<StatusOf>]>,
    /// The error of the inner service's `poll_ready`, which answers the next request.
    not_ready: Option<Answer>,
}

pin_project! {
    /// The future of [`Respond`].
    pub struct RespondFuture<F> {
        #[pin]
        inner: Option<F>,
        // The response if the service is not called.
        answer: Option<Answer>,
        protocol: Option<Protocol>,
        settings: Arc<Settings>,
        table: Arc<[Arc<StatusOf>]>,
    }
}

/// An error with the status of its response.
#[derive(Clone, Debug)]
struct Answer {
    status: StatusCode,
    error: Failure,
}

// === impl RespondLayer ===

impl RespondLayer {
    pub(crate) fn new(settings: Arc<Settings>) -> Self {
        Self { settings, table: Arc::new([]) }
    }

    /// Adds an entry to the table: the status for errors of type `E`. `None` passes the error on to the next entry.
    /// Later entries take precedence.
    pub fn error_status<E: 'static>(self, f: impl Fn(&E) -> Option<StatusCode> + Send + Sync + 'static) -> Self {
        let entry: Arc<StatusOf> = Arc::new(move |error: &dyn Any| f(error.downcast_ref::<E>()?));
        let table = [entry].into_iter().chain(self.table.iter().cloned()).collect();
        Self { table, ..self }
    }
}

impl<S> Layer<S> for RespondLayer {
    type Service = MonitorService<Respond<S>>;

    fn layer(&self, inner: S) -> Self::Service {
        let (settings, table) = (Arc::clone(&self.settings), Arc::clone(&self.table));
        let respond = Respond { inner, settings, table, not_ready: None };
        MonitorService::new(respond, Arc::clone(&self.settings))
    }
}

impl fmt::Debug for RespondLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RespondLayer").field("settings", &self.settings).finish_non_exhaustive()
    }
}

// === impl Respond ===

impl<S, B, C> Service<Request<B>> for Respond<S>
where
    S: Service<Request<B>, Response = Response<C>>,
    S::Error: fmt::Display + 'static,
    C: Body,
    C::Data: From<Bytes>,
    C::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody<C>>;
    type Error = Infallible;
    type Future = RespondFuture<S::Future>;

    /// Is also ready if the inner service fails, because `call` can answer with that error.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        if self.not_ready.is_none()
            && let Err(error) = ready!(self.inner.poll_ready(cx))
        {
            self.not_ready = Some(answer_to(&error, &self.settings, &self.table));
            if let Some(recorder) = instrument::recorder(&self.settings.monitor) {
                recorder.ready_error();
            }
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (answer, protocol) = (self.not_ready.take(), Protocol::of_call(request.method(), request.headers()));
        let inner = answer.is_none().then(|| self.inner.call(request));
        RespondFuture { inner, answer, protocol, settings: Arc::clone(&self.settings), table: Arc::clone(&self.table) }
    }
}

/// A clone polls the inner service itself: the stored error belongs to the next request of the original.
impl<S: Clone> Clone for Respond<S> {
    fn clone(&self) -> Self {
        let (settings, table) = (Arc::clone(&self.settings), Arc::clone(&self.table));
        Self { inner: self.inner.clone(), settings, table, not_ready: None }
    }
}

impl<S: fmt::Debug> fmt::Debug for Respond<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Respond").field("inner", &self.inner).finish_non_exhaustive()
    }
}

// === impl RespondFuture ===

impl<F, C, E> Future for RespondFuture<F>
where
    F: Future<Output = Result<Response<C>, E>>,
    C: Body,
    E: fmt::Display + 'static,
{
    type Output = Result<Response<ResponseBody<C>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = match (this.answer.take(), this.inner.as_pin_mut()) {
            (Some(answer), _) => answer,
            (None, Some(inner)) => match ready!(inner.poll(cx)) {
                Ok(response) => return Poll::Ready(Ok(response.map(ResponseBody::passthrough))),
                Err(error) => answer_to(&error, this.settings, this.table),
            },
            (None, None) => return Poll::Pending,
        };
        let response = match *this.protocol {
            Some(protocol) => grpc::response(protocol, grpc::code_of(answer.status)),
            None => problem(answer.status, ""),
        };
        let mut response = response.map(ResponseBody::ours);
        mark_error(&mut response, answer.error);
        Poll::Ready(Ok(response))
    }
}

impl<F> fmt::Debug for RespondFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RespondFuture").finish_non_exhaustive()
    }
}

fn answer_to<E: fmt::Display + 'static>(error: &E, settings: &Settings, table: &[Arc<StatusOf>]) -> Answer {
    let of_table = table.iter().find_map(|entry| entry(error));
    let of_tower = || (error as &dyn Any).downcast_ref::<BoxError>().and_then(|error| status_of(&**error));
    let status = of_table.or_else(of_tower).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Answer { status, error: settings.monitor.observe(EventKind::ServiceError, error) }
}

/// Returns the status of tower's own errors, found anywhere in the chain of causes.
fn status_of(error: &(dyn Error + 'static)) -> Option<StatusCode> {
    causes(error).find_map(tower_status)
}

#[cfg(feature = "tower")]
fn tower_status(error: &(dyn Error + 'static)) -> Option<StatusCode> {
    if error.is::<tower::timeout::error::Elapsed>() {
        return Some(StatusCode::GATEWAY_TIMEOUT);
    }
    error.is::<tower::load_shed::error::Overloaded>().then_some(StatusCode::SERVICE_UNAVAILABLE)
}

#[cfg(not(feature = "tower"))]
fn tower_status(_: &(dyn Error + 'static)) -> Option<StatusCode> {
    None
}
