//! The body of a monitored response.
//!
//! A request ends with its body, and a server signals that end in three ways: it polls the body to its end, stops at
//! the last frame, or drops the body. The guard in the body tells these apart.

use std::{
    error::Error,
    fmt,
    panic::resume_unwind,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use monitor_core::{BoxError, EventKind, Outcome, instrument::panic::CaughtPanic};
use pin_project_lite::pin_project;

use super::guard::Guard;
use crate::response::{error_chain::causes, grpc::WebTrailers, text_body::TextBody};

pin_project! {
    /// The response body of [`MonitorService`](crate::MonitorService): the service's own body, monitored to its end, or
    /// a body that this crate created.
    ///
    /// Size hint and end of stream are those of the inner body. A panic in the inner body becomes an error.
    pub struct ResponseBody<B> {
        #[pin]
        state: State<B>,
        guard: Option<Guard>,
        // The length that the response declared, if any.
        length: Option<u64>,
        // Reads the trailers in the body of a gRPC-Web call.
        web: Option<Box<WebTrailers>>,
    }

    impl<B> PinnedDrop for ResponseBody<B> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(guard) = this.guard.take() {
                abort(guard, *this.length, || this.state.set(State::Gone));
            }
        }
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<B> {
        Inner { #[pin] body: B },
        Ours { body: TextBody },
        Gone,
    }
}

/// The error of a body that panicked. It does not contain the panic's message, which clients must not see.
#[derive(Clone, Copy, Debug)]
struct BodyPanicked;

/// The error captured for a body that ended before the declared length.
#[derive(Clone, Copy, Debug)]
struct TooShort {
    missing: u64,
}

// === impl ResponseBody ===

impl<B: Body> ResponseBody<B> {
    pub(crate) fn passthrough(body: B) -> Self {
        Self { state: State::Inner { body }, guard: None, length: None, web: None }
    }

    pub(crate) fn recording(body: B, length: Option<u64>, guard: Guard) -> Self {
        Self { state: State::Inner { body }, web: guard.web_trailers(), guard: Some(guard), length }
    }

    pub(crate) fn ours(body: TextBody) -> Self {
        Self { state: State::Ours { body }, guard: None, length: None, web: None }
    }
}

/// An empty body, which `CorsLayer` needs to answer preflight requests.
impl<B> Default for ResponseBody<B> {
    fn default() -> Self {
        Self { state: State::Gone, guard: None, length: None, web: None }
    }
}

impl<B> Body for ResponseBody<B>
where
    B: Body,
    B::Data: From<Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let mut this = self.project();
        if let StateProjection::Ours { body } = this.state.as_mut().project() {
            return Poll::Ready(body.next().map(|text| Ok(Frame::data(text.into()))));
        }
        let Some(guard) = this.guard.as_mut() else {
            return match this.state.project() {
                StateProjection::Inner { body } => body.poll_frame(cx).map_err(Into::into),
                StateProjection::Ours { .. } | StateProjection::Gone => Poll::Ready(None),
            };
        };
        let mut polled = Polled { frame: Poll::Pending, size: 0, is_over: false };
        let caught = guard.run(&mut || run(this.state.as_mut(), cx, this.web.as_deref_mut(), &mut polled));
        match (polled, caught) {
            (Polled { frame: Poll::Pending, .. }, None) => Poll::Pending,
            (Polled { frame: Poll::Ready(Some(Err(error))), .. }, None) => {
                Poll::Ready(Some(Err(match this.guard.take() {
                    Some(guard) => fail(guard, error),
                    None => error.into(),
                })))
            }
            // A body that panics while it is dropped has been polled to its end, so the response is not affected.
            (Polled { frame: Poll::Ready(frame), size, is_over }, caught) if is_over || caught.is_none() => {
                caught.into_iter().for_each(CaughtPanic::drop_payload);
                guard.add_bytes(size);
                if let Some(trailers) = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.trailers_ref()) {
                    guard.on_trailers(trailers);
                }
                if let Some(web) = this.web.take_if(|web| web.is_over()) {
                    guard.on_trailers(&web.headers());
                }
                if is_over && let Some(guard) = this.guard.take() {
                    complete(guard, *this.length);
                }
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            (polled, Some(caught)) => {
                let panicked = this.guard.take().map(|mut guard| {
                    guard.catch(|| this.state.set(State::Gone)).unwrap_or_else(CaughtPanic::drop_payload);
                    guard.catch(|| drop(polled)).unwrap_or_else(CaughtPanic::drop_payload);
                    let answers = guard.answers_panics();
                    guard.end(Outcome::PanicInBody);
                    answers
                });
                if panicked == Some(false) {
                    resume_unwind(caught.into_payload());
                }
                caught.drop_payload();
                Poll::Ready(Some(Err(BodyPanicked.into())))
            }
            // Unreachable: the arms above match every frame if there is no panic.
            (Polled { frame: Poll::Ready(_), .. }, None) => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.state {
            State::Inner { body } => body.is_end_stream(),
            State::Ours { body } => body.is_end_stream(),
            State::Gone => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.state {
            State::Inner { body } => body.size_hint(),
            State::Ours { body } => body.size_hint(),
            State::Gone => SizeHint::with_exact(0),
        }
    }
}

impl<B> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").field("watching", &self.guard.is_some()).finish_non_exhaustive()
    }
}

