//! The names of every metric, and the bounds of every histogram.
//!
//! They are OpenTelemetry's stable HTTP names in Prometheus form. One set of label names is used by all of them, so
//! that series join.

use metrics::Unit;

/// Ended requests. Labels: method, route, status (`499` when the client left before the head, `500` when the service
/// failed without a response). Untracked and refused requests are not in it.
pub const REQUESTS: &str = "http_server_requests_total";
/// Failed requests. Labels: method, route, error type. Over [`REQUESTS`] this is the error ratio.
pub const ERRORS: &str = "http_server_errors_total";
/// Requests that entered the service. Labels: method, route.
pub const STARTED: &str = "http_server_requests_started_total";
/// How requests ended. Labels: method, route, outcome. Their sum and the requests in flight make [`STARTED`].
pub const OUTCOMES: &str = "http_server_request_outcomes_total";
/// Seconds from the request to the end of its body. Labels: method, route, status.
pub const DURATION: &str = "http_server_request_duration_seconds";
/// Seconds from the request to the head of its response, which is the first a client sees of it. Labels: method, route,
/// status. Off unless asked for, see [`MonitorBuilder::time_to_first_byte`](crate::MonitorBuilder::time_to_first_byte).
pub const TIME_TO_FIRST_BYTE: &str = "http_server_time_to_first_byte_seconds";
/// Bytes of data a response body gave, whether it came to its end or not. Labels: method, route, status. Off unless
/// asked for, see [`MonitorBuilder::response_body_size`](crate::MonitorBuilder::response_body_size).
pub const RESPONSE_BODY_SIZE: &str = "http_server_response_body_size_bytes";
/// Upgraded connections that are open, of those the program hands over to be watched. Labels: method, route.
pub const UPGRADED: &str = "http_server_upgraded_connections";
/// Seconds an upgraded connection was open. Labels: method, route.
pub const UPGRADED_DURATION: &str = "http_server_upgraded_connection_duration_seconds";
/// Requests in flight. Labels: method, route.
pub const ACTIVE: &str = "http_server_active_requests";
/// Panics in a service or in a response body. Labels: method, route.
pub const PANICS: &str = "http_server_panics_total";
/// Errors and panics of `poll_ready`, which belong to no request. No labels.
pub const READY_ERRORS: &str = "http_server_ready_errors_total";
/// Whether the route is disabled: 1 or 0. Labels: method, route.
pub const ROUTE_DISABLED: &str = "http_server_route_disabled";
/// Requests refused because the route is disabled. They are in no other count but [`STARTED`] and [`OUTCOMES`]. Labels:
/// method, route.
pub const REFUSED: &str = "http_server_requests_refused_total";
/// Requests sent to other services. Labels: `host_class`, `status_class`, which is `1xx` to `5xx`, `error` where there was no
/// response, and `cancelled` where nobody waited for it.
pub const CLIENT_REQUESTS: &str = "http_client_requests_total";
/// Jobs that began. Label: `job`.
pub const JOBS_STARTED: &str = "monitor_jobs_started_total";
/// Jobs that ended. Labels: `job`, `outcome`.
pub const JOBS: &str = "monitor_jobs_total";
/// Jobs under way. Label: `job`.
pub const JOBS_ACTIVE: &str = "monitor_jobs_active";
/// Seconds from a job's beginning to its end. Label: `job`.
pub const JOB_DURATION: &str = "monitor_job_duration_seconds";
/// When a job last completed, in seconds since the Unix epoch; absent before the first. Label: `job`.
pub const JOB_LAST_SUCCESS: &str = "monitor_job_last_success_timestamp_seconds";
/// The duration histogram by the name of Prometheus' Flask exporter, see
/// [`MonitorBuilder::flask_names`](crate::MonitorBuilder::flask_names).
pub const FLASK_DURATION: &str = "flask_http_request_duration_seconds";
pub(crate) const FLASK_NAMES: [&str; 4] =
    ["flask_http_request_total", "flask_http_request_exceptions_total", FLASK_DURATION, "flask_exporter_info"];
/// How well a probe is: 2 is well, 1 a warning, 0 an error, -1 unknown. Label: `probe`.
pub const PROBE_STATUS: &str = "health_probe_status";
/// Seconds the last run of a probe took; 0 before the first. Label: `probe`.
pub const PROBE_DURATION: &str = "health_probe_duration_seconds";
/// Whether the service is fit for traffic: 1 or 0. No labels.
pub const HEALTH_READY: &str = "health_ready";
/// Whether the service is about to stop: 1 or 0. No labels.
pub const HEALTH_DRAINING: &str = "health_draining";
/// Issues opened. Label: kind.
pub const ISSUES: &str = "monitor_issues_total";
/// Resolved issues that came back. Label: kind.
pub const REGRESSIONS: &str = "monitor_regressions_total";
/// Whatever was not kept. Labels: reporter, reason.
pub const DROPPED: &str = "monitor_dropped_total";
/// Always 1. Labels: version, revision.
pub const BUILD_INFO: &str = "app_build_info";
/// When the process started, in seconds since the Unix epoch.
pub const START_TIME: &str = "process_start_time_seconds";

