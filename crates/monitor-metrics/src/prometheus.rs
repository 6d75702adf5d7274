//! `/metrics` as a tower service.
//!
//! The `metrics` facade has one global recorder per process, while a process may have several monitors. The first
//! monitor publishes to the global recorder, and every other one to a recorder of its own.

mod due;
mod install;
mod page;
mod program;
mod scrape;

use std::{
    convert::Infallible,
    fmt,
    future::{Ready, ready},
    ops::ControlFlow,
    sync::{Arc, atomic::AtomicBool},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use metrics_exporter_prometheus::{PrometheusHandle, PrometheusRecorder};
use monitor_core::{Monitor, clock, instrument::panic};
use tower_service::Service;

pub use self::install::InstallError;
use self::{
    due::Due,
    install::{builder, installed},
};
use crate::bridge::Bridge;

/// Serves `/metrics` from a Prometheus recorder: the current values of the monitor, and all metrics that the program
/// records through the `metrics` facade.
///
/// The format is Prometheus' text format 0.0.4. The monitor's values are published to the recorder just before a page
/// is rendered. Between scrapes the recorder is drained every ten seconds, which bounds
/// the samples it holds. Scrapes are counted and logged like other requests, unless the path is untracked; `/metrics`
/// is by default.
///
/// # Several monitors in one process
///
/// Each endpoint renders the values of its own monitor only, even if an application is built twice, as in tests. The
/// global recorder holds those of the first monitor. The endpoint of any other monitor publishes them to a recorder of
/// its own, and renders them together with the program's metrics from the global recorder.
///
/// # Example
///
/// ```
/// use axum::Router;
/// use monitor_kit::{Monitor, PrometheusEndpoint};
///
/// let app = || -> Result<Router, Box<dyn std::error::Error>> {
///     let monitor = Monitor::builder("shop").build()?;
///     Ok(Router::new().route_service("/metrics", PrometheusEndpoint::install(&monitor)?))
/// };
/// let (_first, _second) = (app()?, app()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct PrometheusEndpoint {
    monitor: Monitor,
    bridge: Arc<Bridge>,
    /// The handle of the recorder that the bridge publishes to.
    handle: PrometheusHandle,
    /// The handle of the global recorder, if it holds another monitor's values.
    shared: Option<PrometheusHandle>,
    missing: Arc<AtomicBool>,
}

impl PrometheusEndpoint {
    /// Creates an endpoint for the global recorder of the `metrics` facade. The first call installs that recorder.
    ///
    /// # Errors
    ///
    /// If the program has installed a global recorder of its own: pass its handle to
    /// [`with_handle`](Self::with_handle), or use [`local`](Self::local), which does not need the global recorder.
    pub fn install(monitor: &Monitor) -> Result<Self, InstallError> {
        Ok(Self::with_handle(monitor, installed()?))
    }

