//! The health endpoints as a tower service.

use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use serde_json::json;
use tower_service::Service;

use super::{
    body::{self, Excluded},
    negotiate,
    query::{self, Query},
};
use crate::{
    detail::DetailLevel,
    probe::probe_slot::ProbeSlot,
    registry::{
        health::{Health, Inner, Place},
        report::{Report, View},
    },
};

/// Serves the health endpoints over HTTP. Made by [`Health::service`].
///
/// The service must run within a tokio runtime. See the [crate docs](crate).
#[derive(Clone, Debug)]
pub struct HealthService(Health);

/// The future of [`HealthService`]'s responses.
pub struct HealthFuture(Pin<Box<dyn Future<Output = Response<Full<Bytes>>> + Send>>);

/// The parts of a request that determine the response.
struct Asked {
    path: String,
    query: Query,
    detail: DetailLevel,
    wants_draft: bool,
}

/// A response before its headers are set.
struct Answer {
    status: StatusCode,
    content_type: HeaderValue,
    body: String,
}

impl Health {
    /// Returns the service for the health endpoints. Mount it at `/health`.
    #[must_use]
    pub fn service(&self) -> HealthService {
        HealthService::new(self.clone())
    }
}

impl HealthService {
    pub(crate) fn new(health: Health) -> Self {
        Self(health)
    }
}

impl<B> Service<Request<B>> for HealthService {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = HealthFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> HealthFuture {
        let inner = Arc::clone(&self.0.0);
        inner.start();
        let method = request.method().clone();
        let asked = Asked::of(&request, &inner);
        HealthFuture(Box::pin(async move {
            let mut response = match method {
                Method::GET | Method::HEAD => answer(&inner, &asked).await.into_response(),
                _ => not_allowed(),
            };
            if inner.is_draining() {
                response.headers_mut().insert(FAIL_AT_ONCE, HeaderValue::from_static("true"));
            }
            // HEAD has the same headers as GET, including the length (RFC 9110, section 9.3.2).
            if method == Method::HEAD {
                *response.body_mut() = Full::default();
            }
            response
        }))
    }
}

impl Asked {
    fn of<B>(request: &Request<B>, inner: &Inner) -> Self {
        let path = request.uri().path().trim_matches('/');
        // If the router that mounts the service does not strip the prefix, the path starts with `health`.
        let path = match path.strip_prefix("health") {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => rest.trim_start_matches('/'),
            _ => path,
        };
        Self {
            path: path.to_owned(),
            query: Query::parse(request.uri().query().unwrap_or_default()),
            detail: inner.registry.details.of(request),
            wants_draft: negotiate::wants_draft(request.headers()),
        }
    }

    /// Splits the excluded names into those of probes and unknown ones.
    fn excluded(&self, inner: &Inner) -> Excluded {
        let mut excluded = Excluded::default();
        for name in &self.query.exclude {
            match inner.registry.paths.get(name) {
                Some(Place::Probe(at)) => excluded.known.push(inner.watches[*at].probe.name.clone()),
                Some(Place::Group(_)) | None => excluded.unknown.push(query::shown(name)),
            }
        }
        excluded
    }
}

async fn answer(inner: &Arc<Inner>, asked: &Asked) -> Answer {
    let all = inner.watches.iter().collect::<Vec<_>>();
    match asked.path.as_str() {
        "" => of_several(inner, asked, "healthz", all).await,
        "live" => alive(inner, asked),
        "startup" => started(inner).await,
        "ready" => ready(inner, asked).await,
        name => match inner.registry.paths.get(name) {
            Some(Place::Probe(at)) => of_one(inner, asked, &inner.watches[*at]).await,
            Some(Place::Group(members)) => {
                of_several(inner, asked, name, members.iter().map(|at| &inner.watches[*at]).collect()).await
            }
            None => Answer::json(StatusCode::NOT_FOUND, json!({ "error": "no such probe" }).to_string()),
        },
    }
}

async fn of_several(inner: &Arc<Inner>, asked: &Asked, check: &str, watches: Vec<&Arc<ProbeSlot>>) -> Answer {
    let (excluded, report) = report(inner, asked, watches).await;
    let status = status_of(&report);
    if asked.query.verbose {
        Answer::text(status, body::text(check, &report, &excluded))
    } else if asked.wants_draft {
        let body = body::draft(&inner.registry, &report, asked.detail);
        Answer { status, content_type: HeaderValue::from_static("application/health+json"), body }
    } else {
        Answer::json(status, body::json(&inner.registry, &report, &excluded, asked.detail))
    }
}

