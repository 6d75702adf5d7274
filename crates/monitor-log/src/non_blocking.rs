//! A bounded queue of log lines and the thread that writes them.
//!
//! A write to a disk or a pipe can take seconds, and a request must not wait for it. Callers only append to a queue in
//! memory; when the queue is full, lines are dropped and counted.

mod builder;
mod guard;
mod queue;
#[cfg(test)]
mod tests;
mod worker;

use std::{fmt, io, sync::Arc, time::Duration};

use tracing_subscriber::fmt::MakeWriter;

use self::queue::Queue;
pub(crate) use self::worker::{at_least_one, is_passing};
pub use self::{
    builder::{NonBlockingBuilder, WhenFull},
    guard::FlushGuard,
};

/// Queues lines for a thread that writes them, so that callers do no I/O. Clones share one queue.
///
/// Lines are batched for a few milliseconds and written together, in the order in which they were queued. They are
/// never torn. A lost line is counted by its reason: [`QueueFull`](monitor_core::DropReason::QueueFull) if there was no
/// room for it, [`Failed`](monitor_core::DropReason::Failed) or [`Panicked`](monitor_core::DropReason::Panicked) if the
/// writer failed or panicked, and [`Closed`](monitor_core::DropReason::Closed) after the [`FlushGuard`] was dropped. A
/// failed flush of the writer counts as one line. When the writer fails, the lines of the same write, at most 16 KiB,
/// are lost with it.
///
/// A writer that returns [`WouldBlock`](io::ErrorKind::WouldBlock) or [`Interrupted`](io::ErrorKind::Interrupted) has
/// not failed: the thread retries every millisecond. Standard output behaves like that if it is a pipe that another
/// process, such as Node, made non-blocking. The wait is bounded as for a writer that blocks: the queue fills up, and
/// the guard gives up after its timeout.
///
/// # Example
///
/// ```
/// use monitor_kit::Monitor;
/// use monitor_kit::log::{NonBlocking, RollingFile, Rotation};
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("app.log");
/// let monitor = Monitor::builder("shop").build()?;
/// let file = RollingFile::open(&path, Rotation::default())?;
/// let (lines, guard) = NonBlocking::builder(file).drops(monitor.drops_of("log_writer")).spawn()?;
/// lines.write_line(b"the shop is open\n");
/// drop(guard);
/// assert_eq!(std::fs::read(path)?, b"the shop is open\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct NonBlocking(Arc<Queue>);

impl NonBlocking {
    /// Returns a builder for a thread that writes to `inner`.
    pub fn builder(inner: impl io::Write + Send + 'static) -> NonBlockingBuilder {
        NonBlockingBuilder::new(Box::new(inner))
    }

    const fn new(queue: Arc<Queue>) -> Self {
        Self(queue)
    }

    /// Queues one or more lines, each with its line feed.
    pub fn write_line(&self, line: &[u8]) {
        if !line.is_empty() {
            self.0.push(line);
        }
    }

    /// Waits up to `timeout` until all lines queued so far are written. Returns whether they are.
    #[must_use]
    pub fn flush(&self, timeout: Duration) -> bool {
        self.0.flush(timeout)
    }
}

impl io::Write for &NonBlocking {
    /// Queues one or more lines. Never fails: lost lines are counted.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.write_line(line);
        Ok(line.len())
    }

    /// Does nothing, so that a caller never waits for the writer.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for NonBlocking {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

impl fmt::Debug for NonBlocking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NonBlocking").field("capacity", &self.0.capacity).finish_non_exhaustive()
    }
}
