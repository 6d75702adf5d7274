//! Settings of the writer thread.

use std::{
    fmt,
    io::{self, Write},
    sync::Arc,
    thread,
    time::Duration,
};

use monitor_core::{DropCounter, Monitor};

use super::{FlushGuard, NonBlocking, queue::Queue, worker::Worker};

/// Builds a [`NonBlocking`]. Created by [`NonBlocking::builder`].
///
/// # Example: an audit log, which must not lose a line
///
/// ```
/// use std::{fs::File, time::Duration};
/// use monitor_kit::Monitor;
/// use monitor_kit::log::{NonBlocking, WhenFull};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("audit.log");
/// let monitor = Monitor::builder("shop").build()?;
/// let (audit, _guard) = NonBlocking::builder(File::create(&path)?)
///     .capacity(1024 * 1024)
///     .when_full(WhenFull::Block)
///     .flush_timeout(Duration::from_secs(10))
///     .drops(monitor.drops_of("audit_log"))
///     .spawn()?;
/// audit.write_line(b"ada closed the shop\n");
/// assert!(audit.flush(Duration::from_secs(10)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct NonBlockingBuilder {
    inner: Box<dyn Write + Send>,
    capacity: usize,
    when_full: WhenFull,
    flush_timeout: Duration,
    drops: Option<Arc<DropCounter>>,
}

/// The policy for a line that does not fit into the queue.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum WhenFull {
    /// Drops the line and counts it.
    #[default]
    Drop,
    /// Blocks the caller until there is room: as long as the writer hangs, or until the guard is dropped. Lines that
    /// the writer itself logs on its own thread are dropped instead, because it would wait for itself.
    Block,
}

impl NonBlockingBuilder {
    pub(super) fn new(inner: Box<dyn Write + Send>) -> Self {
        let (capacity, flush_timeout) = (4 * 1024 * 1024, Duration::from_secs(2));
        Self { inner, capacity, when_full: WhenFull::default(), flush_timeout, drops: None }
    }

    /// Sets the size of the queue in bytes. The thread may hold a batch of the same size in addition. A longer line is
    /// accepted when the queue is empty. Defaults to 4 MiB.
    pub fn capacity(self, bytes: usize) -> Self {
        Self { capacity: bytes, ..self }
    }

    /// Sets the policy for a line that does not fit into the queue. Defaults to [`WhenFull::Drop`].
    pub fn when_full(self, when_full: WhenFull) -> Self {
        Self { when_full, ..self }
    }

    /// Sets the maximum time that the guard waits for queued lines. Defaults to two seconds.
    pub fn flush_timeout(self, timeout: Duration) -> Self {
        Self { flush_timeout: timeout, ..self }
    }

    /// Sets the counter of lost lines, such as the one from [`Monitor::drops_of`]. Defaults to none.
    pub fn drops(self, drops: Arc<DropCounter>) -> Self {
        Self { drops: Some(drops), ..self }
    }

    /// Starts the writer thread.
    ///
    /// # Errors
    ///
    /// Returns an error if the thread cannot be started or the capacity is 0.
    pub fn spawn(self) -> io::Result<(NonBlocking, FlushGuard)> {
        if self.capacity == 0 {
            let text = "a queue of 0 bytes holds no line: pass at least 1 to NonBlockingBuilder::capacity";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let drops = self.drops.unwrap_or_else(|| Monitor::disabled().drops_of("log_writer"));
        let queue = Arc::new(Queue::new(self.capacity, self.when_full, drops));
        let worker = Worker::new(Arc::clone(&queue), self.inner);
        thread::Builder::new().name(String::from("monitor-log")).spawn(move || worker.run())?;
        Ok((NonBlocking::new(Arc::clone(&queue)), FlushGuard::new(queue, self.flush_timeout)))
    }
}

impl fmt::Debug for NonBlockingBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NonBlockingBuilder")
            .field("capacity", &self.capacity)
            .field("when_full", &self.when_full)
            .field("flush_timeout", &self.flush_timeout)
            .finish_non_exhaustive()
    }
}