    /// Creates an endpoint for a global recorder that the program has installed.
    ///
    /// Its buckets should be those of [`names::BOUNDS`](monitor_core::names::BOUNDS):
    ///
    /// ```
    /// use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
    /// use monitor_kit::{Monitor, PrometheusEndpoint, names};
    ///
    /// let mut builder = PrometheusBuilder::new().add_global_label("zone", "a");
    /// for (name, bounds) in names::BOUNDS {
    ///     builder = builder.set_buckets_for_metric(Matcher::Full(name.into()), &bounds)?;
    /// }
    /// let handle = builder.install_recorder()?;
    /// let monitor = Monitor::builder("shop").build()?;
    /// let endpoint = PrometheusEndpoint::with_handle(&monitor, handle);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_handle(monitor: &Monitor, handle: PrometheusHandle) -> Self {
        match Bridge::global(monitor) {
            Some(bridge) => Self::new(monitor, bridge, handle, None),
            // `builder` fails only for empty bounds, and `names::BOUNDS` has none.
            None => Self::beside(monitor, builder().unwrap_or_default().build_recorder(), Some(handle)),
        }
    }

    /// Creates an endpoint with a recorder of its own. It renders the monitor's values only, and does not touch the
    /// global recorder.
    ///
    /// # Errors
    ///
    /// If the recorder cannot be built.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::{Monitor, PrometheusEndpoint};
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// let endpoint = PrometheusEndpoint::local(&monitor)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn local(monitor: &Monitor) -> Result<Self, InstallError> {
        Ok(Self::with_recorder(monitor, builder()?.build_recorder()))
    }

    /// Creates an endpoint with this recorder, which is not the global one, for settings other than those of
    /// [`local`](Self::local).
    ///
    /// # Example: a label in every line
    ///
    /// ```
    /// use metrics_exporter_prometheus::PrometheusBuilder;
    /// use monitor_kit::{Monitor, PrometheusEndpoint};
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// let recorder = PrometheusBuilder::new().add_global_label("zone", "a").build_recorder();
    /// let endpoint = PrometheusEndpoint::with_recorder(&monitor, recorder);
    /// assert!(endpoint.render().contains(r#"app_build_info{zone="a","#));
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    #[must_use]
    pub fn with_recorder(monitor: &Monitor, recorder: PrometheusRecorder) -> Self {
        Self::beside(monitor, recorder, None)
    }

    /// Creates an endpoint with a recorder of its own, which also renders the program's metrics from the global
    /// recorder.
    fn beside(monitor: &Monitor, recorder: PrometheusRecorder, shared: Option<PrometheusHandle>) -> Self {
        let handle = recorder.handle();
        let bridge = Arc::new(Bridge::to(recorder));
        Self::new(monitor, bridge, handle, shared)
    }

    fn new(monitor: &Monitor, bridge: Arc<Bridge>, handle: PrometheusHandle, shared: Option<PrometheusHandle>) -> Self {
        let endpoint = Self { monitor: monitor.clone(), bridge, handle, shared, missing: Arc::default() };
        endpoint.keep_drained();
        endpoint
    }

    /// Publishes and drains the recorder's samples every ten seconds, until the bridge or the monitor is dropped.
    fn keep_drained(&self) {
        let (bridge, handles, due) = (Arc::downgrade(&self.bridge), self.handles(), Due::new(DRAIN));
        self.monitor.every_second(move |monitor| {
            let Some(bridge) = bridge.upgrade() else { return ControlFlow::Break(()) };
            if due.is_now(clock::now()) {
                bridge.publish(monitor);
                handles.iter().for_each(PrometheusHandle::run_upkeep);
            }
            ControlFlow::Continue(())
        });
    }

    /// Publishes requests under the metric names of Prometheus' Flask exporter as well: `flask_http_request_total` with
    /// `method` and `status`, `flask_http_request_exceptions_total`, `flask_http_request_duration_seconds`,
    /// `flask_exporter_info`. Dashboards made for that exporter keep working. Defaults to the names in
    /// [`names`](monitor_core::names) only.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::{Monitor, PrometheusEndpoint};
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// let endpoint = PrometheusEndpoint::local(&monitor)?.flask_names();
    /// assert!(endpoint.render().contains("flask_exporter_info"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn flask_names(self) -> Self {
        self.bridge.add_flask_names();
        self
    }

    /// Publishes and renders all current values.
    #[must_use]
    pub fn render(&self) -> String {
        let (mut page, is_taken) = self.bridge.scrape(&self.monitor, || self.handle.render());
        if !is_taken {
            panic::once(&self.missing, || {
                tracing::warn!(
                    target: "monitor",
                    "/metrics was scraped, but no metrics recorder is installed, so it shows nothing of the requests: \
                     use PrometheusEndpoint::install, or install the recorder whose handle it was given"
                );
            });
        }
        if let Some(shared) = &self.shared {
            page.push_str(&program::of_the_program(&shared.render()));
        }
        self.handles().iter().for_each(PrometheusHandle::run_upkeep);
        page
    }

    fn handles(&self) -> Vec<PrometheusHandle> {
        [Some(&self.handle), self.shared.as_ref()].into_iter().flatten().cloned().collect()
    }
}

impl<B> Service<Request<B>> for PrometheusEndpoint {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let mut response = Response::new(Full::default());
        if matches!(*request.method(), Method::GET | Method::HEAD) {
            response.headers_mut().insert(header::CONTENT_TYPE, TEXT_FORMAT);
            *response.body_mut() = Full::from(self.render());
        } else {
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        ready(Ok(response))
    }
}

impl fmt::Debug for PrometheusEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrometheusEndpoint")
            .field("monitor", &self.monitor)
            .field("bridge", &self.bridge)
            .finish_non_exhaustive()
    }
}

const DRAIN: Duration = Duration::from_secs(10);

const TEXT_FORMAT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
