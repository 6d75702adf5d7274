//! Work that is no request: a mail to be sent, a nightly clean-up.
//!
//! [`Monitor::job`] gives it a scope of its own, an outcome, a duration, and captures its panic or error. The series are
//! `monitor_jobs_started_total`, `monitor_jobs_total` by `outcome`, `monitor_jobs_active`,
//! `monitor_job_duration_seconds` and `monitor_job_last_success_timestamp_seconds`, all by `job`. An alert on the last
//! one finds the periodic job that does not run any more.

use std::{
    collections::BTreeMap,
    fmt,
    panic::resume_unwind,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::{Instant, SystemTime},
};

use pin_project_lite::pin_project;

use crate::{
    clock,
    drops::{Drops, Reason},
    event::EventKind,
    monitor::Monitor,
    names,
    observed::ObservedError,
    scope::{Scope, ScopeSlot},
    traffic::{self, BUCKETS, BucketCount, Histogram},
};

pin_project! {
    /// A piece of work that is watched. Made by [`Monitor::job`].
    #[must_use = "a job does nothing unless it is polled"]
    pub struct Job<F> {
        slot: ScopeSlot,
        end: Option<End>,
        // `None` when it has ended.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Job<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Err(caught) = this.slot.catch(|| this.future.set(None)) {
                end(this.end, JobOutcome::Panicked);
                caught.go_on();
            }
        }
    }
}

/// What a job returns, and whether that is a failure.
///
/// `()` never is; a `Result` is when it is an error, whose `Display` is captured, with its causes where it is a
/// `Box<dyn Error + Send + Sync>`.
pub trait JobOutput {
    /// Returns the error of a job that failed.
    fn failure(&self) -> Option<ObservedError>;
}

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
    drops: Arc<Drops>,
}

/// What is counted of the jobs of one name.
#[derive(Debug)]
struct JobSeries {
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
struct End {
    series: Arc<JobSeries>,
    begun: Instant,
    outcome: JobOutcome,
}

impl Monitor {
    /// Watches a piece of work that is no request. `name` comes from a closed set, for it becomes a label.
    ///
    /// # Example
    ///
    /// ```
    /// # async fn send(_: &str) -> Result<(), std::io::Error> { Ok(()) }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use monitor_kit::Monitor;
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// monitor.job("send-email", send("welcome")).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn job<F>(&self, name: impl Into<String>, future: F) -> Job<F>
    where
        F: Future,
        F::Output: JobOutput,
    {
        let name = name.into();
        let end = self.inner().map(|inner| End::begin(inner.shared.jobs.find(&name)));
        Job { slot: ScopeSlot::new(Scope::for_job(self, &name)), end, future: Some(future) }
    }

    /// Returns what was counted of each job so far.
    #[must_use]
    pub fn jobs(&self) -> Vec<JobCounts> {
        self.inner().map(|inner| inner.shared.jobs.read()).unwrap_or_default()
    }
}

// === impl Job ===

impl<F> Future for Job<F>
where
    F: Future,
    F::Output: JobOutput,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let polled = this.slot.catch(|| {
            let polled = this.future.as_mut().as_pin_mut().map_or(Poll::Pending, |future| future.poll(cx));
            polled.map(|output| (output.failure(), output))
        });
        let (failure, output) = match polled {
            Ok(polled) => ready!(polled),
            Err(caught) => {
                end(this.end, JobOutcome::Panicked);
                resume_unwind(caught.into_payload());
            }
        };
        let outcome = if failure.is_some() { JobOutcome::Failed } else { JobOutcome::Completed };
        if let (Some(failure), Some(scope)) = (failure, this.slot.scope()) {
            scope.capture_observed(failure);
        }
        end(this.end, outcome);
        Poll::Ready(output)
    }
}

impl<F> fmt::Debug for Job<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("scope", &self.slot.scope()).finish_non_exhaustive()
    }
}

// === impl JobOutput ===

impl JobOutput for () {
    fn failure(&self) -> Option<ObservedError> {
        None
    }
}

impl<T, E: fmt::Display + 'static> JobOutput for Result<T, E> {
    fn failure(&self) -> Option<ObservedError> {
        self.as_ref().err().map(|error| ObservedError::of_any(EventKind::Error, error))
    }
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
    pub(crate) fn new(drops: Arc<Drops>) -> Self {
        Self { table: Mutex::default(), drops }
    }

    pub(crate) fn read(&self) -> Vec<JobCounts> {
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.iter().map(|(name, series)| series.read(name.clone())).collect()
    }

    fn find(&self, name: &str) -> Arc<JobSeries> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let known = table.contains_key(name);
        if !known && table.len() >= JOBS {
            self.drops.count(Reason::SeriesLimit);
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
            durations: Histogram::new(&traffic::DURATION),
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

// === impl End ===

impl End {
    fn begin(series: Arc<JobSeries>) -> Self {
        series.started.fetch_add(1, Ordering::Relaxed);
        Self { series, begun: clock::now(), outcome: JobOutcome::Cancelled }
    }
}

impl Drop for End {
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

fn end(end: &mut Option<End>, outcome: JobOutcome) {
    if let Some(mut end) = end.take() {
        end.outcome = outcome;
    }
}

/// How many names of jobs are told apart.
const JOBS: usize = 256;

#[cfg(test)]
mod tests;
