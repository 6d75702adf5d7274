//! The builder of a monitor. [`MonitorBuilder`] collects the settings; `check` refuses those that cannot work, and
//! `build` starts the monitor's threads.

mod build;
mod check;
pub(crate) mod errors;
pub(crate) mod limits;
mod reporters;

use std::{fmt, sync::Arc};

use monitor_redact::Redaction;

use self::{errors::ErrorSettings, limits::Limits};
use crate::{
    extension::Extension,
    model::trace_headers::{TraceFormats, TraceHeaders},
    monitor::{Monitor, PanicHook, TRACE_SAMPLING, resolver::BeforeReport},
    persist::Persist,
    signal::log_reporter::LogReporter,
    traffic::recorder::Measured,
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
///     .build()?;
/// assert!(monitor.is_untracked("/internal/jobs"));
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
///
/// # Example: more detail for an internal service
///
/// ```
/// use monitor_kit::Monitor;
///
/// let monitor = Monitor::builder("billing")
///     .revision("9f3c2ab")
///     .show_raw_paths(true)
///     .show_full_ips(true)
///     .trace_sample_rate(1.0)
///     .time_to_first_byte(true)
///     .response_body_size(true)
///     .build()?;
/// assert!(monitor.shows_raw_paths() && monitor.shows_full_addresses());
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
    send_default_pii: bool,
    trace_sample_rate: f64,
    trace_headers: TraceFormats,
    measured: Measured,
    errors: ErrorSettings,
    redaction: Redaction,
    before_report: Option<BeforeReport>,
    log: Option<LogReporter>,
    extensions: Vec<Box<dyn Extension>>,
    panic_hook: PanicHook,
    limits: Limits,
}

// === impl MonitorBuilder ===

impl Monitor {
    /// Returns a builder for the monitor of the service called `service`.
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
            send_default_pii: false,
            trace_sample_rate: TRACE_SAMPLING,
            trace_headers: TraceFormats::default(),
            measured: Measured::default(),
            errors: ErrorSettings::new(),
            redaction: Redaction::new(),
            before_report: None,
            log: Some(LogReporter::new()),
            extensions: Vec::new(),
            panic_hook: PanicHook::default(),
            limits: Limits::new(),
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

    /// Declares routes by method and template. Their series exist at 0 from the start, so an alert on an increase sees
    /// the very first failure. Write each template as the router does: if an undeclared route is requested while
    /// declared ones are not, the log has a warning. Defaults to none.
    pub fn routes<M: Into<String>, R: Into<String>>(mut self, routes: impl IntoIterator<Item = (M, R)>) -> Self {
        self.routes.extend(routes.into_iter().map(|(method, route)| (method.into(), route.into())));
        self
    }

    /// Declares methods of gRPC services by path, `/package.Service/Method`. Each is a route of its own, and its
    /// failure counters exist at 0 from the start. A call to any other method is counted under the router's template,
    /// or as unmatched. Defaults to none.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::Monitor;
    ///
    /// let monitor = Monitor::builder("shop")
    ///     .grpc_methods(["/shop.v1.Orders/Place", "/shop.v1.Orders/Cancel"])
    ///     .build()?;
    /// let traffic = monitor.traffic().expect("the monitor is not disabled");
    /// assert!(traffic.read().iter().any(|counts| &*counts.route == "/shop.v1.Orders/Place"));
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    pub fn grpc_methods(mut self, methods: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.grpc_methods.extend(methods.into_iter().map(Into::into));
        self
    }

    /// Excludes requests to these paths, and to all paths below them, from metrics, issues and reports. Defaults to
    /// `/health`, `/metrics` and gRPC's `/grpc.health.v1.Health`, which stay in the list.
    pub fn untracked(mut self, paths: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.untracked.extend(paths.into_iter().map(Into::into));
        self
    }

    /// Protects these routes, and all routes below them, from being [disabled](crate::Monitor::disable_route).
    /// Untracked paths are always protected. Name the routes by which operators enable others. Defaults to none.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::{DisableRoute, Monitor};
    ///
    /// let monitor = Monitor::builder("shop")
    ///     .routes([("POST", "/admin/routes"), ("POST", "/orders")])
    ///     .protected_routes(["/admin"])
    ///     .build()?;
    /// let refused = monitor.disable_route(DisableRoute::new("/admin/routes", "ada"));
    /// assert!(refused.is_err_and(|error| error.is_protected()));
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    pub fn protected_routes(mut self, routes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.protected.extend(routes.into_iter().map(Into::into));
        self
    }

