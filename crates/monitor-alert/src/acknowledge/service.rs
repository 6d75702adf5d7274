//! The service that answers the links in messages.

use std::{
    convert::Infallible,
    fmt,
    future::ready,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body;
use http_body_util::{BodyExt as _, Full, Limited};
use monitor_core::BoxError;
use tower_service::Service;

use super::{AckView, Acknowledge, form, page, pagerduty};

/// Answers the links that [`AckLinks`](crate::AckLinks) puts into messages: a page that shows the alert, with a button
/// that acknowledges it. Made by [`Alerts::ack_service`](crate::Alerts::ack_service).
///
/// Mount it at the path of the URL that was given to [`AckLinks::new`](crate::AckLinks::new).
///
/// | request | response |
/// | --- | --- |
/// | `GET /LINK` | the alert, and the form while nobody has acknowledged it. Changes nothing: mail scanners and chats open links on their own |
/// | `POST /LINK`, with `by=NAME` | acknowledges the alert; 303 to the page |
/// | `POST /pagerduty` | an [acknowledgement in PagerDuty](Self::pagerduty_secret); 204 |
/// | a link that was changed, or signed with another secret | 404 |
/// | any other method | 405 |
#[derive(Clone)]
pub struct AckService {
    acknowledge: Arc<dyn Acknowledge>,
    pagerduty_secret: Option<Arc<str>>,
}

/// The future of [`AckService`]'s responses.
pub struct AckFuture(Pin<Box<dyn Future<Output = Response<Full<Bytes>>> + Send>>);

impl AckService {
    pub(crate) fn new(acknowledge: Arc<dyn Acknowledge>) -> Self {
        Self { acknowledge, pagerduty_secret: None }
    }

    /// Accepts the webhooks of PagerDuty that are signed with `secret`, at the path `pagerduty` below this service. An
    /// incident that is acknowledged in PagerDuty acknowledges the alert. Subscribe the webhook to
    /// `incident.acknowledged`.
    // No example: `Alerts::ack_service` shows one.
    #[must_use]
    pub fn pagerduty_secret(mut self, secret: impl Into<Arc<str>>) -> Self {
        self.pagerduty_secret = Some(secret.into());
        self
    }

    fn show(&self, segment: &str) -> Response<Full<Bytes>> {
        match self.acknowledge.view(segment) {
            Some(view) => html(StatusCode::OK, page::alert(&view)),
            None => html(StatusCode::NOT_FOUND, page::unknown()),
        }
    }

    fn submit(&self, segment: &str, body: &[u8]) -> Response<Full<Bytes>> {
        let Some(AckView { .. }) = self.acknowledge.by_link(segment, form::by(body)) else {
            return html(StatusCode::NOT_FOUND, page::unknown());
        };
        // Reloading the page must not repeat the request.
        let mut response = status(StatusCode::SEE_OTHER);
        if let Ok(location) = HeaderValue::from_str(segment) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }

    fn from_pagerduty(&self, headers: &HeaderMap, body: &[u8]) -> Response<Full<Bytes>> {
        let Some(secret) = &self.pagerduty_secret else { return status(StatusCode::NOT_FOUND) };
        let signature = headers.get(PAGERDUTY_SIGNATURE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !pagerduty::is_signed(secret, signature, body) {
            return status(StatusCode::UNAUTHORIZED);
        }
        if let Some(ack) = pagerduty::acknowledgement(body) {
            self.acknowledge.by_pagerduty(&ack.dedup_key, ack.by);
        }
        // Also for events and incidents that are not ours: PagerDuty would send them again, and turn the webhook off.
        status(StatusCode::NO_CONTENT)
    }

    fn posted(&self, segment: &str, headers: &HeaderMap, body: &[u8]) -> Response<Full<Bytes>> {
        if segment == PAGERDUTY { self.from_pagerduty(headers, body) } else { self.submit(segment, body) }
    }
}

impl<B> Service<Request<B>> for AckService
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = AckFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> AckFuture {
        let (head, body) = request.into_parts();
        // The last segment, whatever prefix the router that mounts the service has left.
        let segment = head.uri.path().rsplit('/').next().unwrap_or_default().to_owned();
        let service = self.clone();
        match head.method {
            Method::GET => AckFuture::ready(service.show(&segment)),
            Method::HEAD => AckFuture::ready(without_body(service.show(&segment))),
            Method::POST => AckFuture(Box::pin(async move {
                match Limited::new(body, MAX_BODY).collect().await {
                    Ok(body) => service.posted(&segment, &head.headers, &body.to_bytes()),
                    Err(_) => status(StatusCode::PAYLOAD_TOO_LARGE),
                }
            })),
            _ => AckFuture::ready(not_allowed()),
        }
    }
}

impl AckFuture {
    fn ready(response: Response<Full<Bytes>>) -> Self {
        Self(Box::pin(ready(response)))
    }
}

impl Future for AckFuture {
    type Output = Result<Response<Full<Bytes>>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx).map(Ok)
    }
}

fn html(code: StatusCode, page: String) -> Response<Full<Bytes>> {
    let mut response = status(code);
    *response.body_mut() = Full::new(Bytes::from(page));
    let headers = response.headers_mut();
    HEADERS.into_iter().for_each(|(name, value)| _ = headers.insert(name, HeaderValue::from_static(value)));
    response
}

fn status(code: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = code;
    response
}

fn without_body(mut response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    *response.body_mut() = Full::default();
    response
}

fn not_allowed() -> Response<Full<Bytes>> {
    let mut response = status(StatusCode::METHOD_NOT_ALLOWED);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
    response
}

impl fmt::Debug for AckService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AckService").finish_non_exhaustive()
    }
}

impl fmt::Debug for AckFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AckFuture").finish_non_exhaustive()
    }
}

/// The page loads nothing, no other page frames it, and the link, which is a credential, is neither cached nor passed on
/// to other sites.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
      frame-ancestors 'none'; base-uri 'none'"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("x-robots-tag"), "noindex"),
];
const PAGERDUTY: &str = "pagerduty";
const PAGERDUTY_SIGNATURE: &str = "x-pagerduty-signature";
/// A webhook of PagerDuty has a few kilobytes.
const MAX_BODY: usize = 256 * 1024;
