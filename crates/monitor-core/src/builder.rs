//! The settings of a monitor, one after another.

mod build;
mod check;
mod errors;

use std::{fmt, sync::Arc, time::Duration};

use metrics::Recorder;

use crate::{
    event::{
        EventKind,
        grouping::in_app::InApp,
        rules::{Ignore, Sampling},
        type_names::TypeNames,
    },
    monitor::{Monitor, PanicHook, TRACE_SAMPLING, resolver::BeforeReport},
    persist::Persist,
    redact::Redaction,
    signal::{
        Signal,
        log_reporter::LogReporter,
        reporter::{FnReporter, Reporter},
    },
    traffic::Measured,
};

/// Settings of a [`Monitor`](crate::Monitor). Made by [`Monitor::builder`](crate::Monitor::builder).
///
/// # Example
///
/// ```
/// use monitor_kit::{Monitor, Redaction};
///
/// let monitor = Monitor::builder("shop")
///     .release("1.4.2")
///     .environment("production")
///     .routes([("GET", "/items/{id}"), ("POST", "/orders")])
///     .untracked(["/internal"])
///     .redaction(Redaction::new().secret_keys(["iban"]))
///     .before_report(|event| (event.type_name != "shop::OutOfStock").then_some(event))
///     .build()?;
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
#[must_use]
pub struct MonitorBuilder {
    service: String,
    release: Option<String>,
    revision: String,
    environment: Option<String>,
    routes: Vec<(String, String)>,
    grpc_methods: Vec<String>,
    untracked: Vec<String>,
    protected: Vec<String>,
    persist: Option<Arc<dyn Persist>>,
    raw_paths: bool,
    show_full_ips: bool,
    trace_sampling: f64,
    flask_names: bool,
    measured: Measured,
    sampling: Sampling,
    ignore: Ignore,
    error_types: TypeNames,
    in_app: InApp,
    source_excerpts: bool,
    redaction: Redaction,
    before_report: Option<BeforeReport>,
    log: Option<LogReporter>,
    reporters: Vec<Box<dyn Reporter>>,
    recorder: Option<Arc<dyn Recorder + Send + Sync>>,
    panic_hook: PanicHook,
    bounds: Bounds,
}

/// How much is kept at most.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    queue: usize,
    series: usize,
    sources: usize,
    issues: usize,
    sample_bytes: usize,
    retention: Duration,
    storm: u32,
}

// === impl MonitorBuilder ===

impl Monitor {
    /// Begins to build a monitor for `service`.
    pub fn builder(service: impl Into<String>) -> MonitorBuilder {
        MonitorBuilder::new(service.into())
    }
}

impl MonitorBuilder {
    pub(crate) fn new(service: String) -> Self {
        Self {
            service,
            release: None,
            revision: String::new(),
            environment: None,
            routes: Vec::new(),
            grpc_methods: Vec::new(),
            untracked: ["/health", "/metrics", "/grpc.health.v1.Health"].map(String::from).into(),
            protected: Vec::new(),
            persist: None,
            raw_paths: false,
            show_full_ips: false,
            trace_sampling: TRACE_SAMPLING,
            flask_names: false,
            measured: Measured::default(),
            sampling: Sampling([1.0; EventKind::ALL.len()]),
            ignore: Ignore::default(),
            error_types: TypeNames::default(),
            in_app: InApp::default(),
            source_excerpts: true,
            redaction: Redaction::new(),
            before_report: None,
            log: Some(LogReporter::new()),
            reporters: Vec::new(),
            recorder: None,
            panic_hook: PanicHook::default(),
            bounds: Bounds {
                queue: 1024,
                series: 1000,
                sources: 4096,
                issues: 1000,
                sample_bytes: 64 * 1024 * 1024,
                retention: Duration::from_secs(90 * 24 * 60 * 60),
                storm: 100,
            },
        }
    }

    /// Sets the release. Defaults to the environment variable `RELEASE_VERSION`, else `unknown`.
    pub fn release(mut self, release: impl Into<String>) -> Self {
        self.release = Some(release.into());
        self
    }

    /// Sets the revision the release was built from, such as a commit's hash. Defaults to none.
    pub fn revision(mut self, revision: impl Into<String>) -> Self {
        self.revision = revision.into();
        self
    }

    /// Sets the environment. Defaults to the environment variable `ENVIRONMENT`, else `development`.
    pub fn environment(mut self, environment: impl Into<String>) -> Self {
        self.environment = Some(environment.into());
        self
    }

    /// Declares routes by method and template. Their series exist from the start at 0, so that an alert on an increase
    /// sees the very first failure. Name each as the router does: the log has a warning where a route is requested that is
    /// not declared, while declared ones are not requested. Defaults to none.
    pub fn routes<M: Into<String>, R: Into<String>>(mut self, routes: impl IntoIterator<Item = (M, R)>) -> Self {
        self.routes.extend(routes.into_iter().map(|(method, route)| (method.into(), route.into())));
        self
    }

    /// Declares methods of gRPC services by their path, `/package.Service/Method`. Each is a route of its own, whose failures
    /// exist from the start at 0; calls of any other method are those of the router's template, or unmatched. Defaults to
    /// none.
    pub fn grpc_methods(mut self, methods: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.grpc_methods.extend(methods.into_iter().map(Into::into));
        self
    }

    /// Leaves requests to these paths, and to all below them, out of everything that is counted and reported. Defaults
    /// to `/health`, `/metrics` and gRPC's `/grpc.health.v1.Health`, which stay in the list.
    pub fn untracked(mut self, paths: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.untracked.extend(paths.into_iter().map(Into::into));
        self
    }

