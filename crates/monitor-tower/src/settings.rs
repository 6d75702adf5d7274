//! The settings of a layer, fixed when it is built and shared by all its services.

use std::{
    fmt,
    net::IpAddr,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use http::{HeaderName, Response, StatusCode};
use monitor_core::{
    Monitor, RequestId, Scope,
    instrument::{
        Series,
        panic::{self, PanicMode},
    },
};

use crate::{
    request::{
        forwarded::TrustedProxies, head::RequestHead, id_policy::IdPolicy, mounts::Mounts, own_headers::REQUEST_ID,
    },
    response::text_body::TextBody,
};

type RouteOf = dyn for<'a> Fn(&RequestHead<'a>) -> Option<&'a str> + Send + Sync;
type PeerOf = dyn for<'a> Fn(&RequestHead<'a>) -> Option<IpAddr> + Send + Sync;
type AnswerPanic = dyn Fn(&PanicContext) -> Response<TextBody> + Send + Sync;

/// The settings of every layer: [`MonitorLayer`](crate::MonitorLayer) and the single layers share one service, which
/// reads them.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) monitor: Monitor,
    /// Sets `X-Request-ID` on the response.
    pub(crate) identify: bool,
    /// Sets `X-Request-Duration` on the response.
    pub(crate) show_duration: bool,
    /// Counts the request.
    pub(crate) count: bool,
    /// Captures panics.
    pub(crate) capture_panics: bool,
    /// Captures errors and bare responses of 500 and above, and answers the latter with a problem.
    pub(crate) capture_errors: bool,
    /// Answers a panic instead of passing it on.
    pub(crate) answer_panics: bool,
    /// Refuses requests to disabled routes.
    pub(crate) refuse: bool,
    pub(crate) refusal_status: StatusCode,
    /// Opens a span.
    pub(crate) span: bool,
    /// Writes the log line.
    pub(crate) log: bool,
    /// One in this many successes is logged; 0 logs none.
    pub(crate) log_one_in: u32,
    pub(crate) slow_after: Duration,
    pub(crate) route_of: Option<Arc<RouteOf>>,
    pub(crate) mounts: Mounts,
    pub(crate) answer_panic: Option<Arc<AnswerPanic>>,
    pub(crate) id_policy: IdPolicy,
    pub(crate) id_header: HeaderName,
    pub(crate) proxies: Option<TrustedProxies>,
    pub(crate) peer_of: Option<Arc<PeerOf>>,
    /// The warning of stacked layers was logged.
    pub(crate) stacked: Arc<AtomicBool>,
    /// The warning of an unknown peer was logged.
    pub(crate) peerless: Arc<AtomicBool>,
}

/// The request to which a panic response belongs. It contains nothing about the panic itself, which clients must not
/// see.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PanicContext {
    /// The request ID.
    pub request_id: RequestId,
}

impl Settings {
    /// All features off.
    pub(crate) fn none(monitor: &Monitor) -> Self {
        Self {
            monitor: monitor.clone(),
            identify: false,
            show_duration: false,
            count: false,
            capture_panics: false,
            capture_errors: false,
            answer_panics: false,
            refuse: false,
            refusal_status: StatusCode::SERVICE_UNAVAILABLE,
            span: false,
            log: false,
            log_one_in: 1,
            slow_after: Duration::from_secs(1),
            route_of: None,
            mounts: Mounts::default(),
            answer_panic: None,
            id_policy: IdPolicy::Own,
            id_header: REQUEST_ID,
            proxies: None,
            peer_of: None,
            stacked: Arc::default(),
            peerless: Arc::default(),
        }
    }

    /// All features on except for the span; all off if the monitor is disabled.
    pub(crate) fn all(monitor: &Monitor) -> Self {
        let on = monitor.is_enabled();
        Self {
            identify: on,
            show_duration: on,
            count: on,
            capture_panics: on,
            capture_errors: on,
            answer_panics: on,
            refuse: on,
            log: on,
            ..Self::none(monitor)
        }
    }

    /// Warns once, in a debug build, that the layer around this one already counts the request.
    pub(crate) fn warn_of_stacking(&self, around: Option<&Scope>) {
        if cfg!(debug_assertions) && around.is_some_and(|around| Series::of(around, &self.monitor).is_some()) {
            panic::once(&self.stacked, || {
                tracing::warn!(
                    target: "monitor",
                    "a layer that counts requests is inside another one of the same monitor, so its requests are \
                     counted twice: remove one of the two"
                );
            });
        }
    }

    /// Warns once that the peer of a request is unknown, although the settings trust peers by their address.
    pub(crate) fn warn_of_unknown_peer(&self) {
        if self.proxies.is_some() || matches!(self.id_policy, IdPolicy::TrustedPeer(_)) {
            panic::once(&self.peerless, || {
                tracing::warn!(
                    target: "monitor",
                    "peers or proxies are to be trusted by their address, but a request has none: serve with axum's \
                     into_make_service_with_connect_info, or set MonitorLayer::peer"
                );
            });
        }
    }

    /// Returns how panics are handled.
    pub(crate) fn fate(&self) -> PanicMode {
        if self.capture_panics { PanicMode::Captured } else { PanicMode::Printed }
    }

    /// Returns whether the layer has nothing to do for a request.
    pub(crate) fn is_off(&self) -> bool {
        let Self { identify, show_duration, count, capture_panics, capture_errors, answer_panics, log, .. } = *self;
        let watches = identify || show_duration || count || capture_panics || capture_errors || answer_panics || log;
        !(watches || self.refuse && self.monitor.has_disabled_routes())
    }
}

/// Returns `status` if it is an error, otherwise 503: clients would take a refusal with any other status for a success.
pub(crate) fn refusal(status: StatusCode) -> StatusCode {
    if status.is_client_error() || status.is_server_error() { status } else { StatusCode::SERVICE_UNAVAILABLE }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            monitor,
            identify,
            show_duration,
            count,
            capture_panics,
            capture_errors,
            answer_panics,
            refuse,
            log,
            ..
        } = self;
        f.debug_struct("Settings")
            .field("monitor", monitor)
            .field("identify", identify)
            .field("show_duration", show_duration)
            .field("count", count)
            .field("capture_panics", capture_panics)
            .field("capture_errors", capture_errors)
            .field("answer_panics", answer_panics)
            .field("refuse", refuse)
            .field("log", log)
            .finish_non_exhaustive()
    }
}
