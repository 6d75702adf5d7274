//! The endpoint as a tower service.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};

use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{self, HeaderName},
};
use tower_service::Service;

use super::{PrometheusEndpoint, body::PrometheusBody};

impl<B> Service<Request<B>> for PrometheusEndpoint {
    type Response = Response<PrometheusBody>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ready(Ok(match *request.method() {
            Method::GET => with_header(PrometheusBody::of(self.page()), header::CONTENT_TYPE, TEXT_FORMAT),
            Method::HEAD => with_header(PrometheusBody::empty(), header::CONTENT_TYPE, TEXT_FORMAT),
            _ => {
                let mut response = with_header(PrometheusBody::empty(), header::ALLOW, METHODS);
                *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
                response
            }
        }))
    }
}

fn with_header(body: PrometheusBody, name: HeaderName, value: HeaderValue) -> Response<PrometheusBody> {
    let mut response = Response::new(body);
    response.headers_mut().insert(name, value);
    response
}

const TEXT_FORMAT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD");
