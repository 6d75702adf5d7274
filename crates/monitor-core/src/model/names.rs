//! Names of all metrics, and bounds of all histograms.
//!
//! They are OpenTelemetry's stable HTTP names in Prometheus form. All metrics use the same label names, so that series
//! can be joined.

/// Ended requests. Labels: method, route, status (`499` if the client left before the head, `500` if the service failed
/// without a response). Untracked and refused requests are not included.
pub const REQUESTS: &str = "http_server_requests_total";
/// Failed requests. Labels: method, route, error type. The error ratio is this metric divided by [`REQUESTS`].
pub const ERRORS: &str = "http_server_errors_total";
/// Started requests, including refused ones. Labels: method, route.
pub const STARTED: &str = "http_server_requests_started_total";
/// Ended requests by outcome. Labels: method, route, outcome. Their sum plus the requests in flight equals [`STARTED`].
pub const OUTCOMES: &str = "http_server_request_outcomes_total";
/// Seconds from the start of a request to the end of its response body. Labels: method, route, status.
pub const DURATION: &str = "http_server_request_duration_seconds";
/// Seconds from the start of a request to the head of its response. Labels: method, route, status. Off unless enabled
/// by [`MonitorBuilder::time_to_first_byte`](crate::MonitorBuilder::time_to_first_byte).
pub const TIME_TO_FIRST_BYTE: &str = "http_server_time_to_first_byte_seconds";
/// Bytes of data that a response body produced, complete or not. Labels: method, route, status. Off unless enabled by
/// [`MonitorBuilder::response_body_size`](crate::MonitorBuilder::response_body_size).
pub const RESPONSE_BODY_SIZE: &str = "http_server_response_body_size_bytes";
/// Open upgraded connections, counting only those that the program registers. Labels: method, route.
pub const UPGRADED: &str = "http_server_upgraded_connections";
/// Lifetime of upgraded connections, in seconds. Labels: method, route.
pub const UPGRADED_DURATION: &str = "http_server_upgraded_connection_duration_seconds";
/// Requests in flight. Labels: method, route.
pub const ACTIVE: &str = "http_server_active_requests";
/// Panics in a service or in a response body. Labels: method, route.
pub const PANICS: &str = "http_server_panics_total";
/// Errors and panics of `poll_ready`, which do not belong to any request. No labels.
pub const READY_ERRORS: &str = "http_server_ready_errors_total";
/// 1 if the route is disabled, else 0. Labels: method, route.
pub const ROUTE_DISABLED: &str = "http_server_route_disabled";
/// Requests refused because the route is disabled. They are also counted in [`STARTED`] and [`OUTCOMES`], and in no
/// other metric. Labels: method, route.
pub const REFUSED: &str = "http_server_requests_refused_total";
/// Requests sent to other services. Labels: `host_class`, `status_class` (`1xx` to `5xx`, `error` if there was no
/// response, `cancelled` if the future was dropped before the response).
pub const CLIENT_REQUESTS: &str = "http_client_requests_total";
/// Started jobs. Label: `job`.
pub const JOBS_STARTED: &str = "monitor_jobs_started_total";
/// Ended jobs. Labels: `job`, `outcome`.
pub const JOBS: &str = "monitor_jobs_total";
/// Running jobs. Label: `job`.
pub const JOBS_ACTIVE: &str = "monitor_jobs_active";
/// Duration of jobs, in seconds. Label: `job`.
pub const JOB_DURATION: &str = "monitor_job_duration_seconds";
/// Time of the latest completion of a job, in seconds since the Unix epoch; absent before the first. Label: `job`.
pub const JOB_LAST_SUCCESS: &str = "monitor_job_last_success_timestamp_seconds";
/// The duration histogram under the name used by Prometheus' Flask exporter. Off unless enabled by
/// `PrometheusEndpoint::flask_names`.
pub const FLASK_DURATION: &str = "flask_http_request_duration_seconds";
/// Status of a probe: 2 for ok, 1 for a warning, 0 for an error, -1 for unknown. Label: `probe`.
pub const PROBE_STATUS: &str = "health_probe_status";
/// Duration of the latest run of a probe, in seconds; 0 before the first. Label: `probe`.
pub const PROBE_DURATION: &str = "health_probe_duration_seconds";
/// 1 if the service is ready for traffic, else 0. No labels.
pub const HEALTH_READY: &str = "health_ready";
/// 1 if the service is draining before a stop, else 0. No labels.
pub const HEALTH_DRAINING: &str = "health_draining";
/// Opened issues. Label: kind.
pub const ISSUES: &str = "monitor_issues_total";
/// Resolved issues that occurred again. Label: kind.
pub const REGRESSIONS: &str = "monitor_regressions_total";
/// Dropped events, signals and other items. Labels: reporter, reason.
pub const DROPPED: &str = "monitor_dropped_total";
/// Notifications of alerts. Each is delivered, waiting or given up. Label: `notifier`.
pub const ALERTS_FIRED: &str = "monitor_alerts_fired_total";
/// Notifications that their receiver accepted. Label: `notifier`.
pub const ALERTS_DELIVERED: &str = "monitor_alerts_delivered_total";
/// Notifications that were given up. Labels: `notifier`, `reason`.
pub const ALERTS_GIVEN_UP: &str = "monitor_alerts_given_up_total";
/// Notifications that wait for an attempt. Label: `notifier`.
pub const ALERTS_WAITING: &str = "monitor_alerts_waiting";
/// Notifications that were sent although they could not be saved before. Label: `notifier`.
pub const ALERTS_UNSAVED: &str = "monitor_alerts_unsaved_total";
/// Always 1. Labels: version, revision.
pub const BUILD_INFO: &str = "app_build_info";
/// Start time of the process, in seconds since the Unix epoch.
pub const START_TIME: &str = "process_start_time_seconds";

