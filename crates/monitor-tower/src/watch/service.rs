//! The service that all layers of this crate create.

use std::{
    fmt,
    panic::resume_unwind,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use monitor_core::{
    BoxError,
    instrument::{self, panic},
};
use tower_service::Service;

use super::{body::ResponseBody, future::ResponseFuture, guard::Guard};
use crate::settings::Settings;

/// A service that monitors an inner service. Made by [`MonitorLayer`](crate::MonitorLayer) and the single layers.
///
/// See the [crate docs](crate).
#[derive(Clone, Debug)]
pub struct MonitorService<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S> MonitorService<S> {
    pub(crate) fn new(inner: S, settings: Arc<Settings>) -> Self {
        Self { inner, settings }
    }

    /// Returns a reference to the inner service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// Returns a mutable reference to the inner service.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Returns the inner service.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, B, C> Service<Request<B>> for MonitorService<S>
where
    S: Service<Request<B>, Response = Response<C>>,
    S::Error: fmt::Display + 'static,
    C: Body,
    C::Data: From<Bytes>,
    C::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody<C>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    /// An error here belongs to no request: it is counted separately and passed on.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        if !self.settings.count && !self.settings.capture_panics {
            return self.inner.poll_ready(cx);
        }
        let Self { inner, settings } = self;
        let mut ready = Poll::Pending;
        match panic::run(settings.fate(), &mut || ready = inner.poll_ready(cx)) {
            None => {
                if let Poll::Ready(Err(_)) = ready {
                    count_ready_error(settings);
                }
                ready
            }
            Some(mut caught) => {
                count_ready_error(settings);
                if settings.capture_panics {
                    caught.capture_by(&settings.monitor);
                }
                resume_unwind(caught.into_payload())
            }
        }
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Self { inner, settings } = self;
        if settings.is_off() {
            return ResponseFuture::passthrough(inner.call(request));
        }
        let (mut guard, disabled) = Guard::begin(settings, &request);
        if let Some(disabled) = disabled {
            return ResponseFuture::refused(guard.refuse(&disabled), guard);
        }
        ResponseFuture::recording(guard, request, |request| inner.call(request))
    }
}

fn count_ready_error(settings: &Settings) {
    if let Some(recorder) = instrument::recorder(&settings.monitor).filter(|_| settings.count) {
        recorder.ready_error();
    }
}
