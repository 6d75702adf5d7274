//! Layers with a single feature each.
//!
//! They can be stacked in any order. A layer around the one that answers a panic still sees the panic, through the
//! response's marker, and the response to a panic always contains the request ID.

use std::{net::IpAddr, sync::Arc};

use http::{HeaderName, StatusCode};
use monitor_core::Monitor;
use tower_layer::Layer;

use crate::{
    request::{head::RequestHead, id_policy::IdPolicy},
    settings::{Settings, refusal},
    watch::service::MonitorService,
};

/// Gives each request a request ID and a trace, both in its [scope](monitor_core::scope), and sets the request ID as
/// `X-Request-ID` on the response.
///
/// # Example
///
/// ```
/// use monitor_kit::RequestIdLayer;
/// use tower::ServiceBuilder;
///
/// let stack = ServiceBuilder::new().layer(RequestIdLayer::new());
/// ```
///
/// # Example: behind a gateway that assigns the request ID
///
/// ```
/// use std::net::SocketAddr;
/// use http::HeaderName;
/// use monitor_kit::{IdPolicy, Networks, RequestIdLayer};
///
/// let layer = RequestIdLayer::new()
///     .id_header(HeaderName::from_static("x-correlation-id"))
///     .id_policy(IdPolicy::TrustedPeer(Networks::parse(["10.0.0.0/8"])?))
///     .peer(|head| head.extensions.get::<SocketAddr>().map(SocketAddr::ip));
/// # Ok::<(), monitor_kit::NetworkError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct RequestIdLayer(Arc<Settings>);

/// Counts and times each request, and reports the time to the response's head in `X-Request-Duration`.
///
/// # Example
///
/// ```
/// use monitor_kit::{Monitor, TimingLayer};
/// use tower::ServiceBuilder;
///
/// let monitor = Monitor::builder("shop").build()?;
/// let stack = ServiceBuilder::new().layer(TimingLayer::new(&monitor));
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
///
/// # Example: the header alone
///
/// ```
/// use monitor_kit::{Monitor, TimingLayer};
///
/// let layer = TimingLayer::new(&Monitor::disabled());
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct TimingLayer(Arc<Settings>);

/// Answers a panic with a 500 as `application/problem+json`, and captures it. The service's errors and responses are
/// left unchanged.
///
/// # Example
///
/// ```
/// use monitor_kit::{CatchPanicLayer, Monitor};
/// use tower::ServiceBuilder;
///
/// let monitor = Monitor::builder("shop").build()?;
/// let stack = ServiceBuilder::new().layer(CatchPanicLayer::new(&monitor));
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
///
/// # Example: without a monitor
///
/// ```
/// use monitor_kit::{CatchPanicLayer, Monitor};
///
/// let layer = CatchPanicLayer::new(&Monitor::disabled());
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct CatchPanicLayer(Arc<Settings>);

/// Refuses requests to routes that are [disabled](Monitor::disable_route), with a problem (RFC 9457) and `Retry-After`.
/// It finds the route as [`MonitorLayer`](crate::MonitorLayer) does. It counts nothing itself: a layer around it that
/// counts also counts its refusals. While no route is disabled, a request costs one relaxed load.
///
/// # Example
///
/// ```
/// use monitor_kit::{Monitor, RouteSwitchLayer};
/// use tower::ServiceBuilder;
///
/// let monitor = Monitor::builder("shop").routes([("GET", "/error")]).build()?;
/// let stack = ServiceBuilder::new().layer(RouteSwitchLayer::new(&monitor));
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
///
/// # Example: routes of a custom router
///
/// ```
/// use http::StatusCode;
/// use monitor_kit::{Monitor, RouteSwitchLayer};
///
/// #[derive(Clone)]
/// struct Template(&'static str);
///
/// let layer = RouteSwitchLayer::new(&Monitor::disabled())
///     .route(|head| head.extensions.get::<Template>().map(|template| template.0))
///     .mount("/static")
///     .refusal_status(StatusCode::TOO_MANY_REQUESTS);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct RouteSwitchLayer(Arc<Settings>);

impl RequestIdLayer {
    /// Creates the layer, which needs no monitor.
    pub fn new() -> Self {
        Self(Arc::new(Settings { identify: true, ..Settings::none(&Monitor::disabled()) }))
    }

    /// Sets the policy for request IDs and traces that clients send. Defaults to [`IdPolicy::Own`].
    pub fn id_policy(mut self, policy: IdPolicy) -> Self {
        Arc::make_mut(&mut self.0).id_policy = policy;
        self
    }

    /// Sets the header of the request ID, on requests and on responses. Defaults to `x-request-id`.
    pub fn id_header(mut self, header: HeaderName) -> Self {
        Arc::make_mut(&mut self.0).id_header = header;
        self
    }

    /// Sets the function that finds the address of the peer, for [`IdPolicy::TrustedPeer`]. Defaults to axum's
    /// `ConnectInfo` with the feature `axum`; otherwise the peer is unknown.
    pub fn peer(mut self, f: impl for<'a> Fn(&RequestHead<'a>) -> Option<IpAddr> + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.0).peer_of = Some(Arc::new(f));
        self
    }
}

impl Default for RequestIdLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl TimingLayer {
    /// Creates the layer. With a disabled monitor it sets the header, but does not count.
    pub fn new(monitor: &Monitor) -> Self {
        Self(Arc::new(Settings { show_duration: true, count: monitor.is_enabled(), ..Settings::none(monitor) }))
    }
}

impl CatchPanicLayer {
    /// Creates the layer. With a disabled monitor it answers panics, but does not capture them.
    pub fn new(monitor: &Monitor) -> Self {
        Self(Arc::new(Settings {
            answer_panics: true,
            capture_panics: monitor.is_enabled(),
            ..Settings::none(monitor)
        }))
    }
}

impl RouteSwitchLayer {
    /// Creates the layer. With a disabled monitor it refuses nothing.
    pub fn new(monitor: &Monitor) -> Self {
        Self(Arc::new(Settings { refuse: monitor.is_enabled(), ..Settings::none(monitor) }))
    }

    /// Sets the function that finds a request's route template. The default is that of
    /// [`MonitorLayer::route`](crate::MonitorLayer::route).
    pub fn route(mut self, f: impl for<'a> Fn(&RequestHead<'a>) -> Option<&'a str> + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.0).route_of = Some(Arc::new(f));
        self
    }

    /// Names the route of requests to `path` and below it, as [`MonitorLayer::mount`](crate::MonitorLayer::mount) does.
    pub fn mount(mut self, path: &str) -> Self {
        Arc::make_mut(&mut self.0).mounts.add(path);
        self
    }

    /// Sets the status of refused requests. A status below 400 is replaced by 503. Defaults to 503.
    pub fn refusal_status(mut self, status: StatusCode) -> Self {
        Arc::make_mut(&mut self.0).refusal_status = refusal(status);
        self
    }
}

impl<S> Layer<S> for RouteSwitchLayer {
    type Service = MonitorService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        MonitorService::new(inner, Arc::clone(&self.0))
    }
}

impl<S> Layer<S> for RequestIdLayer {
    type Service = MonitorService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        MonitorService::new(inner, Arc::clone(&self.0))
    }
}

impl<S> Layer<S> for TimingLayer {
    type Service = MonitorService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        MonitorService::new(inner, Arc::clone(&self.0))
    }
}

impl<S> Layer<S> for CatchPanicLayer {
    type Service = MonitorService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        MonitorService::new(inner, Arc::clone(&self.0))
    }
}
