//! Methods of the monitor that wait for its threads: save, flush and shutdown.

use std::{sync::atomic::Ordering, time::Duration};

use super::{Monitor, intake::RawEvent};
use crate::{
    base::{
        clock,
        queue::{Pending, Queue},
    },
    signal::reporters::Notice,
};

impl Monitor {
    /// Saves the present state without waiting for further changes, for at most `timeout`. Returns `true` if all of it
    /// is persisted, and `false` on a time-out, without a store, and if the store failed or another process has it.
    ///
    /// Every change is saved within a moment anyway. Call it before an action that must not be repeated or forgotten
    /// after a crash, and not on a request's thread: a disk takes its time.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use monitor_kit::Monitor;
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// assert!(!monitor.save_now(Duration::from_secs(1)), "there is no store");
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    #[must_use]
    pub fn save_now(&self, timeout: Duration) -> bool {
        let Some(shared) = self.0.as_ref().map(|inner| &inner.shared) else { return false };
        let is_done = shared.wake.get().is_some_and(|wake| wake.flush(clock::after(timeout)));
        is_done && shared.is_saved.load(Ordering::Acquire)
    }

    /// Waits until the present state is persisted, for at most 5 s. Returns at once without a store.
    pub(crate) fn wait_for_saver(&self) {
        let _ = self.save_now(MAX_SAVE);
    }

    /// Waits until everything captured so far has reached every reporter and the store, for at most `timeout`. Returns
    /// `false` on a time-out. A reporter that hangs does not hold up the others.
    pub fn flush(&self, timeout: Duration) -> bool {
        self.finish_queues(timeout, Queue::flush, Queue::flush, Queue::flush)
    }

    /// Flushes like [`flush`](Self::flush), then ends all threads. Anything captured later is dropped and counted.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use monitor_kit::{Level, Monitor};
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// monitor.capture_message("the printer is out of paper", Level::Error);
    /// if !monitor.shutdown(Duration::from_secs(5)) {
    ///     eprintln!("some reporters did not finish");
    /// }
    /// assert!(monitor.dropped().is_empty());
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    pub fn shutdown(&self, timeout: Duration) -> bool {
        let flushed = self.finish_queues(timeout, Queue::stop, Queue::stop, Queue::stop);
        if let Some(inner) = &self.0 {
            // After the queues: the drops and last events are counted by now.
            inner.periodic.run();
            let _ = inner.housekeeping.send(());
        }
        flushed
    }

    /// Applies `intake`, `reporter` and `saver`, which flush or stop a queue, and waits for all of them. Returns
    /// `false` on a time-out.
    fn finish_queues(
        &self,
        timeout: Duration,
        intake: impl Fn(&Queue<RawEvent>) -> Pending,
        reporter: impl Fn(&Queue<Notice>) -> Pending,
        saver: impl Fn(&Queue<()>) -> Pending,
    ) -> bool {
        let Some(inner) = &self.0 else { return true };
        let deadline = clock::after(timeout);
        inner.pulse.iter().for_each(|pulse| pulse.publish_last_end(&inner.reporters));
        let intake_done = intake(&inner.intake).wait(deadline);
        let pending: Vec<_> = inner.reporters.queues().map(reporter).collect();
        // The saver comes last, because extensions change what it saves. A reporter that hangs leaves it some time.
        let reporters_end = deadline.checked_sub((timeout / 4).min(MAX_SAVE)).unwrap_or(deadline);
        // Waits for every queue, even after one has timed out.
        let done = pending.into_iter().fold(intake_done, |done, pending| pending.wait(reporters_end) && done);
        let saver_done = inner.saver.as_deref().is_none_or(|queue| saver(queue).wait(deadline));
        saver_done && done
    }
}

/// Time for a save, if the caller does not limit it.
const MAX_SAVE: Duration = Duration::from_secs(5);
