//! Filters a page in Prometheus' text format down to the metrics that the program itself records.

use crate::bridge::{
    describe::{COUNTERS, GAUGES, HISTOGRAMS},
    flask,
};

/// Returns the page without the metrics that monitors publish.
pub(super) fn of_the_program(page: &str) -> String {
    let mut is_own = true;
    let lines = page.split_inclusive('\n').filter(|line| {
        // `# HELP` and `# TYPE` precede the samples of a metric and contain its name without a suffix, so they decide
        // for them.
        if let Some(metric) = described(line) {
            is_own = !is_published(metric);
        }
        is_own
    });
    lines.collect()
}

/// Returns `true` if monitors publish a metric called `metric`. The names of Prometheus' Flask exporter are included.
fn is_published(metric: &str) -> bool {
    let gauges_and_counters = COUNTERS.iter().chain(&GAUGES).map(|(name, _)| *name);
    let histograms = HISTOGRAMS.iter().map(|(name, ..)| *name);
    let flask = [flask::TOTAL, flask::EXCEPTIONS, flask::DURATION, flask::INFO];
    gauges_and_counters.chain(histograms).chain(flask).any(|name| name == metric)
}

fn described(line: &str) -> Option<&str> {
    let comment = line.strip_prefix("# HELP ").or_else(|| line.strip_prefix("# TYPE "))?;
    comment.split_whitespace().next()
}

#[cfg(test)]
mod tests {
    use super::of_the_program;

    #[test]
    fn metrics_of_a_monitor_go_with_their_comments_and_samples() {
        let orders = "# HELP orders_total Orders.\n# TYPE orders_total counter\norders_total 3\n\n";
        let took = "# TYPE took histogram\ntook_bucket{le=\"+Inf\"} 1\ntook_sum 1\ntook_count 1\n\n";
        let duration =
            "# TYPE http_server_request_duration_seconds histogram\nhttp_server_request_duration_seconds_count 9\n\n";
        let ready = "# HELP health_ready Whether.\n# TYPE health_ready gauge\nhealth_ready 1\n\n";
        assert_eq!(of_the_program(&[ready, orders, duration, took].concat()), [orders, took].concat());
    }
}
