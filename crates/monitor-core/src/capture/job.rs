//! Jobs: work that is no request, such as sending a mail or a nightly clean-up.
//!
//! [`Monitor::job`] runs a job in a scope of its own, counts its outcome and duration, and captures its panic or error.
//! The series are `monitor_jobs_started_total`, `monitor_jobs_total` by `outcome`, `monitor_jobs_active`,
//! `monitor_job_duration_seconds` and `monitor_job_last_success_timestamp_seconds`, all by `job`. An alert on the last
//! one finds a periodic job that has stopped running.

use std::{
    fmt,
    panic::resume_unwind,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;

use self::sealed::JobFailure;
use crate::{
    event::{EventKind, Failure},
    monitor::Monitor,
    scope::{Scope, slot::ScopeSlot},
    traffic::{JobCounts, JobEnd, JobOutcome, JobWindow, Lookback},
};

pin_project! {
    /// A future that runs as a job. Made by [`Monitor::job`].
    #[must_use = "a job does nothing unless it is polled"]
    pub struct Job<F> {
        slot: ScopeSlot,
        end: Option<JobEnd>,
        // `None` while it is being dropped, which happens inside the scope as well.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Job<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Err(caught) = this.slot.catch(|| this.future.set(None)) {
                end(this.end, JobOutcome::Panicked);
                caught.resume();
            }
        }
    }
}

/// The output of a job, and whether it is a failure.
///
/// `()` is never a failure. A `Result` is a failure if it is `Err`: the error's `Display` is captured, and its causes
/// if it is a `Box<dyn Error + Send + Sync>`. The trait is sealed.
pub trait JobOutput: JobFailure {}

mod sealed {
    use super::Failure;

    #[expect(unnameable_types, reason = "seals `JobOutput`")]
    pub trait JobFailure {
        /// Returns the error, if the job failed.
        fn failure(&self) -> Option<Failure>;
    }
}

impl Monitor {
    /// Runs a piece of work that is no request as a job. `name` becomes a label, so it must come from a closed set.
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
    /// assert_eq!(monitor.jobs().len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn job<F>(&self, name: impl Into<String>, future: F) -> Job<F>
    where
        F: Future,
        F::Output: JobOutput,
    {
        let name = name.into();
        let end = self.inner().map(|inner| JobEnd::begin(inner.shared.jobs.find(&name)));
        Job { slot: ScopeSlot::new(Scope::for_job(self, &name)), end, future: Some(future) }
    }

    /// Returns the counts of each job.
    #[must_use]
    pub fn jobs(&self) -> Vec<JobCounts> {
        self.inner().map(|inner| inner.shared.jobs.read()).unwrap_or_default()
    }

    /// Returns the counts of the jobs that ended within `window`, up to now.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::{Monitor, traffic::Lookback};
    ///
    /// let monitor = Monitor::builder("mailer").build()?;
    /// for recent in monitor.recent_jobs(Lookback::Minutes(60)) {
    ///     println!("{}: {} of {} failed", recent.job, recent.counts.failed, recent.counts.count);
    /// }
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    #[must_use]
    pub fn recent_jobs(&self, window: Lookback) -> Vec<JobWindow> {
        self.inner().map(|inner| inner.shared.jobs.recent(window)).unwrap_or_default()
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
            // `failure` may run the program's own code, so it is called inside the catch.
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
            scope.capture_failure(failure);
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

impl JobOutput for () {}

impl<T, E: fmt::Display + 'static> JobOutput for Result<T, E> {}

impl JobFailure for () {
    fn failure(&self) -> Option<Failure> {
        None
    }
}

impl<T, E: fmt::Display + 'static> JobFailure for Result<T, E> {
    fn failure(&self) -> Option<Failure> {
        self.as_ref().err().map(|error| Failure::of_any(EventKind::Error, error))
    }
}

fn end(end: &mut Option<JobEnd>, outcome: JobOutcome) {
    if let Some(mut end) = end.take() {
        end.outcome = outcome;
    }
}

#[cfg(test)]
mod tests;