/// The label for the request's method.
pub const METHOD: &str = "http_request_method";
/// The label for the route's template.
pub const ROUTE: &str = "http_route";
/// The label for the response's status code.
pub const STATUS: &str = "http_response_status_code";
/// The label for what failed.
pub const ERROR_TYPE: &str = "error_type";
/// The label for where an outgoing request went.
pub const HOST_CLASS: &str = "host_class";
/// The label for what became of an outgoing request.
pub const STATUS_CLASS: &str = "status_class";
/// The label for a health probe.
pub const PROBE: &str = "probe";
/// The label for how a request ended.
pub const OUTCOME: &str = "outcome";

/// The route of every request that no route template matched.
pub const UNMATCHED: &str = "_unmatched";
/// The route of every request past the limit of series.
pub const OVERFLOW: &str = "_overflow";

/// The upper bounds of durations in seconds, as OpenTelemetry recommends them for HTTP servers.
pub const DURATION_BOUNDS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// The upper bounds of [`RESPONSE_BODY_SIZE`] in bytes: from 64 B to 4 GiB, each four times the one before.
pub const SIZE_BOUNDS: [f64; 14] = [
    64.0,
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
    268_435_456.0,
    1_073_741_824.0,
    4_294_967_296.0,
];

/// The upper bounds of [`UPGRADED_DURATION`] in seconds, as OpenTelemetry recommends them for connections.
pub const CONNECTION_BOUNDS: [f64; 14] =
    [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];

/// Every histogram and its upper bounds.
///
/// Give them to a recorder of your own, so that its buckets are ours:
///
/// ```
/// use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
/// use monitor_kit::names;
///
/// let mut builder = PrometheusBuilder::new();
/// for (name, bounds) in names::BOUNDS {
///     builder = builder.set_buckets_for_metric(Matcher::Full(name.into()), &bounds)?;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub const BOUNDS: [(&str, [f64; 14]); 6] = [
    (DURATION, DURATION_BOUNDS),
    (TIME_TO_FIRST_BYTE, DURATION_BOUNDS),
    (RESPONSE_BODY_SIZE, SIZE_BOUNDS),
    (UPGRADED_DURATION, CONNECTION_BOUNDS),
    (JOB_DURATION, DURATION_BOUNDS),
    (FLASK_DURATION, DURATION_BOUNDS),
];

/// Returns whether monitors publish a metric called `metric`, the names of Prometheus' Flask exporter included.
#[must_use]
pub fn is_published(metric: &str) -> bool {
    let gauges_and_counters = COUNTERS.iter().chain(&GAUGES).map(|(name, _)| *name);
    let histograms = HISTOGRAMS.iter().map(|(name, ..)| *name);
    gauges_and_counters.chain(histograms).chain(FLASK_NAMES).any(|name| name == metric)
}

pub(crate) const COUNTERS: [(&str, &str); 13] = [
    (REQUESTS, "Requests that ended."),
    (ERRORS, "Requests that failed."),
    (STARTED, "Requests that entered the service."),
    (OUTCOMES, "How requests ended."),
    (PANICS, "Panics in a service or in a response body."),
    (READY_ERRORS, "Errors and panics of poll_ready."),
    (REFUSED, "Requests refused because the route is disabled."),
    (CLIENT_REQUESTS, "Requests sent to other services."),
    (JOBS_STARTED, "Jobs that began."),
    (JOBS, "Jobs that ended."),
    (ISSUES, "Issues opened."),
    (REGRESSIONS, "Resolved issues that came back."),
    (DROPPED, "Events, signals and series that were not kept."),
];

pub(crate) const GAUGES: [(&str, &str); 11] = [
    (ROUTE_DISABLED, "Whether the route is disabled."),
    (ACTIVE, "Requests in flight."),
    (UPGRADED, "Upgraded connections that are open."),
    (JOBS_ACTIVE, "Jobs under way."),
    (JOB_LAST_SUCCESS, "When a job last completed, in seconds since the Unix epoch."),
    (PROBE_STATUS, "How well a health probe is: 2 well, 1 warning, 0 error, -1 unknown."),
    (PROBE_DURATION, "Seconds the last run of a health probe took."),
    (HEALTH_READY, "Whether the service is fit for traffic."),
    (HEALTH_DRAINING, "Whether the service is about to stop."),
    (BUILD_INFO, "The release that runs; always 1."),
    (START_TIME, "When the process started, in seconds since the Unix epoch."),
];

pub(crate) const HISTOGRAMS: [(&str, Unit, &str); 5] = [
    (DURATION, Unit::Seconds, "Seconds from the request to the end of its response body."),
    (TIME_TO_FIRST_BYTE, Unit::Seconds, "Seconds from the request to the head of its response."),
    (RESPONSE_BODY_SIZE, Unit::Bytes, "Bytes of data a response body gave."),
    (UPGRADED_DURATION, Unit::Seconds, "Seconds an upgraded connection was open."),
    (JOB_DURATION, Unit::Seconds, "Seconds from a job's beginning to its end."),
];
