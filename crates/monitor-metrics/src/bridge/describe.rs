//! The description of each published metric.

use metrics::{KeyName, Recorder, Unit};
use monitor_core::names;

/// Sends the descriptions of all metrics, except those with the names of the Flask exporter.
pub(super) fn all(recorder: &dyn Recorder) {
    for (name, text) in COUNTERS {
        recorder.describe_counter(KeyName::from_const_str(name), None, text.into());
    }
    for (name, text) in GAUGES {
        recorder.describe_gauge(KeyName::from_const_str(name), None, text.into());
    }
    for (name, unit, text) in HISTOGRAMS {
        recorder.describe_histogram(KeyName::from_const_str(name), Some(unit), text.into());
    }
}

pub(crate) const COUNTERS: [(&str, &str); 13] = [
    (names::REQUESTS, "Requests that ended."),
    (names::ERRORS, "Requests that failed."),
    (names::STARTED, "Requests that entered the service."),
    (names::OUTCOMES, "How requests ended."),
    (names::PANICS, "Panics in a service or in a response body."),
    (names::READY_ERRORS, "Errors and panics of poll_ready."),
    (names::REFUSED, "Requests refused because the route is disabled."),
    (names::CLIENT_REQUESTS, "Requests sent to other services."),
    (names::JOBS_STARTED, "Jobs that began."),
    (names::JOBS, "Jobs that ended."),
    (names::ISSUES, "Issues opened."),
    (names::REGRESSIONS, "Resolved issues that came back."),
    (names::DROPPED, "Events, signals and series that were dropped."),
];

pub(crate) const GAUGES: [(&str, &str); 11] = [
    (names::ROUTE_DISABLED, "Whether the route is disabled."),
    (names::ACTIVE, "Requests in flight."),
    (names::UPGRADED, "Upgraded connections that are open."),
    (names::JOBS_ACTIVE, "Jobs under way."),
    (names::JOB_LAST_SUCCESS, "When a job last completed, in seconds since the Unix epoch."),
    (names::PROBE_STATUS, "How well a health probe is: 2 well, 1 warning, 0 error, -1 unknown."),
    (names::PROBE_DURATION, "Seconds the last run of a health probe took."),
    (names::HEALTH_READY, "Whether the service is fit for traffic."),
    (names::HEALTH_DRAINING, "Whether the service is about to stop."),
    (names::BUILD_INFO, "The release that runs; always 1."),
    (names::START_TIME, "When the process started, in seconds since the Unix epoch."),
];

pub(crate) const HISTOGRAMS: [(&str, Unit, &str); 5] = [
    (names::DURATION, Unit::Seconds, "Seconds from the request to the end of its response body."),
    (names::TIME_TO_FIRST_BYTE, Unit::Seconds, "Seconds from the request to the head of its response."),
    (names::RESPONSE_BODY_SIZE, Unit::Bytes, "Bytes of data a response body gave."),
    (names::UPGRADED_DURATION, Unit::Seconds, "Seconds an upgraded connection was open."),
    (names::JOB_DURATION, Unit::Seconds, "Seconds from a job's beginning to its end."),
];
