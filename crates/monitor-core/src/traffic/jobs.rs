//! What is counted of jobs, by name.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Instant, SystemTime},
};

use super::histogram::{self, BUCKETS, BucketCount, Histogram};
use crate::{
    base::{
        clock,
        drops::{DropCounter, DropReason},
    },
    model::names,
};

/// How a job ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum JobOutcome {
    /// It did what it was to do.
    Completed,
    /// It returned an error.
    Failed,
    /// It panicked; the panic goes on to whoever polls.
    Panicked,
    /// It was dropped before its end.
    Cancelled,
}

/// All jobs of a monitor, by name, up to a limit.
#[derive(Debug)]
pub(crate) struct Jobs {
    table: Mutex<BTreeMap<String, Arc<JobSeries>>>,
    drops: Arc<DropCounter>,
}

/// What is counted of the jobs of one name.
#[derive(Debug)]
pub(crate) struct JobSeries {
    started: AtomicU64,
    outcomes: [AtomicU64; JobOutcome::ALL.len()],
    durations: Histogram,
    /// In milliseconds since the Unix epoch; 0 before the first.
    last_success: AtomicU64,
}

/// The counters of the jobs of one name at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JobCounts {
    /// The name.
    pub job: String,
    /// How many began.
    pub started: u64,
    /// How they ended, by [`JobOutcome::ALL`].
    pub outcomes: [u64; JobOutcome::ALL.len()],
    /// How long they took, by [`names::DURATION_BOUNDS`] and one more above them.
    pub durations: [BucketCount; BUCKETS],
    /// When one last completed.
    pub last_success: Option<SystemTime>,
    /// Whether all of the above was read between two ends.
    pub settled: bool,
}

/// Ends the job exactly once, whoever drops it.
#[derive(Debug)]
pub(crate) struct JobEnd {
    series: Arc<JobSeries>,
    begun: Instant,
    pub(crate) outcome: JobOutcome,
}

// === impl JobOutcome ===

impl JobOutcome {
    /// All outcomes, in the order in which they are counted.
    pub const ALL: [Self; 4] = [Self::Completed, Self::Failed, Self::Panicked, Self::Cancelled];

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
        Self { table: Mutex::default(), drops }
    }

    pub(crate) fn read(&self) -> Vec<JobCounts> {
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.iter().map(|(name, series)| series.read(name.clone())).collect()
    }

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
    /// Returns how many ended so.
    #[must_use]
    pub fn outcome(&self, outcome: JobOutcome) -> u64 {
        self.outcomes[outcome as usize]
    }

    /// Returns how many are under way.
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
            // The last one by order, not by time: a clock that was ahead once would hold it for ever.
            series.last_success.store(clock::millis(clock::wall()), Ordering::Relaxed);
        }
        // Last, so that whoever counts as many durations as outcomes knows that both are whole.
        series.outcomes[*outcome as usize].fetch_add(1, Ordering::Relaxed);
        series.durations.record_duration(clock::now().saturating_duration_since(*begun));
    }
}

/// How many names of jobs are told apart.
const JOBS: usize = 256;
