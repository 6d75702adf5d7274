//! Requests as a server creates them, driven to the end of their response bodies.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    pin::pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{HeaderValue, Uri, header};
use http_body::Body;
use http_body_util::Full;
use tower::Service;

/// A request as a server creates it.
pub type Request = http::Request<Full<Bytes>>;

/// The innermost service, which answers with a constant text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plain;

impl<B> Service<http::Request<B>> for Plain {
    type Response = http::Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Request<B>) -> Self::Future {
        let mut response = http::Response::new(Full::new(Bytes::from_static(b"hello")));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        ready(Ok(response))
    }
}

/// Returns requests whose texts share the buffer of one connection, as in hyper: a copy only increments a reference
/// count.
pub fn requests(count: usize, path: &str) -> Vec<Request> {
    (0..count).map(|number| request(path, number)).collect()
}

/// Returns a request from one of a few clients.
pub(crate) fn request(path: &str, number: usize) -> Request {
    let user_agent = USER_AGENTS[number % USER_AGENTS.len()];
    let buffer = Bytes::from(format!("{path}{HOST}{user_agent}{ACCEPT}"));
    let mut at = 0;
    let mut next = |length: usize| {
        at += length;
        buffer.slice(at - length..at)
    };
    let uri = Uri::from_maybe_shared(next(path.len())).unwrap_or_default();
    let mut request = Request::new(Full::default());
    *request.uri_mut() = uri;
    for (name, text) in [(header::HOST, HOST), (header::USER_AGENT, user_agent), (header::ACCEPT, ACCEPT)] {
        let value = HeaderValue::from_maybe_shared(next(text.len()));
        request.headers_mut().insert(name, value.unwrap_or(HeaderValue::from_static("")));
    }
    request
}

/// Drives one request to the end of its body, as hyper does: a body is not polled once it reports its end.
///
/// # Panics
///
/// Panics if any future is pending or fails.
pub(crate) fn drive<S, B>(service: &mut S, request: http::Request<Full<Bytes>>) -> http::StatusCode
where
    S: Service<Request, Response = http::Response<B>>,
    B: Body,
{
    let mut context = Context::from_waker(Waker::noop());
    assert!(matches!(service.poll_ready(&mut context), Poll::Ready(Ok(()))), "the service is not ready");
    let Poll::Ready(Ok(response)) = pin!(service.call(request)).poll(&mut context) else {
        panic!("the service waits or fails")
    };
    let (head, body) = response.into_parts();
    let mut body = pin!(body);
    while !body.is_end_stream() {
        match body.as_mut().poll_frame(&mut context) {
            Poll::Ready(Some(Ok(_))) => {}
            Poll::Ready(None) => break,
            Poll::Ready(Some(Err(_))) | Poll::Pending => panic!("the body waits or fails"),
        }
    }
    head.status
}

const HOST: &str = "shop.example:8080";
const USER_AGENTS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.000",
    "Mozilla/5.0 (Android 14; Mobile; rv:139.0) Gecko/139.00 Firefox/139.00",
];
const ACCEPT: &str = "text/html,application/json;q=0.9,*/*;q=0.8";
