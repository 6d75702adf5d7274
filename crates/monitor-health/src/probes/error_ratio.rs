//! The ratio of the service's own requests that fail.

use monitor_core::{Monitor, traffic::Lookback};

use crate::probe::{BlockingProbe, result::ProbeResult};

/// Warns when too many requests failed in the last minute, according to the counters of `monitor`. Publishes
/// `error_ratio` and `requests`.
///
/// It never fails: an instance that left traffic because of its errors would add its load to the other instances, which
/// may fail for the same reason. Requests to `/health` are not counted, so a 503 from there does not sustain itself.
///
/// # Example
///
/// ```
/// use monitor_kit::Monitor;
/// use monitor_kit::health::{ErrorRatioProbe, Probe};
///
/// let monitor = Monitor::builder("shop").build()?;
/// let probe = Probe::blocking("errors", ErrorRatioProbe::new(&monitor).warn_above(0.02).at_least(200));
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ErrorRatioProbe {
    monitor: Monitor,
    warn_above: f64,
    at_least: u64,
}

impl ErrorRatioProbe {
    /// Creates a probe of the requests that `monitor` counts.
    #[must_use]
    pub fn new(monitor: &Monitor) -> Self {
        Self { monitor: monitor.clone(), warn_above: 0.05, at_least: 50 }
    }

    /// Sets the share of failed requests above which the probe warns. Defaults to 0.05.
    #[must_use]
    pub fn warn_above(mut self, ratio: f64) -> Self {
        self.warn_above = ratio;
        self
    }

    /// Sets the number of requests in the last minute below which the probe never warns. Defaults to 50.
    #[must_use]
    pub fn at_least(mut self, requests: u64) -> Self {
        self.at_least = requests;
        self
    }
}

impl BlockingProbe for ErrorRatioProbe {
    fn check(&self) -> ProbeResult {
        let Some(traffic) = self.monitor.traffic() else { return ProbeResult::ok() };
        let ended = traffic.recent(Lookback::Seconds(60)).total;
        let ratio = ended.error_ratio().unwrap_or(0.0);
        let result = if ratio > self.warn_above && ended.count >= self.at_least {
            ProbeResult::warning(format!("{:.1} % of the last minute's requests failed", ratio * 100.0))
        } else {
            ProbeResult::ok()
        };
        result.value("error_ratio", (ratio * 1e4).round() / 1e4).value("requests", ended.count)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use monitor_core::{FinalStatus, KnownMethod, Outcome, instrument};

    use super::*;
    use monitor_core::HealthStatus;

    #[test]
    fn too_many_failures_are_a_warning_once_there_are_enough_requests() {
        let monitor = Monitor::builder("shop").log(None).build().unwrap();
        let recorder = instrument::recorder(&monitor).unwrap();
        let series = recorder.series(KnownMethod::Get, "/items/{id}");
        let answer = |status| {
            recorder.start(series);
            recorder.end(series, FinalStatus::new(Outcome::Completed, status), Duration::from_millis(3));
        };
        (0..9).for_each(|_| answer(200));
        answer(500);
        let probe = ErrorRatioProbe::new(&monitor);
        assert_eq!(probe.check().status(), HealthStatus::Ok, "ten requests say nothing");
        let result = probe.at_least(10).check();
        assert_eq!(
            (result.status(), result.message()),
            (HealthStatus::Warning, "10.0 % of the last minute's requests failed")
        );
        assert_eq!((&result.values()["error_ratio"], &result.values()["requests"]), (&0.1.into(), &10.into()));
        assert_eq!(ErrorRatioProbe::new(&Monitor::disabled()).check().status(), HealthStatus::Ok);
    }
}
