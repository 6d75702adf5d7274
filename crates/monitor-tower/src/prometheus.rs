//! `/metrics` as a tower service.

use std::{
    convert::Infallible,
    fmt,
    future::{Ready, ready},
    sync::{Arc, atomic::AtomicBool},
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use monitor_core::{Bridge, Monitor, names, panic};
use tower_service::Service;

use crate::TextBody;

/// Answers `/metrics` with everything in a Prometheus recorder: the monitor's numbers as they are at this moment, and
/// whatever the program records through the `metrics` facade.
///
/// The format is Prometheus' text format 0.0.4. While nobody scrapes, the recorder is drained every ten seconds, so
/// that no sample piles up.
///
/// # Example
///
/// ```
/// use axum::Router;
/// use monitor_core::Monitor;
/// use monitor_tower::PrometheusEndpoint;
///
/// let monitor = Monitor::builder("shop").build()?;
/// let app: Router = Router::new().route_service("/metrics", PrometheusEndpoint::local(&monitor)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct PrometheusEndpoint {
    handle: PrometheusHandle,
    bridge: Option<Arc<Bridge>>,
    missing: Arc<AtomicBool>,
}

/// Why a recorder could not be installed.
#[derive(Debug)]
pub struct InstallError(BuildError);

impl PrometheusEndpoint {
    /// Installs a Prometheus recorder as the global one of the `metrics` facade, and makes an endpoint of it.
    ///
    /// # Errors
    ///
    /// When there is a global recorder already; give its handle to [`with_handle`](Self::with_handle).
    pub fn install(monitor: &Monitor) -> Result<Self, InstallError> {
        let handle = builder()?.install_recorder().map_err(InstallError)?;
        Ok(Self::with_handle(monitor, handle))
    }

    /// Makes an endpoint of a recorder that the program has installed as the global one.
    ///
    /// Its buckets should be those of [`names::BOUNDS`].
    #[must_use]
    pub fn with_handle(monitor: &Monitor, handle: PrometheusHandle) -> Self {
        Self::new(monitor.bridge(), handle)
    }

    /// Makes an endpoint of a recorder of its own. It shows the monitor's numbers only, and leaves the global recorder
    /// to others.
    ///
    /// # Errors
    ///
    /// When the recorder cannot be built.
    pub fn local(monitor: &Monitor) -> Result<Self, InstallError> {
        let recorder = builder()?.build_recorder();
        let handle = recorder.handle();
        Ok(Self::new(monitor.bridge_to(recorder), handle))
    }

    fn new(bridge: Option<Arc<Bridge>>, handle: PrometheusHandle) -> Self {
        if let Some(bridge) = &bridge {
            let handle = handle.clone();
            bridge.every(DRAIN, move || handle.run_upkeep());
        }
        Self { handle, bridge, missing: Arc::default() }
    }

    /// Publishes and renders everything as it is now.
    #[must_use]
    pub fn render(&self) -> String {
        let render = || self.handle.render();
        let (page, is_taken) = self.bridge.as_ref().map_or_else(|| (render(), true), |bridge| bridge.scrape(render));
        if !is_taken {
            panic::once(&self.missing, || {
                tracing::warn!(
                    target: "monitor",
                    "/metrics was scraped, but no metrics recorder is installed, so it shows nothing of the requests: \
                     use PrometheusEndpoint::install, or install the recorder whose handle it was given"
                );
            });
        }
        self.handle.run_upkeep();
        page
    }
}

impl<B> Service<Request<B>> for PrometheusEndpoint {
    type Response = Response<TextBody>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let mut response = Response::new(TextBody::default());
        if matches!(*request.method(), Method::GET | Method::HEAD) {
            response.headers_mut().insert(header::CONTENT_TYPE, TEXT_FORMAT);
            *response.body_mut() = TextBody::new(self.render());
        } else {
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        ready(Ok(response))
    }
}

impl fmt::Debug for PrometheusEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrometheusEndpoint").field("bridge", &self.bridge).finish_non_exhaustive()
    }
}

impl fmt::Display for InstallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the Prometheus recorder could not be installed; where the program has one, use with_handle")
    }
}

impl std::error::Error for InstallError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

fn builder() -> Result<PrometheusBuilder, InstallError> {
    names::BOUNDS.into_iter().try_fold(PrometheusBuilder::new(), |builder, (name, bounds)| {
        builder.set_buckets_for_metric(Matcher::Full(name.to_owned()), &bounds).map_err(InstallError)
    })
}

const DRAIN: Duration = Duration::from_secs(10);

const TEXT_FORMAT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
