//! The metrics that the program itself records.

use std::{
    collections::HashSet,
    ops::ControlFlow,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use metrics_exporter_prometheus::PrometheusHandle;
use monitor_core::{Monitor, clock, instrument::panic};

use super::due::Due;
use crate::family::Family;

/// The recorder of the program's own metrics.
pub(super) struct Program {
    handle: PrometheusHandle,
    /// Names of the monitor's that the program uses as well, each logged once.
    warned: Mutex<HashSet<String>>,
}

impl Program {
    pub(super) fn new(handle: PrometheusHandle) -> Self {
        Self { handle, warned: Mutex::default() }
    }

    /// Drains the recorder's samples every ten seconds, which bounds the number it holds between scrapes. Ends with the
    /// endpoint or the monitor.
    pub(super) fn keep_drained(self: &Arc<Self>, monitor: &Monitor) {
        let (program, due) = (Arc::downgrade(self), Due::new(DRAIN));
        monitor.every_second(move |_| {
            let Some(program) = program.upgrade() else { return ControlFlow::Break(()) };
            if due.is_now(clock::now()) {
                program.handle.run_upkeep();
            }
            ControlFlow::Continue(())
        });
    }

    /// Returns the page of the recorder without the families whose names are also names of `own` families.
    pub(super) fn page(&self, own: &[&'static Family]) -> String {
        without(&self.handle.render(), |name| {
            let is_taken = own.iter().any(|family| family.name == name);
            if is_taken {
                self.warn_once(name);
            }
            is_taken
        })
    }

    fn warn_once(&self, name: &str) {
        let is_new = self.warned.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
        if is_new {
            panic::catch_and_drop(|| {
                tracing::warn!(
                    target: "monitor",
                    family = name,
                    "the program records a metric with a name of the monitor's, so /metrics leaves it out: rename it"
                );
            });
        }
    }
}

/// Returns a page in Prometheus' text format without the families that are `left_out`.
fn without(page: &str, left_out: impl Fn(&str) -> bool) -> String {
    let mut is_shown = true;
    let lines = page.split_inclusive('\n').filter(|line| {
        // `# HELP` and `# TYPE` precede the samples of a family and have its name without a suffix, so they decide for
        // them.
        if let Some(family) = described(line) {
            is_shown = !left_out(family);
        }
        is_shown
    });
    lines.collect()
}

fn described(line: &str) -> Option<&str> {
    let comment = line.strip_prefix("# HELP ").or_else(|| line.strip_prefix("# TYPE "))?;
    comment.split_whitespace().next()
}

const DRAIN: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn a_family_is_left_out_with_its_comments_and_samples() {
        let orders = "# HELP orders_total Orders.\n# TYPE orders_total counter\norders_total 3\n\n";
        let took = "# TYPE took histogram\ntook_bucket{le=\"+Inf\"} 1\ntook_sum 1\ntook_count 1\n\n";
        let ready = "# HELP ready Whether.\n# TYPE ready gauge\nready 1\n\n";
        let page = [ready, took, orders].concat();
        assert_eq!(without(&page, |name| name == "took"), [ready, orders].concat());
        assert_eq!(without(&page, |name| name != "took"), took);
    }
}
