//! Counters of jobs, by name.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Instant, SystemTime},
};

use super::{
    histogram::{self, BUCKETS, BucketCount, Histogram},
    sampled::Sampled,
    window::{JobWindow, Lookback, WindowCounts},
};
use crate::{
    base::{
        clock,
        drops::{DropCounter, DropReason},
    },
    model::names,
};

/// The outcome of a job.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum JobOutcome {
    /// The job completed.
    Completed,
    /// The job returned an error.
    Failed,
    /// The job panicked. The panic continues in the caller that polls the job.
    Panicked,
    /// The job was dropped before it ended.
    Cancelled,
}

/// The counters of all jobs of a monitor, by name, up to [`JOBS`] names.
#[derive(Debug)]
pub(crate) struct Jobs {
    table: Mutex<BTreeMap<String, Arc<JobSeries>>>,
    windows: Sampled<String>,
    drops: Arc<DropCounter>,
}

/// The counters of the jobs of one name.
#[derive(Debug)]
pub(crate) struct JobSeries {
    started: AtomicU64,
    outcomes: [AtomicU64; JobOutcome::ALL.len()],
    durations: Histogram,
    /// Time of the latest success, in milliseconds since the Unix epoch; 0 before the first.
    last_success: AtomicU64,
}

/// The counters of the jobs of one name at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JobCounts {
    /// Name of the job.
    pub job: String,
    /// Number of jobs that started.
    pub started: u64,
    /// Number of jobs that ended, in the order of [`JobOutcome::ALL`].
    pub(crate) outcomes: [u64; JobOutcome::ALL.len()],
    /// Durations by [`names::DURATION_BOUNDS`], and one bucket above them all.
    pub durations: [BucketCount; BUCKETS],
    /// Time of the latest completion; `None` before the first.
    pub last_success: Option<SystemTime>,
    /// `true` if all counters were read between the ends of two jobs.
    pub settled: bool,
}

/// Counts the end of a job exactly once, when it is dropped.
#[derive(Debug)]
pub(crate) struct JobEnd {
    series: Arc<JobSeries>,
    begun: Instant,
    pub(crate) outcome: JobOutcome,
}

// === impl JobOutcome ===

impl JobOutcome {
    /// All outcomes, in counting order.
    pub const ALL: &'static [Self] = &[Self::Completed, Self::Failed, Self::Panicked, Self::Cancelled];

    /// Returns the label of this outcome.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Panicked => "panicked",
            Self::Cancelled => "cancelled",
        }
    }
}

// === impl Jobs ===

impl Jobs {
    pub(crate) fn new(drops: Arc<DropCounter>) -> Self {
        Self { table: Mutex::default(), windows: Sampled::new(), drops }
    }

    /// Returns the counters of every job, by name.
    pub(crate) fn read(&self) -> Vec<JobCounts> {
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.iter().map(|(name, series)| series.read(name.clone())).collect()
    }

    /// Returns the counts of the jobs that ended within `window`, up to now.
    pub(crate) fn recent(&self, window: Lookback) -> Vec<JobWindow> {
        let recent = self.windows.recent(window, || self.totals()).into_iter();
        recent.map(|(job, counts)| JobWindow { job, counts }).collect()
    }

    /// Samples the windows. Must be called once a second.
    pub(crate) fn tick(&self) {
        self.windows.tick(|| self.totals());
    }

    fn totals(&self) -> impl Iterator<Item = (String, WindowCounts)> {
        self.read().into_iter().map(|counts| {
            let total = counts.total();
            (counts.job, total)
        })
    }

    /// Returns the counters of a job, and creates them if they do not exist. Past the limit, new names share
    /// [`names::OVERFLOW`].
    pub(crate) fn find(&self, name: &str) -> Arc<JobSeries> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let known = table.contains_key(name);
        if !known && table.len() >= JOBS {
            self.drops.count(DropReason::SeriesLimit);
        }
        let name = if known || table.len() < JOBS { name } else { names::OVERFLOW };
        Arc::clone(table.entry(name.to_owned()).or_default())
    }
}

