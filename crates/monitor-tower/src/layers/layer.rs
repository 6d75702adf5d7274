//! The layer with all features.

use std::{net::IpAddr, sync::Arc, time::Duration};

use http::{HeaderName, Response, StatusCode};
use monitor_core::Monitor;
use tower_layer::Layer;

use super::error_response::RespondLayer;
use crate::{
    request::{forwarded::TrustedProxies, head::RequestHead, id_policy::IdPolicy},
    response::text_body::TextBody,
    settings::{PanicContext, Settings, refusal},
    watch::service::MonitorService,
};

/// Identifies, times, counts and logs every request, and captures its errors and panics.
///
/// Put it outermost, and in axum on the router after its last route: it does not see what happens outside of it, and a
/// time-out outside drops the request as a disconnected client does. Only CORS belongs outside, so that browsers can
/// read this layer's responses. See the [crate docs](crate). With [`Monitor::disabled`] the layer passes requests
/// through unchanged.
///
/// # Example
///
/// ```
/// use monitor_kit::{Monitor, MonitorLayer};
///
/// let monitor = Monitor::builder("shop").build()?;
/// let layer = MonitorLayer::new(&monitor);
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
///
/// # Example: routes of a custom router
///
/// ```
/// use std::time::Duration;
/// use monitor_kit::{Monitor, MonitorLayer};
///
/// #[derive(Clone)]
/// struct Template(&'static str);
///
/// let monitor = Monitor::builder("shop").build()?;
/// let layer = MonitorLayer::new(&monitor)
///     .route(|head| head.extensions.get::<Template>().map(|template| template.0))
///     .slow_after(Duration::from_millis(250))
///     .request_duration_header(false);
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
///
/// # Example: behind a load balancer, with many requests
///
/// ```
/// use http::{HeaderName, StatusCode};
/// use monitor_kit::{IdPolicy, Monitor, MonitorLayer, Networks, TrustedProxies};
///
/// let monitor = Monitor::builder("shop").build()?;
/// let balancers = Networks::parse(["10.0.0.0/8"])?;
/// let layer = MonitorLayer::new(&monitor)
///     .id_policy(IdPolicy::TrustedPeer(balancers.clone()))
///     .id_header(HeaderName::from_static("x-correlation-id"))
///     .trusted_proxies(TrustedProxies::new(balancers))
///     .refusal_status(StatusCode::TOO_MANY_REQUESTS)
///     .log_one_success_in(100)
///     .span(true);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct MonitorLayer {
    settings: Arc<Settings>,
}

impl MonitorLayer {
    /// Creates the layer with every feature on, except for the [span](Self::span).
    pub fn new(monitor: &Monitor) -> Self {
        Self { settings: Arc::new(Settings::all(monitor)) }
    }

