//! The future of a monitored request.
//!
//! It polls the inner service inside the request's scope and catches its panics. Once there is a response, the guard
//! moves into the body. If the future is dropped earlier, the client has left.

use std::{
    fmt,
    panic::resume_unwind,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};
use http_body::Body;
use monitor_core::{BoxError, KnownMethod, Outcome, instrument::panic::CaughtPanic};
use pin_project_lite::pin_project;

use super::{body::ResponseBody, guard::Guard, read_headers::Single};
use crate::response::{problem::PROBLEM, text_body::TextBody};

pin_project! {
    /// The future of [`MonitorService`](crate::MonitorService).
    pub struct ResponseFuture<F> {
        #[pin]
        state: State<F>,
        // `None` if the request is not monitored, or if the guard has moved to the body or ended.
        guard: Option<Guard>,
    }

    impl<F> PinnedDrop for ResponseFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(guard) = this.guard.take() {
                cancel(this.state, guard);
            }
        }
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F> {
        Running { #[pin] future: F },
        Panicked { caught: Option<CaughtPanic> },
        Refused { refusal: Option<Response<TextBody>> },
        Gone,
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) fn passthrough(future: F) -> Self {
        Self { state: State::Running { future }, guard: None }
    }

    /// Calls the service, which may panic. Request and future are large: a closure that owned or returned them would
    /// copy them once more.
    #[inline]
    pub(crate) fn recording<R>(guard: Guard, request: R, mut call: impl FnMut(R) -> F) -> Self {
        let mut this = Self { state: State::Gone, guard: Some(guard) };
        let (mut request, state) = (Some(request), &mut this.state);
        let caught = this.guard.as_mut().and_then(|guard| {
            guard.run(&mut || {
                if let Some(request) = request.take() {
                    *state = State::Running { future: call(request) };
                }
            })
        });
        if let Some(caught) = caught {
            this.state = State::Panicked { caught: Some(caught) };
        }
        this
    }

    /// Creates a future that returns the refusal without calling the service.
    pub(crate) fn refused(refusal: Response<TextBody>, guard: Guard) -> Self {
        Self { state: State::Refused { refusal: Some(refusal) }, guard: Some(guard) }
    }
}

impl<F, C, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<C>, E>>,
    C: Body,
    C::Data: From<Bytes>,
    C::Error: Into<BoxError>,
    E: fmt::Display + 'static,
{
    type Output = Result<Response<ResponseBody<C>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(guard) = this.guard else { return poll_unwatched(this.state, cx) };
        let mut ended = None;
        let caught = match this.state.as_mut().project() {
            StateProjection::Running { .. } => guard.run(&mut || run(this.state.as_mut(), cx, &mut ended)),
            StateProjection::Panicked { caught } => caught.take(),
            StateProjection::Refused { refusal } => {
                let refusal = refusal.take();
                drop(this.guard.take());
                return refusal.map_or(Poll::Pending, |refusal| Poll::Ready(Ok(refusal.map(ResponseBody::ours))));
            }
            StateProjection::Gone => None,
        };
        if ended.is_none() && caught.is_none() {
            return Poll::Pending;
        }
        let Some(mut guard) = this.guard.take() else { return Poll::Pending };
        match (ended, caught) {
            (Some(Ended { result: Ok(response), shape }), None) => Poll::Ready(Ok(respond(response, shape, guard))),
            (Some(Ended { result: Err(error), .. }), None) => {
                guard.record_service_error(&error);
                Poll::Ready(Err(error))
            }
            (ended, Some(caught)) => {
                // The future and its result are dropped inside the scope too, where another panic is caught.
                guard.catch(|| this.state.set(State::Gone)).unwrap_or_else(CaughtPanic::drop_payload);
                guard.catch(|| drop(ended)).unwrap_or_else(CaughtPanic::drop_payload);
                Poll::Ready(Ok(answer(caught, guard)))
            }
            (None, None) => Poll::Pending,
        }
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").field("watching", &self.guard.is_some()).finish_non_exhaustive()
    }
}

/// The result of a future, with the shape of the response's body.
struct Ended<C, E> {
    result: Result<Response<C>, E>,
    shape: Shape,
}

#[derive(Clone, Copy, Default)]
struct Shape {
    is_empty: bool,
    length: Option<u64>,
}