    /// Keeps these routes and all below them in service: nobody can [disable](crate::Monitor::disable_route) them, as nobody can
    /// the untracked ones. Name the routes that enable others. Defaults to none.
    pub fn protected_routes(mut self, routes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.protected.extend(routes.into_iter().map(Into::into));
        self
    }

    /// Sets what keeps state over a restart: issues, and which routes are disabled. What is still disabled after one is told
    /// again. Defaults to nothing: after a restart there is no issue, and every route is enabled.
    pub fn persist(mut self, persist: impl Persist) -> Self {
        self.persist = Some(Arc::new(persist));
        self
    }

    /// Shows paths as the client sent them, masked but with whatever identifiers they hold. Defaults to `false`: a path
    /// is shown as its route.
    pub fn show_raw_paths(mut self, raw_paths: bool) -> Self {
        self.raw_paths = raw_paths;
        self
    }

    /// Shows clients' addresses in full. Defaults to `false`: the first 24 bits of an IPv4 address are shown, and the first
    /// 48 of an IPv6 address.
    pub fn show_full_ips(mut self, on: bool) -> Self {
        self.show_full_ips = on;
        self
    }

    /// Sets which share of traces is marked as sampled, from 0 to 1, of those that begin here and of those whose caller is not
    /// obeyed in that. Services asked on behalf of a request
    /// whose sampler follows its parent record these and no others. Where OpenTelemetry takes the spans of requests, its
    /// sampler decides. Defaults to 0.1.
    pub fn trace_sampling(mut self, share: f64) -> Self {
        self.trace_sampling = share;
        self
    }

    /// Publishes requests by the names of Prometheus' Flask exporter as well: `flask_http_request_total` with `method` and
    /// `status`, `flask_http_request_exceptions_total`, `flask_http_request_duration_seconds`, `flask_exporter_info`. A
    /// dashboard made for it keeps working. Defaults to `false`.
    pub fn flask_names(mut self, on: bool) -> Self {
        self.flask_names = on;
        self
    }

    /// Measures the time to the first byte of each response, as [`names::TIME_TO_FIRST_BYTE`]. A stream is answered early
    /// and ends late; its duration alone does not tell a slow start from a long life. Defaults to `false`.
    ///
    /// [`names::TIME_TO_FIRST_BYTE`]: crate::names::TIME_TO_FIRST_BYTE
    pub fn time_to_first_byte(mut self, on: bool) -> Self {
        self.measured.first_byte = on;
        self
    }

    /// Measures how many bytes each response body gives, as [`names::RESPONSE_BODY_SIZE`]. Defaults to `false`.
    ///
    /// [`names::RESPONSE_BODY_SIZE`]: crate::names::RESPONSE_BODY_SIZE
    pub fn response_body_size(mut self, on: bool) -> Self {
        self.measured.body_size = on;
        self
    }

    /// Shows personal data, as the option of this name does in Sentry's libraries: clients' whole addresses, and e-mail and IP
    /// addresses in texts. Secrets, cards and accounts are masked all the same. Set it after
    /// [`redaction`](Self::redaction). Defaults to `false`.
    pub fn send_default_pii(mut self, on: bool) -> Self {
        self.show_full_ips = on;
        self.redaction = self.redaction.personal_data(on);
        self
    }

    /// Sets what is masked. Defaults to [`Redaction::new`].
    pub fn redaction(mut self, redaction: Redaction) -> Self {
        self.redaction = redaction;
        self
    }

    /// Adds a reporter. Defaults to none beside the [`LogReporter`].
    pub fn reporter(mut self, reporter: impl Reporter) -> Self {
        self.reporters.push(Box::new(reporter));
        self
    }

    /// Adds a reporter made of a name and a function.
    pub fn reporter_fn(self, name: impl Into<String>, report: impl FnMut(&Signal) + Send + 'static) -> Self {
        self.reporter(FnReporter { name: name.into(), report })
    }

    /// Sets the reporter that writes events to the log, or none. Defaults to [`LogReporter::new`].
    pub fn log(mut self, log: impl Into<Option<LogReporter>>) -> Self {
        self.log = log.into();
        self
    }

    /// Publishes metrics to this recorder instead of the global one. Two monitors in one process need a recorder each, for
    /// their series have the same names.
    pub fn recorder(mut self, recorder: impl Recorder + Send + Sync + 'static) -> Self {
        self.recorder = Some(Arc::new(recorder));
        self
    }

    /// Sets what becomes of the process's panic hook, which the first monitor that needs one installs. Defaults to
    /// [`PanicHook::Replace`].
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::{Monitor, PanicHook};
    ///
    /// // The terminal of a developer shows every panic as it did before.
    /// let monitor = Monitor::builder("shop").panic_hook(PanicHook::CallPrevious).build()?;
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    pub fn panic_hook(mut self, hook: PanicHook) -> Self {
        self.panic_hook = hook;
        self
    }

    /// Sets how many events or signals each queue holds. Defaults to 1024.
    pub fn queue_bound(mut self, bound: usize) -> Self {
        self.bounds.queue = bound;
        self
    }

    /// Sets how many pairs of method and route are told apart. Defaults to 1000.
    pub fn series_limit(mut self, limit: usize) -> Self {
        self.bounds.series = limit;
        self
    }
}

impl fmt::Debug for MonitorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitorBuilder").field("service", &self.service).finish_non_exhaustive()
    }
}