    /// Sets the function that finds a request's route template. Templates must come from a closed set, because each
    /// becomes a label; `None` counts as unmatched. Defaults to axum's `MatchedPath` with the feature `axum`, otherwise
    /// to the path if it is [declared](monitor_core::MonitorBuilder::routes) verbatim. The route of a gRPC call is its
    /// method if that is [declared](monitor_core::MonitorBuilder::grpc_methods), otherwise as above.
    pub fn route(self, f: impl for<'a> Fn(&RequestHead<'a>) -> Option<&'a str> + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.route_of = Some(Arc::new(f)))
    }

    /// Gives requests to `path`, and below it, the route `{path}/{*rest}` if they have no other: axum has no template
    /// for requests below `nest_service`, such as static files, or for a fallback. If several mounts match, the
    /// innermost one counts. Without a mount such requests are unmatched.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::{Monitor, MonitorLayer};
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// let layer = MonitorLayer::new(&monitor).mount("/static").mount("/docs");
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    pub fn mount(self, path: &str) -> Self {
        self.with(|settings| settings.mounts.add(path))
    }

    /// Sets the policy for request IDs and traces that clients send. Defaults to [`IdPolicy::Own`].
    pub fn id_policy(self, policy: IdPolicy) -> Self {
        self.with(|settings| settings.id_policy = policy)
    }

    /// Sets the header of the request ID, on requests and on responses. Defaults to `x-request-id`.
    pub fn id_header(self, header: HeaderName) -> Self {
        self.with(|settings| settings.id_header = header)
    }

    /// Sets the proxies that are trusted to name the client's address. Defaults to none: the address is the peer's.
    ///
    /// Addresses are truncated to 24 bits (IPv4) and 48 bits (IPv6), unless the monitor shows them
    /// [in full](monitor_core::MonitorBuilder::show_full_ips).
    pub fn trusted_proxies(self, proxies: TrustedProxies) -> Self {
        self.with(|settings| settings.proxies = Some(proxies))
    }

    /// Sets the function that finds the address of the peer, the other end of the connection. Defaults to axum's
    /// `ConnectInfo` with the feature `axum`; otherwise the peer is unknown.
    ///
    /// # Example
    ///
    /// ```
    /// use std::net::SocketAddr;
    /// use monitor_kit::{Monitor, MonitorLayer};
    ///
    /// let layer = MonitorLayer::new(&Monitor::disabled())
    ///     .peer(|head| head.extensions.get::<SocketAddr>().map(SocketAddr::ip));
    /// ```
    pub fn peer(self, f: impl for<'a> Fn(&RequestHead<'a>) -> Option<IpAddr> + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.peer_of = Some(Arc::new(f)))
    }

    /// Sets the response to a panic. The layer adds the request ID as a header. Defaults to a 500 as
    /// `application/problem+json`. A gRPC call always gets `grpc-status: 13`.
    ///
    /// # Example
    ///
    /// ```
    /// use http::{Response, StatusCode};
    /// use monitor_kit::{Monitor, MonitorLayer, TextBody};
    ///
    /// let layer = MonitorLayer::new(&Monitor::disabled()).panic_response(|context| {
    ///     let mut response = Response::new(TextBody::new(format!("Please report {}.", context.request_id)));
    ///     *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    ///     response
    /// });
    /// ```
    pub fn panic_response(self, f: impl Fn(&PanicContext) -> Response<TextBody> + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.answer_panic = Some(Arc::new(f)))
    }

    /// Answers the service's errors with problems and makes the service infallible, so that axum accepts it without
    /// `HandleErrorLayer`. Must be the last setting. Without it errors are counted, captured and passed on.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use monitor_kit::{Monitor, MonitorLayer};
    /// use tower::ServiceBuilder;
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// let stack = ServiceBuilder::new()
    ///     .layer(MonitorLayer::new(&monitor).respond_to_errors())
    ///     .timeout(Duration::from_secs(10));
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    pub fn respond_to_errors(self) -> RespondLayer {
        RespondLayer::new(self.settings)
    }

    /// Sets the status of refused requests, whose route is [disabled](Monitor::disable_route). A status below 400 is
    /// replaced by 503. A proxy may count a 503 against the whole instance. A gRPC call is refused with
    /// `grpc-status: 14`. Defaults to 503.
    pub fn refusal_status(self, status: StatusCode) -> Self {
        self.with(|settings| settings.refusal_status = refusal(status))
    }

    /// Opens a `tracing` span for each tracked request, at INFO and of target `monitor::request`, with OpenTelemetry's
    /// fields of an HTTP server. The span is current while the request is polled, and closes when the body ends.
    /// Defaults to `false`.
    ///
    /// With the feature `opentelemetry` and a layer of `tracing-opentelemetry` in the subscriber, the span is a child
    /// of the caller's span if the [policy](Self::id_policy) continues the trace. The trace in the scope, in the log
    /// and on outgoing requests is then the exported one. Under [`IdPolicy::Accept`] the caller's sampling decision is
    /// not trusted: a sampler that follows the parent records the
    /// [configured share](monitor_core::MonitorBuilder::trace_sample_rate) of traces.
    pub fn span(self, on: bool) -> Self {
        self.with(|settings| settings.span = on && settings.monitor.is_enabled())
    }

    /// Logs about one in `n` requests that neither failed, nor were slow, nor have a status from 400. All of them are
    /// counted. Defaults to 1, which logs all; 0 logs none.
    pub fn log_one_success_in(self, n: u32) -> Self {
        self.with(|settings| settings.log_one_in = n)
    }

    /// Sets the duration from which a request is logged as slow. Defaults to one second.
    pub fn slow_after(self, duration: Duration) -> Self {
        self.with(|settings| settings.slow_after = duration)
    }

    /// Sets whether responses report the time to their head in `X-Request-Duration`. Defaults to `true`.
    pub fn request_duration_header(self, on: bool) -> Self {
        self.with(|settings| settings.show_duration = on && settings.monitor.is_enabled())
    }

    fn with(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(Arc::make_mut(&mut self.settings));
        self
    }
}

impl<S> Layer<S> for MonitorLayer {
    type Service = MonitorService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        MonitorService::new(inner, Arc::clone(&self.settings))
    }
}
