//! The error ratio over the last ten seconds, from the differences between scrapes.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use monitor_kit::clock;
use tokio::{task::JoinHandle, time::sleep};

use crate::scrape::Scrape;

/// Scrapes continuously and computes the ratio, until it is dropped.
#[derive(Debug)]
pub(crate) struct RatioWatch {
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

/// The highest ratio, and the request counts it was computed from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Peak {
    pub(crate) ratio: f64,
    pub(crate) failed: f64,
    pub(crate) ended: f64,
    /// End of its window.
    pub(crate) at: Timestamp,
}

#[derive(Debug, Default)]
struct Seen {
    samples: VecDeque<Sample>,
    ratio: f64,
    peak: Peak,
    crossed: Option<Timestamp>,
    back_at_zero: Option<Timestamp>,
}

#[derive(Clone, Debug)]
struct Sample {
    at: Instant,
    /// The release that answered. During a rollout both releases do.
    release: String,
    failed: f64,
    ended: f64,
}

impl RatioWatch {
    pub(crate) fn start(addr: SocketAddr) -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let task = tokio::spawn(run(addr, Arc::clone(&seen)));
        Self { seen, task }
    }

    /// Returns the current ratio.
    pub(crate) fn ratio(&self) -> f64 {
        self.lock().ratio
    }

    /// Returns the highest ratio so far.
    pub(crate) fn peak(&self) -> Peak {
        self.lock().peak
    }

    /// Returns the time when the ratio first crossed the threshold.
    pub(crate) fn crossed(&self) -> Option<Timestamp> {
        self.lock().crossed
    }

    /// Returns the time when the ratio was first back at 0 after that.
    pub(crate) fn back_at_zero(&self) -> Option<Timestamp> {
        self.lock().back_at_zero
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for RatioWatch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(addr: SocketAddr, seen: Arc<Mutex<Seen>>) {
    loop {
        if let Ok(scrape) = Scrape::of(addr).await
            && let Some(sample) = Sample::of(&scrape)
        {
            seen.lock().unwrap_or_else(PoisonError::into_inner).add(sample);
        }
        sleep(EVERY).await;
    }
}

impl Seen {
    fn add(&mut self, sample: Sample) {
        let begin = sample.at.checked_sub(WINDOW);
        self.samples.push_back(sample);
        while self.samples.get(1).is_some_and(|next| begin.is_some_and(|begin| next.at <= begin)) {
            self.samples.pop_front();
        }
        let (failed, ended) = self.over_window();
        self.ratio = if ended == 0.0 { 0.0 } else { failed / ended };
        if self.ratio > self.peak.ratio {
            self.peak = Peak { ratio: self.ratio, failed, ended, at: Timestamp::now() };
        }
        if self.ratio >= THRESHOLD && self.crossed.is_none() {
            self.crossed = Some(Timestamp::now());
        }
        if self.ratio == 0.0 && self.crossed.is_some() && self.back_at_zero.is_none() {
            self.back_at_zero = Some(Timestamp::now());
        }
    }

    /// Returns the number of failed and of ended requests within the window.
    fn over_window(&self) -> (f64, f64) {
        let mut releases: Vec<&str> = self.samples.iter().map(|sample| sample.release.as_str()).collect();
        releases.dedup();
        releases.sort_unstable();
        releases.dedup();
        let growths = releases.iter().map(|release| self.growth(release));
        growths.fold((0.0, 0.0), |sum, growth| (sum.0 + growth.0, sum.1 + growth.1))
    }

    fn growth(&self, release: &str) -> (f64, f64) {
        let mut samples = self.samples.iter().filter(|sample| sample.release == release);
        match (samples.next(), samples.next_back()) {
            (Some(first), Some(last)) => (last.failed - first.failed, last.ended - first.ended),
            _ => (0.0, 0.0),
        }
    }
}

impl Sample {
    fn of(scrape: &Scrape) -> Option<Self> {
        let cancelled = scrape.sum("http_server_request_outcomes_total", &[("outcome", "cancelled")]);
        Some(Self {
            at: clock::now(),
            release: scrape.label("app_build_info", "version")?.to_owned(),
            failed: scrape.sum("http_server_errors_total", &[]),
            ended: scrape.sum("http_server_requests_total", &[]) - cancelled,
        })
    }
}

/// Ratio from which on it is an incident.
pub(crate) const THRESHOLD: f64 = 0.05;

/// Length of the window.
pub(crate) const WINDOW: Duration = Duration::from_secs(10);

const EVERY: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(at: Instant, release: &str, failed: f64, ended: f64) -> Sample {
        Sample { at, release: release.to_owned(), failed, ended }
    }

    #[test]
    fn the_ratio_is_of_what_grew_within_the_window() {
        let (begin, mut seen) = (clock::now(), Seen::default());
        let at = |seconds| begin + Duration::from_secs(seconds);
        seen.add(sample(at(0), "1", 5.0, 100.0));
        assert_eq!(seen.ratio, 0.0);
        seen.add(sample(at(2), "1", 15.0, 200.0));
        assert_eq!(seen.ratio, 0.1);
        seen.add(sample(at(5), "2", 0.0, 0.0));
        seen.add(sample(at(8), "2", 0.0, 100.0));
        assert_eq!(seen.ratio, 0.05);
        seen.add(sample(at(13), "2", 0.0, 200.0));
        assert_eq!((seen.ratio, seen.peak.ratio, seen.peak.failed, seen.peak.ended), (0.0, 0.1, 10.0, 100.0));
        assert!(seen.crossed.is_some() && seen.back_at_zero.is_some());
    }
}
