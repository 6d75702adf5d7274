//! A bounded hand-off of lines to a thread that writes them.

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

/// Hands lines to a thread that writes them, so that no caller waits for a disk. Cloning it gives another handle.
///
/// Lines gather for some milliseconds and are written together, in the order in which they came. They are never torn. A line
/// that is lost is counted by its reason: [`QueueFull`](monitor_core::DropReason::QueueFull) when there is no room for it,
/// [`Failed`](monitor_core::DropReason::Failed) and [`Panicked`](monitor_core::DropReason::Panicked) when the writer does that, and
/// [`Closed`](monitor_core::DropReason::Closed) when the [`FlushGuard`] is gone. A flush of the writer that fails counts as one
/// line. When the writer fails, the lines that were to be written together with that line, 16 KiB at most, are lost too.
///
/// A writer that returns [`WouldBlock`](io::ErrorKind::WouldBlock) or [`Interrupted`](io::ErrorKind::Interrupted) has not
/// failed: the thread tries again every millisecond. Standard output is such a writer when it is a pipe that another
/// process, Node for instance, made non-blocking. The wait is bounded as it is for a writer that blocks: the queue fills,
/// and the guard gives up after its timeout.
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
    /// Begins to build a thread that writes to `inner`.
    pub fn builder(inner: impl io::Write + Send + 'static) -> NonBlockingBuilder {
        NonBlockingBuilder::new(Box::new(inner))
    }

    const fn new(queue: Arc<Queue>) -> Self {
        Self(queue)
    }

    /// Queues one line, or several, each with its line end.
    pub fn write_line(&self, line: &[u8]) {
        if !line.is_empty() {
            self.0.push(line);
        }
    }

    /// Waits until everything queued so far is written, for at most `timeout`. Returns whether it is.
    #[must_use]
    pub fn flush(&self, timeout: Duration) -> bool {
        self.0.flush(timeout)
    }
}

impl io::Write for &NonBlocking {
    /// Queues one line, or several. It never fails: what is lost is counted.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.write_line(line);
        Ok(line.len())
    }

    /// Does nothing: nobody who logs is to wait.
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
