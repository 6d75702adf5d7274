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

use super::{form, page, pagerduty};
use crate::{desk::Desk, handle::AlertHandle, links::Link, notifiers::pagerduty::dedup_key};

/// Answers the links that [`AckLinks`](crate::AckLinks) puts into messages: a page that shows the alert, with a button
/// that acknowledges it.
///
/// Mount it at the path of the URL that was given to [`AckLinks::new`](crate::AckLinks::new). It needs no credential
/// but the link itself.
///
/// | request | response |
/// | --- | --- |
/// | `GET /LINK` | the alert, with a form until it is acknowledged. Changes nothing: mail scanners and chats open links by themselves |
/// | `POST /LINK`, with `by=NAME` | acknowledges the alert; 303 to the page |
/// | `POST /pagerduty` | an [acknowledgement in PagerDuty](Self::pagerduty_secret); 204 |
/// | a link that was changed, or signed with another secret | 404 |
/// | any other method | 405 |
///
/// # Example
///
/// ```
/// use axum::Router;
/// use monitor_kit::{Monitor, alert::{AckLinks, AckService, Alerts, Slack}};
///
/// # let secret = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";
/// let alerts = Alerts::to(Slack::new("https://hooks.slack.com/services/T000/B000/XXXX")?)
///     .acknowledge_at(AckLinks::new("https://shop.example.org/acknowledge", secret)?);
/// let service = AckService::new(alerts.handle());
/// let monitor = Monitor::builder("shop").extend(alerts).build()?;
/// let app: Router = Router::new().nest_service("/acknowledge", service);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct AckService {
    handle: AlertHandle,
    pagerduty_secret: Option<Secret>,
}

/// Not shown by `Debug`.
#[derive(Clone)]
struct Secret(Arc<str>);

/// The future of [`AckService`]'s responses.
pub struct AckFuture(Pin<Box<dyn Future<Output = Response<Full<Bytes>>> + Send>>);

impl AckService {
    /// Creates the service for the alerts of a monitor.
    // No example: `AckService` shows one.
    #[must_use]
    pub const fn new(handle: AlertHandle) -> Self {
        Self { handle, pagerduty_secret: None }
    }

    /// Accepts the webhooks of PagerDuty that are signed with `secret`, at the path `pagerduty` below this service. An
    /// incident that is acknowledged in PagerDuty acknowledges the alert. Subscribe the webhook to
    /// `incident.acknowledged`.
    // No example: `AckService` shows a service.
    #[must_use]
    pub fn pagerduty_secret(mut self, secret: impl Into<Arc<str>>) -> Self {
        self.pagerduty_secret = Some(Secret(secret.into()));
        self
    }

    fn show(&self, segment: &str) -> Response<Full<Bytes>> {
        let Some((desk, link)) = self.verify(segment) else { return html(StatusCode::NOT_FOUND, page::unknown()) };
        let active = desk.active().into_iter().find(|active| link.is_of(active));
        html(StatusCode::OK, active.map_or_else(page::inactive, |active| page::alert(&active)))
    }

    fn submit(&self, segment: &str, body: &[u8]) -> Response<Full<Bytes>> {
        let Some((desk, link)) = self.verify(segment) else { return html(StatusCode::NOT_FOUND, page::unknown()) };
        let by = form::by(body).unwrap_or_else(|| format!("a reader of {}", link.notifier));
        desk.acknowledge(|active| link.is_of(active), by);
        // Reloading the page must not repeat the request.
        let mut response = status(StatusCode::SEE_OTHER);
        if let Ok(location) = HeaderValue::from_str(segment) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }

    fn verify(&self, segment: &str) -> Option<(Arc<Desk>, Link)> {
        let desk = self.handle.desk()?;
        let link = desk.links()?.verify(segment)?;
        Some((desk, link))
    }

    fn receive_pagerduty(&self, headers: &HeaderMap, body: &[u8]) -> Response<Full<Bytes>> {
        let Some(Secret(secret)) = &self.pagerduty_secret else { return status(StatusCode::NOT_FOUND) };
        let signature = headers.get(PAGERDUTY_SIGNATURE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !pagerduty::is_signed(secret, signature, body) {
            return status(StatusCode::UNAUTHORIZED);
        }
        if let (Some(ack), Some(desk)) = (pagerduty::acknowledgement(body), self.handle.desk()) {
            desk.acknowledge(|active| dedup_key(&active.alert.key) == ack.dedup_key, ack.by);
        }
        // Also for events and incidents that are not ours: PagerDuty would send them again, and turn the webhook off.
        status(StatusCode::NO_CONTENT)
    }

    fn posted(&self, segment: &str, headers: &HeaderMap, body: &[u8]) -> Response<Full<Bytes>> {
        if segment == PAGERDUTY { self.receive_pagerduty(headers, body) } else { self.submit(segment, body) }
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

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Debug for AckFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AckFuture").finish_non_exhaustive()
    }
}

/// The page loads nothing, no other page frames it, and the link, which is a credential, is neither cached nor passed
/// on to other sites.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
      frame-ancestors 'none'; base-uri 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("x-robots-tag"), "noindex"),
];
const PAGERDUTY: &str = "pagerduty";
const PAGERDUTY_SIGNATURE: &str = "x-pagerduty-signature";
/// A webhook of PagerDuty has a few kilobytes.
const MAX_BODY: usize = 256 * 1024;
