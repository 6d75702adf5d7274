//! `/metrics` as a tower service.
//!
//! A page has two parts. The monitor's series are rendered directly from its counters. The program's own metrics come
//! from a recorder of metrics-exporter-prometheus, by default the global one of the `metrics` facade, and are rendered
//! by that exporter. The monitor publishes nothing to this recorder.

mod body;
mod due;
#[cfg(test)]
mod equality;
mod install;
mod page;
mod program;
mod service;
mod text;

use std::{fmt, sync::Arc};

use metrics_exporter_prometheus::PrometheusHandle;
use monitor_core::Monitor;

pub use self::{body::PrometheusBody, install::InstallError};
use self::{
    install::installed,
    page::Page,
    program::Program,
    text::{EndpointLabels, label_name},
};
use crate::{
    family::{self, Family, flask},
    snapshot::Reading,
    start::Start,
};

/// Serves `/metrics`: the current values of the monitor, and the metrics that the program records through the `metrics`
/// facade.
///
/// The format is Prometheus' text format 0.0.4. The counters are read and rendered while the response is sent, in steps
/// of less than a millisecond between which other tasks run; the program's metrics are one step. All metrics of a route
/// are of one moment, those of two routes need not be. A `HEAD` request renders nothing. Scrapes are counted and logged
/// like other requests, unless the path is untracked; `/metrics` is by default.
///
/// # Several monitors in one process
///
/// Each endpoint renders the values of its own monitor only, even if an application is built twice, as in tests. The
/// program's metrics are on the page of each endpoint that was made by [`install`](Self::install) or
/// [`with_handle`](Self::with_handle).
///
/// # Names
///
/// A metric of the program with the name of one of the monitor's is left out, because a page must not describe a name
/// twice. A warning with the target `monitor` names it once.
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
    families: Arc<[&'static Family]>,
    labels: EndpointLabels,
    start: Arc<Start>,
    /// `None` for an endpoint that shows the monitor only.
    program: Option<Arc<Program>>,
}

impl PrometheusEndpoint {
    /// Creates an endpoint that shows the monitor, and the program's metrics from the global recorder of the `metrics`
    /// facade. The first call installs that recorder, which is one of metrics-exporter-prometheus with its default
    /// settings: the program's histograms are summaries.
    ///
    /// # Errors
    ///
    /// If the program has installed a global recorder of its own. If that is one of metrics-exporter-prometheus, pass
    /// its handle to [`with_handle`](Self::with_handle); otherwise use [`local`](Self::local).
    pub fn install(monitor: &Monitor) -> Result<Self, InstallError> {
        Ok(Self::with_handle(monitor, installed()?))
    }

    /// Creates an endpoint that shows the monitor, and the program's metrics from a recorder that the program has
    /// built, such as a global one with buckets or labels.
    ///
    /// The recorder's settings hold for the program's metrics only; [`label`](Self::label) adds a label to the
    /// monitor's. The endpoint drains the recorder every ten seconds, so the program need not run its upkeep.
    ///
    /// # Example: buckets, and a label in every line
    ///
    /// ```
    /// use metrics_exporter_prometheus::PrometheusBuilder;
    /// use monitor_kit::{Monitor, PrometheusEndpoint};
    ///
    /// let builder = PrometheusBuilder::new().set_buckets(&[0.01, 0.1, 1.0])?.add_global_label("zone", "a");
    /// let handle = builder.install_recorder()?;
    /// let monitor = Monitor::builder("shop").build()?;
    /// let endpoint = PrometheusEndpoint::with_handle(&monitor, handle).label("zone", "a");
    /// metrics::counter!("orders_total").increment(1);
    /// let page = endpoint.render();
    /// assert!(page.contains(r#"orders_total{zone="a"} 1"#));
    /// assert!(page.contains(r#"app_build_info{zone="a","#));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_handle(monitor: &Monitor, handle: PrometheusHandle) -> Self {
        let program = Arc::new(Program::new(handle));
        program.keep_drained(monitor);
        Self { program: Some(program), ..Self::local(monitor) }
    }

    /// Creates an endpoint that shows the monitor only. It needs no recorder.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::{Monitor, PrometheusEndpoint};
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// let endpoint = PrometheusEndpoint::local(&monitor);
    /// assert!(endpoint.render().contains("app_build_info"));
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    #[must_use]
    pub fn local(monitor: &Monitor) -> Self {
        Self {
            monitor: monitor.clone(),
            families: family::all().collect(),
            labels: EndpointLabels::new(),
            start: Arc::new(Start::measure()),
            program: None,
        }
    }

    /// Adds a label to each of the monitor's series. The program's metrics have those of its recorder. Defaults to no
    /// label.
    ///
    /// A character that the name of a label cannot have is replaced by `_`. A label that the monitor itself sets is not
    /// replaced.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::{Monitor, PrometheusEndpoint};
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// let endpoint = PrometheusEndpoint::local(&monitor).label("zone", "a");
    /// assert!(endpoint.render().contains(r#"app_build_info{zone="a","#));
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    #[must_use]
    pub fn label(mut self, name: impl AsRef<str>, value: impl Into<String>) -> Self {
        let name = label_name(name.as_ref());
        self.labels.retain(|(other, _)| *other != name);
        self.labels.push((name, value.into()));
        self
    }

    /// Shows requests under the metric names of Prometheus' Flask exporter as well: `flask_http_request_total` with
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
    /// let endpoint = PrometheusEndpoint::local(&monitor).flask_names();
    /// assert!(endpoint.render().contains("flask_exporter_info"));
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    #[must_use]
    pub fn flask_names(mut self) -> Self {
        self.families = family::all().chain(flask::FAMILIES).collect();
        self
    }

    /// Renders all current values at once. With 10,000 routes a page has about 30 MB, so a program that serves it from
    /// an async runtime should call the endpoint as a service.
    #[must_use]
    pub fn render(&self) -> String {
        self.page().render()
    }

    fn page(&self) -> Page {
        let reading = Reading::begin(&self.monitor, &self.start);
        Page::new(reading, Arc::clone(&self.families), self.labels.clone(), self.program.clone())
    }
}

impl fmt::Debug for PrometheusEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrometheusEndpoint")
            .field("monitor", &self.monitor)
            .field("labels", &self.labels)
            .finish_non_exhaustive()
    }
}
