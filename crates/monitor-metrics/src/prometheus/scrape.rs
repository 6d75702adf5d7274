//! Pages of a recorder in Prometheus' text format, complete although the recorder drops idle histograms.

use std::{collections::HashSet, sync::atomic::Ordering};

use monitor_core::Monitor;

use super::page;
use crate::bridge::{Bridge, sink::Published};

impl Bridge {
    /// Publishes under the names of Prometheus' Flask exporter as well.
    pub(super) fn add_flask_names(&self) {
        self.flask_names.store(true, Ordering::Relaxed);
        // Their descriptions are missing yet.
        self.published().described = false;
    }

    /// Publishes all metrics. Returns the page in Prometheus' text format that `render` makes of them, and `false` if
    /// there is no recorder.
    ///
    /// A recorder with an idle time-out drops histograms that did not grow for a while, and would restart them at 0. A
    /// histogram that was on the last page and is missing on this one is therefore published whole again, and `render`
    /// is called once more. If a histogram is missing after the last attempt as well, the next scrape has it whole.
    pub(super) fn scrape(&self, monitor: &Monitor, render: impl Fn() -> String) -> (String, bool) {
        let mut published = self.published();
        let is_taken = self.publish_once(monitor, &mut published);
        let mut page = render();
        for _ in 0..ATTEMPTS {
            if !published.forget_missing(&page) {
                return (page, is_taken);
            }
            self.publish_once(monitor, &mut published);
            page = render();
        }
        published.forget_missing(&page);
        (page, is_taken)
    }
}

impl Published {
    /// Forgets each histogram that was on the last page and is missing on this one, and returns whether there was any.
    /// Histograms that were never on a page are rendered in another form, and stay.
    fn forget_missing(&mut self, page: &str) -> bool {
        let shown: HashSet<_> = page::shown(page, self.histograms.keys()).into_iter().cloned().collect();
        let before = self.histograms.len();
        self.histograms.retain(|key, histogram| {
            let (was_shown, is_shown) = (histogram.shown, shown.contains(key));
            histogram.shown = is_shown;
            is_shown || !was_shown
        });
        self.histograms.len() < before
    }
}

/// Maximum number of times that a page is rendered again. If the recorder's time-out is shorter than the rendering,
/// some histogram would be missing each time.
const ATTEMPTS: usize = 3;

#[cfg(test)]
mod tests {
    use std::{cell::Cell, time::Duration};

    use metrics_exporter_prometheus::PrometheusBuilder;
    use monitor_core::{FinalStatus, KnownMethod, Outcome, instrument};

    use super::*;

    #[test]
    fn a_histogram_that_is_missing_after_the_last_attempt_is_published_whole_by_the_next_scrape() {
        let monitor = Monitor::builder("shop").log(None).build().expect("the settings are good");
        for route in 0..=ATTEMPTS {
            let recorder = instrument::recorder(&monitor).expect("it is enabled");
            let series = recorder.series(KnownMethod::Get, &format!("/{route}"));
            recorder.start(series);
            recorder.end(series, FinalStatus::new(Outcome::Completed, 200), Duration::from_millis(1));
        }
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        let bridge = Bridge::to(recorder);
        bridge.scrape(&monitor, || handle.render());
        // Each page lacks another route.
        let turn = Cell::new(0);
        let render = || {
            let lost = format!("http_route=\"/{}\"", turn.replace(turn.get() + 1));
            handle.render().lines().filter(|line| !line.contains(&lost)).map(|line| format!("{line}\n")).collect()
        };
        bridge.scrape(&monitor, render);
        let last = format!("/{ATTEMPTS}");
        let published = bridge.published();
        let mut labels = published.histograms.keys().flat_map(|key| key.labels());
        assert!(turn.get() == ATTEMPTS + 1 && !labels.any(|label| label.value() == last));
    }
}
