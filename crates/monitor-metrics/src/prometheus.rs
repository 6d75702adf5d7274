//! `/metrics` as a tower service.
//!
//! The `metrics` facade has one global recorder per process, while a process may have several monitors. The first
//! monitor publishes to the global recorder, and every other one to a recorder of its own.

mod page;

use std::{
    convert::Infallible,
    fmt,
    future::{Ready, ready},
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use monitor_core::{Bridge, Monitor, names, panic};
use tower_service::Service;

use crate::response::text_body::TextBody;

/// Serves `/metrics` from a Prometheus recorder: the current values of the monitor, and all metrics that the program
/// records through the `metrics` facade.
///
/// The format is Prometheus' text format 0.0.4. Between scrapes the recorder is drained every ten seconds, which bounds
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
    /// The handle of the recorder that the bridge publishes to.
    handle: PrometheusHandle,
    bridge: Option<Arc<Bridge>>,
    /// The handle of the global recorder, if it holds another monitor's values.
    shared: Option<PrometheusHandle>,
    missing: Arc<AtomicBool>,
}

/// The error of a recorder that cannot be installed.
#[derive(Debug)]
pub struct InstallError(BuildError);

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
    /// Its buckets should be those of [`names::BOUNDS`].
    #[must_use]
    pub fn with_handle(monitor: &Monitor, handle: PrometheusHandle) -> Self {
        match monitor.bridge() {
            Some(bridge) if !bridge.claim() => Self::beside(monitor, handle),
            bridge => Self::new(bridge, handle, None),
        }
    }

    /// Creates an endpoint with a recorder of its own. It renders the monitor's values only, and does not touch the
    /// global recorder.
    ///
    /// # Errors
    ///
    /// If the recorder cannot be built.
    pub fn local(monitor: &Monitor) -> Result<Self, InstallError> {
        Ok(Self::with_own(monitor, builder()?, None))
    }

    /// Creates an endpoint with a recorder of its own, which also renders the program's metrics from the global
    /// recorder.
    fn beside(monitor: &Monitor, shared: PrometheusHandle) -> Self {
        // `builder` fails only for empty bounds, and `names::BOUNDS` has none.
        Self::with_own(monitor, builder().unwrap_or_default(), Some(shared))
    }

    fn with_own(monitor: &Monitor, builder: PrometheusBuilder, shared: Option<PrometheusHandle>) -> Self {
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        Self::new(monitor.bridge_to(recorder), handle, shared)
    }

    fn new(bridge: Option<Arc<Bridge>>, handle: PrometheusHandle, shared: Option<PrometheusHandle>) -> Self {
        let endpoint = Self { handle, bridge, shared, missing: Arc::default() };
        if let Some(bridge) = &endpoint.bridge {
            let handles = endpoint.handles();
            bridge.every(DRAIN, move || handles.iter().for_each(PrometheusHandle::run_upkeep));
        }
        endpoint
    }

    /// Publishes and renders all current values.
    #[must_use]
    pub fn render(&self) -> String {
        let render = || self.handle.render();
        let (mut page, is_taken) =
            self.bridge.as_ref().map_or_else(|| (render(), true), |bridge| bridge.scrape(render));
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
            page.push_str(&page::of_the_program(&shared.render()));
        }
        self.handles().iter().for_each(PrometheusHandle::run_upkeep);
        page
    }

    fn handles(&self) -> Vec<PrometheusHandle> {
        [Some(&self.handle), self.shared.as_ref()].into_iter().flatten().cloned().collect()
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
        f.write_str(
            "the program has installed a metrics recorder of its own: give its handle to PrometheusEndpoint::with_handle, \
             or use PrometheusEndpoint::local",
        )
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

/// Returns the handle of the global recorder, and installs the recorder first if necessary.
fn installed() -> Result<PrometheusHandle, InstallError> {
    static INSTALLED: Mutex<Option<PrometheusHandle>> = Mutex::new(None);
    // Held during the installation, because tests build their applications in parallel.
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = &*installed {
        return Ok(handle.clone());
    }
    let handle = builder()?.install_recorder().map_err(InstallError)?;
    Ok(installed.insert(handle).clone())
}

const DRAIN: Duration = Duration::from_secs(10);

const TEXT_FORMAT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
