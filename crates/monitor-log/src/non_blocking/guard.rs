//! Shuts down the writer thread.

use std::{fmt, sync::Arc, time::Duration};

use super::queue::Queue;

/// Shuts down the thread of a [`NonBlocking`](crate::NonBlocking) when dropped, after all queued lines are written.
///
/// Dropping it blocks for at most the [`flush_timeout`](crate::NonBlockingBuilder::flush_timeout). Lines not written by
/// then, and lines queued later, are counted as [`Closed`](monitor_core::DropReason::Closed).
#[must_use = "lines are lost once it is dropped: hold it until the program ends"]
pub struct FlushGuard {
    queue: Arc<Queue>,
    timeout: Duration,
}

impl FlushGuard {
    pub(super) const fn new(queue: Arc<Queue>, timeout: Duration) -> Self {
        Self { queue, timeout }
    }
}

impl Drop for FlushGuard {
    fn drop(&mut self) {
        self.queue.close(self.timeout);
    }
}

impl fmt::Debug for FlushGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlushGuard").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}
