//! The future of a watched request.

use std::{
    fmt,
    panic::resume_unwind,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};
use http_body::Body;
use monitor_core::{BoxError, Method, Outcome, panic::Caught};
use pin_project_lite::pin_project;

use crate::{ResponseBody, TextBody, guard::Guard, problem::PROBLEM};

pin_project! {
    /// The future of [`MonitorService`](crate::MonitorService).
    pub struct ResponseFuture<F> {
        #[pin]
        state: State<F>,
        // `None` when there is nothing to watch, or nothing any more.
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
        Panicked { caught: Option<Caught> },
        Refused { refusal: Option<Response<TextBody>> },
        Gone,
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) fn off(future: F) -> Self {
        Self { state: State::Running { future }, guard: None }
    }

    pub(crate) fn watching(future: F, guard: Guard) -> Self {
        Self { state: State::Running { future }, guard: Some(guard) }
    }

    /// The service is not asked.
    pub(crate) fn refused(refusal: Response<TextBody>, guard: Guard) -> Self {
        Self { state: State::Refused { refusal: Some(refusal) }, guard: Some(guard) }
    }

    /// The service panicked in `call`, so there is no future.
    pub(crate) fn panicked(caught: Caught, guard: Guard) -> Self {
        Self { state: State::Panicked { caught: Some(caught) }, guard: Some(guard) }
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
        let polled = match (this.state.as_mut().project(), this.guard.as_mut()) {
            (StateProjection::Running { future }, None) => {
                return future.poll(cx).map(|result| result.map(|response| response.map(ResponseBody::off)));
            }
            (StateProjection::Running { future }, Some(guard)) => guard.catch(|| future.poll(cx)),
            (StateProjection::Panicked { caught }, Some(_)) => match caught.take() {
                Some(caught) => Err(caught),
                None => return Poll::Pending,
            },
            (StateProjection::Refused { refusal }, _) => {
                drop(this.guard.take());
                return refusal
                    .take()
                    .map_or(Poll::Pending, |refusal| Poll::Ready(Ok(refusal.map(ResponseBody::ours))));
            }
            (StateProjection::Panicked { .. } | StateProjection::Gone, _) => return Poll::Pending,
        };
        let ended = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(Ok(response))) => Ended::Response(response),
            Ok(Poll::Ready(Err(error))) => Ended::Error(error),
            Err(caught) => Ended::Panic(caught),
        };
        let Some(mut guard) = this.guard.take() else { return Poll::Pending };
        // The future is dropped inside its scope, and a panic of its `Drop` is one of the request's.
        let dropped = guard.catch(|| this.state.set(State::Gone));
        match (ended, dropped) {
            (Ended::Response(response), Ok(())) => Poll::Ready(Ok(respond(response, guard))),
            (Ended::Error(error), Ok(())) => {
                guard.inner_error(&error);
                Poll::Ready(Err(error))
            }
            (Ended::Panic(caught), second) => {
                second.unwrap_or_else(Caught::dispose);
                Poll::Ready(Ok(answer(caught, guard)))
            }
            (ended, Err(caught)) => {
                guard.catch(|| drop(ended)).unwrap_or_else(Caught::dispose);
                Poll::Ready(Ok(answer(caught, guard)))
            }
        }
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").field("watching", &self.guard.is_some()).finish_non_exhaustive()
    }
}

enum Ended<C, E> {
    Response(Response<C>),
    Error(E),
    Panic(Caught),
}

/// Hands the guard over to the body, or ends the request where there is nothing more to come.
fn respond<C: Body>(mut response: Response<C>, mut guard: Guard) -> Response<ResponseBody<C>> {
    let answered = guard.head(&mut response);
    // What a body says of itself is the program's own code, too.
    let shape = guard.catch(|| (response.body().is_end_stream(), response.body().size_hint().exact()));
    let (is_empty, exact) = match shape {
        Ok(shape) => shape,
        Err(caught) => {
            guard.catch(|| drop(response)).unwrap_or_else(Caught::dispose);
            return answer(caught, guard);
        }
    };
    let length = content_length(response.headers()).or(exact);
    let (mut head, body) = response.into_parts();
    let is_upgrade = head.status == StatusCode::SWITCHING_PROTOCOLS
        || (guard.is_method(Method::Connect) && head.status.is_success());
    let has_no_body = guard.is_method(Method::Head)
        || head.status == StatusCode::NO_CONTENT
        || head.status == StatusCode::NOT_MODIFIED;
    let body = if let Some(outcome) = answered {
        guard.send(exact.unwrap_or(0));
        guard.end(outcome);
        ResponseBody::off(body)
    } else if is_upgrade {
        guard.end(Outcome::Upgraded);
        ResponseBody::off(body)
    } else if has_no_body || is_empty {
        match guard.problem().filter(|_| !has_no_body) {
            Some(problem) => {
                guard.catch(|| drop(body)).unwrap_or_else(Caught::dispose);
                guard.send(problem.as_bytes().len() as u64);
                guard.end(Outcome::Completed);
                for of_body in [header::CONTENT_LENGTH, header::CONTENT_ENCODING, header::TRANSFER_ENCODING] {
                    head.headers.remove(of_body);
                }
                head.headers.insert(header::CONTENT_TYPE, PROBLEM);
                ResponseBody::ours(problem)
            }
            None => {
                guard.end(Outcome::Completed);
                ResponseBody::off(body)
            }
        }
    } else {
        ResponseBody::watching(body, length, guard)
    };
    Response::from_parts(head, body)
}

/// Returns the length a response says it has, where it says one, and in digits only (RFC 9110, section 8.6).
fn content_length(headers: &HeaderMap) -> Option<u64> {
    let mut values = headers.get_all(header::CONTENT_LENGTH).iter();
    let only = values.next().filter(|_| values.next().is_none())?;
    let digits = only.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse().ok()
}

/// Answers a panic, or lets it go on.
fn answer<C: Body>(caught: Caught, mut guard: Guard) -> Response<ResponseBody<C>> {
    guard.panicked();
    if !guard.answers_panics() {
        drop(guard);
        resume_unwind(caught.into_payload());
    }
    caught.dispose();
    let response = guard.answer_panic();
    guard.send(response.body().as_bytes().len() as u64);
    guard.end(Outcome::Panic);
    response.map(ResponseBody::ours)
}

/// Drops a future that was not polled to its end: the client left.
fn cancel<F>(mut state: Pin<&mut State<F>>, mut guard: Guard) {
    if let StateProjection::Panicked { caught } = state.as_mut().project() {
        guard.panicked();
        caught.take().into_iter().for_each(Caught::dispose);
    }
    if let Err(caught) = guard.catch(|| state.set(State::Gone)) {
        guard.panicked();
        let answers = guard.answers_panics();
        drop(guard);
        if answers { caught.dispose() } else { caught.go_on() }
    }
}
