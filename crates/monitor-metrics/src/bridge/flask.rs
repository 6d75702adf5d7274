//! Metrics under the names of Prometheus' Flask exporter, for existing dashboards.
//!
//! | metric | labels |
//! | --- | --- |
//! | `flask_http_request_total` | `method`, `status` |
//! | `flask_http_request_exceptions_total`: panics and errors instead of a response | `method`, `status` |
//! | `flask_http_request_duration_seconds` | `method`, `path` (the route's template), `status` |
//! | `flask_exporter_info` | `version` (the release) |

use std::{collections::BTreeMap, sync::Arc};

use metrics::{KeyName, Label, Recorder};
use monitor_core::{Outcome, names, traffic::RouteCounts};

use super::{scale, sink::Sink};

pub(super) fn describe(recorder: &dyn Recorder) {
    let counters = [(TOTAL, "Requests that ended."), (EXCEPTIONS, "Requests that ended with an exception.")];
    for (name, text) in counters {
        recorder.describe_counter(KeyName::from_const_str(name), None, text.into());
    }
    recorder.describe_histogram(KeyName::from_const_str(DURATION), None, "Seconds a request took.".into());
    recorder.describe_gauge(KeyName::from_const_str(INFO), None, "The release that runs; always 1.".into());
}

pub(super) fn publish(sink: &mut Sink<'_>, routes: &[RouteCounts], release: &str) {
    let (mut totals, mut exceptions) = (BTreeMap::new(), BTreeMap::new());
    for route in routes {
        let method = route.method.as_str();
        for status in &route.statuses {
            *totals.entry((method, status.status)).or_default() += status.count();
            if route.settled {
                let mut labels = labels(method, status.status);
                labels.push(Label::new("path", Arc::clone(&route.route)));
                sink.histogram(DURATION, labels, &scale::DURATION, &status.buckets);
            }
        }
        let raised = [Outcome::Panic, Outcome::ServiceError].map(|outcome| route.outcome(outcome)).iter().sum::<u64>();
        if raised > 0 || route.declared {
            *exceptions.entry((method, 500)).or_default() += raised;
        }
    }
    for (name, counts) in [(TOTAL, totals), (EXCEPTIONS, exceptions)] {
        for ((method, status), count) in counts {
            sink.counter(name, labels(method, status), count);
        }
    }
    sink.gauge(INFO, vec![Label::new("version", release.to_owned())], 1.0);
}

fn labels(method: &'static str, status: u16) -> Vec<Label> {
    vec![Label::new("method", method), Label::new("status", status.to_string())]
}

pub(crate) const TOTAL: &str = "flask_http_request_total";
pub(crate) const EXCEPTIONS: &str = "flask_http_request_exceptions_total";
pub(crate) const DURATION: &str = names::FLASK_DURATION;
pub(crate) const INFO: &str = "flask_exporter_info";