async fn of_one(inner: &Arc<Inner>, asked: &Asked, watch: &Arc<ProbeSlot>) -> Answer {
    let late = inner.refresh([watch]).await;
    let view = View::asked(watch, &late);
    let status = if view.has_failed() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    if asked.query.verbose {
        let line = (view.probe.name.as_str(), view.has_failed());
        Answer::text(status, body::verbose(line.0, [line], &Excluded::default()))
    } else {
        Answer::json(status, body::alone(&view, asked.detail))
    }
}

async fn ready(inner: &Arc<Inner>, asked: &Asked) -> Answer {
    let joined = inner.watches.iter().filter(|watch| watch.probe.ready).collect();
    let (excluded, report) = report(inner, asked, joined).await;
    let report = report.pardoned();
    let status = status_of(&report);
    match asked.query.verbose {
        true => Answer::text(status, body::text("readyz", &report, &excluded)),
        false => Answer::json(status, body::ready(&report)),
    }
}

/// Waits for fresh results, and reports on the probes that are not excluded.
async fn report<'a>(inner: &'a Arc<Inner>, asked: &Asked, watches: Vec<&'a Arc<ProbeSlot>>) -> (Excluded, Report<'a>) {
    let excluded = asked.excluded(inner);
    let wanted: Vec<_> = watches.into_iter().filter(|watch| !excluded.known.contains(&watch.probe.name)).collect();
    let late = inner.refresh(wanted.iter().copied()).await;
    (excluded, inner.report_of(&wanted, &late))
}

fn alive(inner: &Inner, asked: &Asked) -> Answer {
    let dead = inner.dead();
    let (status, body) = match dead[..] {
        [] => (StatusCode::OK, json!({ "status": "alive" })),
        _ => (StatusCode::SERVICE_UNAVAILABLE, json!({ "status": "not_alive", "error": dead.join(", ") })),
    };
    if asked.query.verbose {
        let vitals = inner.registry.vitals.iter().map(|vital| (vital.name.as_str(), dead.contains(&&*vital.name)));
        return Answer::text(status, body::verbose("livez", vitals, &Excluded::default()));
    }
    Answer::json(status, body.to_string())
}

async fn started(inner: &Arc<Inner>) -> Answer {
    inner.refresh(inner.watches.iter().filter(|watch| watch.probe.critical)).await;
    let awaited = inner.awaited();
    let (status, body) = match awaited[..] {
        [] => (StatusCode::OK, json!({ "status": "started" })),
        _ => (StatusCode::SERVICE_UNAVAILABLE, json!({ "status": "starting", "error": awaited.join(", ") })),
    };
    Answer::json(status, body.to_string())
}

fn status_of(report: &Report<'_>) -> StatusCode {
    if report.is_healthy() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

fn not_allowed() -> Response<Full<Bytes>> {
    let body = json!({ "error": "Method not allowed" }).to_string();
    let mut response = Answer::json(StatusCode::METHOD_NOT_ALLOWED, body).into_response();
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

impl Answer {
    fn json(status: StatusCode, body: String) -> Self {
        Self { status, content_type: HeaderValue::from_static("application/json"), body }
    }

    fn text(status: StatusCode, body: String) -> Self {
        Self { status, content_type: HeaderValue::from_static("text/plain; charset=utf-8"), body }
    }

    fn into_response(self) -> Response<Full<Bytes>> {
        let Self { status, content_type, body } = self;
        let length = HeaderValue::from(body.len());
        let mut response = Response::new(Full::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, content_type);
        headers.insert(header::CONTENT_LENGTH, length);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::VARY, HeaderValue::from_static("accept, authorization"));
        response
    }
}

impl Future for HealthFuture {
    type Output = Result<Response<Full<Bytes>>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx).map(Ok)
    }
}

impl fmt::Debug for HealthFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HealthFuture").finish_non_exhaustive()
    }
}

/// Makes Envoy stop sending requests here at once, without waiting for its next health check.
const FAIL_AT_ONCE: HeaderName = HeaderName::from_static("x-envoy-immediate-health-check-fail");

#[cfg(test)]
mod tests;