// === impl JobSeries ===

impl JobSeries {
    fn read(&self, job: String) -> JobCounts {
        // Durations are read before outcomes, the reverse of `JobEnd`, so that an end in progress leaves more outcomes
        // than durations.
        let durations = self.durations.read();
        let outcomes = self.outcomes.each_ref().map(|count| count.load(Ordering::Relaxed));
        let timed: u64 = durations.iter().map(|bucket| bucket.count).sum();
        let last_success = Some(self.last_success.load(Ordering::Relaxed)).filter(|millis| *millis > 0);
        JobCounts {
            job,
            started: self.started.load(Ordering::Relaxed),
            outcomes,
            durations,
            last_success: last_success.map(clock::from_millis),
            settled: timed == outcomes.iter().sum::<u64>(),
        }
    }
}

impl Default for JobSeries {
    fn default() -> Self {
        Self {
            started: AtomicU64::new(0),
            outcomes: Default::default(),
            durations: Histogram::new(&histogram::DURATION),
            last_success: AtomicU64::new(0),
        }
    }
}

// === impl JobCounts ===

impl JobCounts {
    /// Returns the number of jobs with this outcome.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), monitor_kit::BuildError> {
    /// # async fn send() -> Result<(), std::io::Error> { Err(std::io::Error::other("mailbox full")) }
    /// use monitor_kit::{JobOutcome, Monitor};
    ///
    /// let monitor = Monitor::builder("mailer").build()?;
    /// let sent = monitor.job("send-email", send()).await;
    /// let counts = &monitor.jobs()[0];
    /// assert_eq!(counts.outcome(JobOutcome::Failed), u64::from(sent.is_err()));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn outcome(&self, outcome: JobOutcome) -> u64 {
        self.outcomes[outcome as usize]
    }

    fn total(&self) -> WindowCounts {
        let ended: u64 = self.outcomes.iter().sum();
        let failed = self.outcome(JobOutcome::Failed) + self.outcome(JobOutcome::Panicked);
        let durations = self.durations.map(|bucket| bucket.count);
        WindowCounts { count: ended - self.outcome(JobOutcome::Cancelled), failed, durations }
    }

    /// Returns the number of jobs that are running.
    #[must_use]
    pub fn active(&self) -> u64 {
        self.started.saturating_sub(self.outcomes.iter().sum())
    }
}

// === impl JobEnd ===

impl JobEnd {
    pub(crate) fn begin(series: Arc<JobSeries>) -> Self {
        series.started.fetch_add(1, Ordering::Relaxed);
        Self { series, begun: clock::now(), outcome: JobOutcome::Cancelled }
    }
}

impl Drop for JobEnd {
    fn drop(&mut self) {
        let Self { series, begun, outcome } = self;
        if *outcome == JobOutcome::Completed {
            // Stored without a comparison: a maximum would keep the time of a clock that was ahead once.
            series.last_success.store(clock::millis(clock::wall()), Ordering::Relaxed);
        }
        // The outcome is counted before the duration: a reader that finds as many durations as outcomes has a
        // consistent reading.
        series.outcomes[*outcome as usize].fetch_add(1, Ordering::Relaxed);
        series.durations.record_duration(clock::now().saturating_duration_since(*begun));
    }
}

/// Maximum number of job names with counters of their own.
const JOBS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recent_jobs_that_failed_or_panicked_are_failed_and_cancelled_ones_left_out() {
        let jobs = Jobs::new(Arc::new(DropCounter::new("jobs")));
        for &outcome in JobOutcome::ALL {
            JobEnd::begin(jobs.find("send")).outcome = outcome;
        }
        jobs.tick();
        let recent = jobs.recent(Lookback::Minutes(1));
        assert_eq!((recent.len(), &*recent[0].job), (1, "send"));
        assert_eq!((recent[0].counts.count, recent[0].counts.failed), (3, 2));
        assert_eq!(recent[0].counts.durations.iter().sum::<u64>(), 4);
    }
}