    /// Sets the store that persists issues and disabled routes over a restart. Routes that are still disabled after a
    /// restart are reported again. [`Signal::ProcessEnded`](crate::Signal::ProcessEnded) reports how the process before
    /// ended, if the store records it. Defaults to none: after a restart there are no issues, and every route is
    /// enabled.
    pub fn persist(mut self, persist: impl Persist) -> Self {
        self.persist = Some(Arc::new(persist));
        self
    }

    /// Shows paths as the client sent them: secrets are masked, but identifiers in the path stay. Defaults to `false`:
    /// a path is shown as its route.
    pub fn show_raw_paths(mut self, raw_paths: bool) -> Self {
        self.raw_paths = raw_paths;
        self
    }

    /// Shows clients' addresses in full. Defaults to `false`: addresses are cut to the first 24 bits of an IPv4 address
    /// and the first 48 bits of an IPv6 address.
    pub fn show_full_ips(mut self, on: bool) -> Self {
        self.show_full_ips = on;
        self
    }

    /// Shows personal data, like the option of this name in Sentry's libraries: clients' full addresses, and e-mail and
    /// IP addresses in texts. Secrets, card numbers and account numbers are still masked. It adds to
    /// [`redaction`](Self::redaction), whichever is called first. Defaults to `false`.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::Monitor;
    ///
    /// let monitor = Monitor::builder("shop").send_default_pii(true).build()?;
    /// let shown = monitor.redaction().text("login of jo@example.org failed: password=hunter2");
    /// assert_eq!(shown, "login of jo@example.org failed: password=[Filtered]");
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    pub fn send_default_pii(mut self, on: bool) -> Self {
        self.send_default_pii = on;
        self
    }

    /// Sets the rules by which texts are redacted. Defaults to [`Redaction::new`].
    pub fn redaction(mut self, redaction: Redaction) -> Self {
        self.redaction = redaction;
        self
    }

    /// Sets the share of traces that are marked as sampled, from 0 to 1. It applies to traces that begin here, and to
    /// those of callers whose sampling decision is not trusted. Downstream services record these traces and no others
    /// if their sampler follows its parent. Where OpenTelemetry takes the spans of requests, its sampler decides.
    /// Defaults to 0.1.
    pub fn trace_sample_rate(mut self, rate: f64) -> Self {
        self.trace_sample_rate = rate;
        self
    }

    /// Adds a format in which traces are passed on, besides `traceparent`. An incoming `traceparent` takes precedence;
    /// outgoing requests have the headers of all formats. Defaults to none.
    pub fn trace_headers(mut self, headers: impl TraceHeaders) -> Self {
        self.trace_headers.0.push(Box::new(headers));
        self
    }

    /// Sets which errors are captured, and how they are named. Replaces earlier settings. Defaults to
    /// [`ErrorSettings::new`].
    pub fn errors(mut self, errors: ErrorSettings) -> Self {
        self.errors = errors;
        self
    }

    /// Measures the time to the first byte of each response, as [`names::TIME_TO_FIRST_BYTE`]. Useful for streams,
    /// which are answered early and end late: their duration does not tell a slow start from a long stream. Defaults to
    /// `false`.
    ///
    /// [`names::TIME_TO_FIRST_BYTE`]: crate::names::TIME_TO_FIRST_BYTE
    pub fn time_to_first_byte(mut self, on: bool) -> Self {
        self.measured.first_byte = on;
        self
    }

    /// Measures the size of each response body in bytes, as [`names::RESPONSE_BODY_SIZE`]. Defaults to `false`.
    ///
    /// [`names::RESPONSE_BODY_SIZE`]: crate::names::RESPONSE_BODY_SIZE
    pub fn response_body_size(mut self, on: bool) -> Self {
        self.measured.body_size = on;
        self
    }

    /// Sets the bounds of memory and rates. Replaces earlier settings. Defaults to [`Limits::new`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the mode of the panic hook. The hook is process-wide; the first monitor that needs it installs it. Defaults
    /// to [`PanicHook::Replace`].
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::{Monitor, PanicHook};
    ///
    /// // In development: the terminal shows every panic, as without a monitor.
    /// let monitor = Monitor::builder("shop").panic_hook(PanicHook::CallPrevious).build()?;
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    pub fn panic_hook(mut self, hook: PanicHook) -> Self {
        self.panic_hook = hook;
        self
    }
}

impl fmt::Debug for MonitorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitorBuilder").field("service", &self.service).finish_non_exhaustive()
    }
}