/// Polls the service's future. Dropping the future and inspecting the body run the program's own code, which may panic,
/// so the result is stored in `ended` first.
fn run<F, C, E>(mut state: Pin<&mut State<F>>, cx: &mut Context<'_>, ended: &mut Option<Ended<C, E>>)
where
    F: Future<Output = Result<Response<C>, E>>,
    C: Body,
{
    let StateProjection::Running { future } = state.as_mut().project() else { return };
    let Poll::Ready(result) = future.poll(cx) else { return };
    let Ended { result, shape } = ended.insert(Ended { result, shape: Shape::default() });
    state.set(State::Gone);
    if let Ok(response) = result {
        let body = response.body();
        *shape = Shape { is_empty: body.is_end_stream(), length: body.size_hint().exact() };
    }
}

fn poll_unwatched<F, C, E>(
    state: Pin<&mut State<F>>,
    cx: &mut Context<'_>,
) -> Poll<Result<Response<ResponseBody<C>>, E>>
where
    F: Future<Output = Result<Response<C>, E>>,
    C: Body,
{
    match state.project() {
        StateProjection::Running { future } => {
            future.poll(cx).map(|result| result.map(|response| response.map(ResponseBody::passthrough)))
        }
        StateProjection::Panicked { .. } | StateProjection::Refused { .. } | StateProjection::Gone => Poll::Pending,
    }
}

/// Moves the guard into the body, or ends the request if nothing follows the head.
fn respond<C: Body>(mut response: Response<C>, shape: Shape, mut guard: Guard) -> Response<ResponseBody<C>> {
    // A marked response comes from another layer of this crate, which has already determined the outcome.
    if let Some(outcome) = guard.on_response_head(&mut response) {
        guard.add_bytes(shape.length.unwrap_or(0));
        guard.end(outcome);
        return response.map(ResponseBody::passthrough);
    }
    match bodiless(&guard, response.status()) {
        Some(outcome) => guard.end(outcome),
        None if shape.is_empty => match guard.problem() {
            Some(problem) => return fill(response, problem, guard),
            None => guard.end(Outcome::Completed),
        },
        None => {
            let length = content_length(response.headers()).or(shape.length);
            return response.map(|body| ResponseBody::recording(body, length, guard));
        }
    }
    response.map(ResponseBody::passthrough)
}

/// Returns the outcome of a request if its response has no content, even if the service set a body: a switch of
/// protocols, 204, 304, or a response to HEAD (RFC 9110).
fn bodiless(guard: &Guard, status: StatusCode) -> Option<Outcome> {
    let method = guard.method();
    match status {
        StatusCode::SWITCHING_PROTOCOLS => Some(Outcome::Upgraded),
        status if method == Some(KnownMethod::Connect) && status.is_success() => Some(Outcome::Upgraded),
        StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED => Some(Outcome::Completed),
        _ => (method == Some(KnownMethod::Head)).then_some(Outcome::Completed),
    }
}

/// Sets a problem as the body of an error response that has none.
fn fill<C: Body>(mut response: Response<C>, problem: TextBody, mut guard: Guard) -> Response<ResponseBody<C>> {
    let headers = response.headers_mut();
    // They describe the body that the problem replaces.
    for of_body in [header::CONTENT_LENGTH, header::CONTENT_ENCODING, header::TRANSFER_ENCODING] {
        headers.remove(of_body);
    }
    headers.insert(header::CONTENT_TYPE, PROBLEM);
    response.map(|body| {
        guard.catch(|| drop(body)).unwrap_or_else(CaughtPanic::drop_payload);
        guard.add_bytes(problem.as_bytes().len() as u64);
        guard.end(Outcome::Completed);
        ResponseBody::ours(problem)
    })
}

/// Returns the declared length, if there is exactly one and it consists of digits only (RFC 9110, section 8.6).
fn content_length(headers: &HeaderMap) -> Option<u64> {
    let mut length = Single::default();
    // Iterating over a few headers costs less than looking one up.
    headers.iter().filter(|(name, _)| **name == header::CONTENT_LENGTH).for_each(|(_, value)| length.add(value));
    let digits = length.text()?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// Answers a panic, or resumes it if the layer does not answer panics.
fn answer<C: Body>(caught: CaughtPanic, mut guard: Guard) -> Response<ResponseBody<C>> {
    guard.set_panicked();
    if !guard.answers_panics() {
        drop(guard);
        resume_unwind(caught.into_payload());
    }
    caught.drop_payload();
    let response = guard.answer_panic();
    guard.add_bytes(response.body().as_bytes().len() as u64);
    guard.end(Outcome::Panic);
    response.map(ResponseBody::ours)
}

/// Ends a request whose future was dropped before it completed, because the client left.
fn cancel<F>(mut state: Pin<&mut State<F>>, mut guard: Guard) {
    if let StateProjection::Panicked { caught } = state.as_mut().project() {
        guard.set_panicked();
        caught.take().into_iter().for_each(CaughtPanic::drop_payload);
    }
    if let Err(caught) = guard.catch(|| state.set(State::Gone)) {
        guard.set_panicked();
        let answers = guard.answers_panics();
        drop(guard);
        if answers { caught.drop_payload() } else { caught.resume() }
    }
}