/// The result of one poll of a body.
struct Polled<D, E> {
    frame: Poll<Option<Result<Frame<D>, E>>>,
    size: u64,
    /// No frame follows.
    is_over: bool,
}

/// Polls the body, and drops it after its last frame. Inspecting the frame and dropping the body run the program's own
/// code, which may panic, so each result is stored in `polled` first.
fn run<B>(
    mut state: Pin<&mut State<B>>,
    cx: &mut Context<'_>,
    mut web: Option<&mut WebTrailers>,
    polled: &mut Polled<B::Data, B::Error>,
) where
    B: Body<Data: From<Bytes>>,
{
    let StateProjection::Inner { mut body } = state.as_mut().project() else {
        polled.frame = Poll::Ready(None);
        return;
    };
    polled.frame = body.as_mut().poll_frame(cx).map_ok(|frame| match &mut web {
        Some(web) => web.read(frame),
        None => frame,
    });
    let is_over = match &polled.frame {
        Poll::Pending | Poll::Ready(Some(Err(_))) => return,
        Poll::Ready(None) => true,
        Poll::Ready(Some(Ok(frame))) => {
            polled.size = frame.data_ref().map_or(0, Buf::remaining) as u64;
            // No frame follows trailers, and a server does not poll for one.
            frame.is_trailers() || body.is_end_stream() || web.is_some_and(|web| web.is_over())
        }
    };
    if is_over {
        polled.is_over = true;
        state.set(State::Gone);
    }
}

/// Ends a request whose body was sent. A body shorter than declared is a failure, because the client receives an
/// incomplete response.
fn complete(mut guard: Guard, length: Option<u64>) {
    match length.and_then(|length| length.checked_sub(guard.sent())).filter(|missing| *missing > 0) {
        None => guard.end(Outcome::Completed),
        Some(missing) => {
            guard.capture(EventKind::BodyError, &TooShort { missing });
            guard.end(Outcome::BodyError);
        }
    }
}

/// Ends a request whose body failed. Returns the error that makes the server abort the response.
fn fail(mut guard: Guard, error: impl Into<BoxError>) -> BoxError {
    let error = match guard.catch(|| error.into()) {
        Ok(error) => error,
        Err(caught) => {
            caught.drop_payload();
            guard.end(Outcome::PanicInBody);
            return BodyPanicked.into();
        }
    };
    // An inner layer has caught and captured a panic, and returned this error for it.
    if causes(&*error).any(|cause| cause.is::<BodyPanicked>()) {
        guard.end(Outcome::PanicInBody);
    } else {
        guard.capture(EventKind::BodyError, &error);
        guard.end(Outcome::BodyError);
    }
    error
}

/// Ends a request whose body was dropped before its end. The response is complete if the declared length was sent,
/// because servers do not poll for more.
fn abort(mut guard: Guard, length: Option<u64>, drop_body: impl FnOnce()) {
    let is_whole = length.is_some_and(|length| guard.sent() >= length) && !guard.awaits_trailers();
    let outcome = if is_whole { Outcome::Completed } else { Outcome::BodyAborted };
    match guard.catch(drop_body) {
        Ok(()) => guard.end(outcome),
        Err(caught) => {
            let answers = guard.answers_panics();
            guard.end(Outcome::PanicInBody);
            if answers { caught.drop_payload() } else { caught.resume() }
        }
    }
}

// === impl BodyPanicked ===

impl fmt::Display for BodyPanicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the response body panicked")
    }
}

impl Error for BodyPanicked {}

// === impl TooShort ===

impl fmt::Display for TooShort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the response body ended {} bytes short of its Content-Length", self.missing)
    }
}

impl Error for TooShort {}
