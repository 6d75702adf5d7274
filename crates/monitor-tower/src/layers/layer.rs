//! The layer that does everything.

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

/// Identifies, times, counts and logs every request, and captures what goes wrong in it.
///
/// Put it outermost, and in axum on the router after its last route: what is outside of it is not seen, and a time-out
/// outside of it leaves as a client does. Only CORS belongs outside, so that browsers can read this layer's answers. See
/// the [crate docs](crate). With [`Monitor::disabled`] it hands requests on
/// untouched.
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
/// # Example: routes of a router of one's own
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
#[derive(Clone, Debug)]
#[must_use]
pub struct MonitorLayer {
    settings: Arc<Settings>,
}

impl MonitorLayer {
    /// Creates the layer with every concern on.
    pub fn new(monitor: &Monitor) -> Self {
        Self { settings: Arc::new(Settings::all(monitor)) }
    }

    /// Sets how a request's route template is found. It must come from a closed set, for it becomes a label; `None`
    /// counts as unmatched. Defaults to axum's `MatchedPath` with the feature `axum`, else to the path where it is
    /// [declared](monitor_core::MonitorBuilder::routes) word for word. A gRPC call's route is its method where that is
    /// [declared](monitor_core::MonitorBuilder::grpc_methods), else as above.
    pub fn route(self, f: impl for<'a> Fn(&RequestHead<'a>) -> Option<&'a str> + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.route_of = Some(Arc::new(f)))
    }

    /// Names the route of every request to `path` or below it `{path}/{*rest}`, where nothing else names it: axum has no
    /// template for what is below `nest_service`, such as static files, or for a fallback. May be called for several paths, of
    /// which the innermost counts. Defaults to none: such requests are unmatched.
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

    /// Sets whose word is taken for a request's identifier and its trace. Defaults to [`IdPolicy::Own`].
    pub fn id_policy(self, policy: IdPolicy) -> Self {
        self.with(|settings| settings.id_policy = policy)
    }

    /// Sets the header that carries a request's identifier, on requests and on responses. Defaults to `x-request-id`.
    pub fn id_header(self, header: HeaderName) -> Self {
        self.with(|settings| settings.id_header = header)
    }

    /// Sets the proxies whose word is taken for where a request comes from. Defaults to none: it comes from the peer.
    ///
    /// Addresses are truncated to 24 bits (IPv4) and 48 bits (IPv6), unless the monitor was told to show them
    /// [in full](monitor_core::MonitorBuilder::show_full_ips).
    pub fn trusted_proxies(self, proxies: TrustedProxies) -> Self {
        self.with(|settings| settings.proxies = Some(proxies))
    }

    /// Sets how the address of the peer is found, which is whoever holds the connection. Defaults to axum's `ConnectInfo`
    /// with the feature `axum`, else it is not known.
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

    /// Sets what is answered after a panic. The request's identifier is added as a header. Defaults to a 500 as
    /// `application/problem+json`. A gRPC call is always answered with `grpc-status: 13`.
    pub fn panic_response(self, f: impl Fn(&PanicContext) -> Response<TextBody> + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.answer_panic = Some(Arc::new(f)))
    }

    /// Answers the service's errors as problems and makes the service infallible, so that axum takes it without
    /// `HandleErrorLayer`. Set everything else before. Without it errors are counted, captured and passed on.
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

    /// Sets the status of refused requests, whose route is [disabled](Monitor::disable_route): 400 or above, for any other is
    /// taken for 503. A proxy may count a 503 against the whole instance. A gRPC call is refused with `grpc-status: 14`.
    /// Defaults to 503.
    pub fn refusal_status(self, status: StatusCode) -> Self {
        self.with(|settings| settings.refusal_status = refusal(status))
    }

    /// Opens a span of `tracing` for each tracked request, at INFO and of target `monitor::request`, with the fields
    /// OpenTelemetry gives an HTTP server's. It is current while the request is polled, and over when its body is. Defaults to
    /// `false`.
    ///
    /// With the feature `opentelemetry` and a layer of `tracing-opentelemetry` in the subscriber, its parent is the caller's
    /// span where the [policy](Self::id_policy) continues the trace, and the trace in the scope, in the log and on outgoing
    /// requests is the one that is exported. A sampler that follows the parent keeps the
    /// [share](monitor_core::MonitorBuilder::trace_sampling) of what [`IdPolicy::Accept`] lets in, for there nobody's word is
    /// taken for what is sampled.
    pub fn span(self, on: bool) -> Self {
        self.with(|settings| settings.span = on && settings.monitor.is_enabled())
    }

    /// Logs only about one in `n` requests that neither failed nor were slow nor have a status from 400. They are
    /// counted all the same. Defaults to 1, which logs all; 0 logs none.
    pub fn log_one_success_in(self, n: u32) -> Self {
        self.with(|settings| settings.log_one_in = n)
    }

    /// Sets from which duration on a request is logged as slow. Defaults to one second.
    pub fn slow_after(self, duration: Duration) -> Self {
        self.with(|settings| settings.slow_after = duration)
    }

    /// Sets whether responses say in `X-Request-Duration` how long it took to the head. Defaults to `true`.
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