/// Label for the method of a request.
pub const METHOD: &str = "http_request_method";
/// Label for the template of a route.
pub const ROUTE: &str = "http_route";
/// Label for the status code of a response.
pub const STATUS: &str = "http_response_status_code";
/// Label for the type of a failure.
pub const ERROR_TYPE: &str = "error_type";
/// Label for the class of host of an outgoing request.
pub const HOST_CLASS: &str = "host_class";
/// Label for the outcome of an outgoing request.
pub const STATUS_CLASS: &str = "status_class";
/// Label for a health probe.
pub const PROBE: &str = "probe";
/// Label for the outcome of a request or a job.
pub const OUTCOME: &str = "outcome";

/// Route of all requests that match no route template.
pub const UNMATCHED: &str = "_unmatched";
/// Route of all requests past the limit of series.
pub const OVERFLOW: &str = "_overflow";

/// Upper bounds of durations, in seconds, as OpenTelemetry recommends for HTTP servers.
pub const DURATION_BOUNDS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// Upper bounds of [`RESPONSE_BODY_SIZE`], in bytes: from 64 B to 4 GiB, each four times the previous one.
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

/// Upper bounds of [`UPGRADED_DURATION`], in seconds, as OpenTelemetry recommends for connections.
pub const CONNECTION_BOUNDS: [f64; 14] =
    [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];

/// Histograms that are published to recorders, and their upper bounds.
///
/// Pass them to a recorder of the program's own, so that its buckets match.
pub const BOUNDS: [(&str, [f64; 14]); 5] = [
    (DURATION, DURATION_BOUNDS),
    (TIME_TO_FIRST_BYTE, DURATION_BOUNDS),
    (RESPONSE_BODY_SIZE, SIZE_BOUNDS),
    (UPGRADED_DURATION, CONNECTION_BOUNDS),
    (JOB_DURATION, DURATION_BOUNDS),
];
