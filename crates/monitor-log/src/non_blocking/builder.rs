//! The settings of a writer's thread.

use std::{
    fmt,
    io::{self, Write},
    sync::Arc,
    thread,
    time::Duration,
};

use monitor_core::{DropCounter, Monitor};

use super::{FlushGuard, NonBlocking, queue::Queue, worker::Worker};

/// Builds a [`NonBlocking`]. Made by [`NonBlocking::builder`].
#[must_use]
pub struct NonBlockingBuilder {
    inner: Box<dyn Write + Send>,
    capacity: usize,
    when_full: WhenFull,
    flush_timeout: Duration,
    drops: Option<Arc<DropCounter>>,
}

/// Says what becomes of a line for which there is no room.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum WhenFull {
    /// It is dropped and counted.
    #[default]
    Drop,
    /// Its caller waits until there is room, which is for as long as the writer hangs or until the guard is dropped. Only
    /// lines that the writer itself logs, on its thread, are dropped.
    Block,
}

impl NonBlockingBuilder {
    pub(super) fn new(inner: Box<dyn Write + Send>) -> Self {
        let (capacity, flush_timeout) = (4 * 1024 * 1024, Duration::from_secs(2));
        Self { inner, capacity, when_full: WhenFull::default(), flush_timeout, drops: None }
    }

    /// Sets how many bytes wait for the thread. As many again may be in its hands, and a line that is longer goes
    /// through alone. Defaults to 4 MiB.
    pub fn capacity(self, bytes: usize) -> Self {
        Self { capacity: bytes, ..self }
    }

    /// Sets what becomes of a line for which there is no room. Defaults to [`WhenFull::Drop`].
    pub fn when_full(self, when_full: WhenFull) -> Self {
        Self { when_full, ..self }
    }

    /// Sets how long the guard waits for what is queued. Defaults to two seconds.
    pub fn flush_timeout(self, timeout: Duration) -> Self {
        Self { flush_timeout: timeout, ..self }
    }

    /// Sets who counts the lines that are lost, such as [`Monitor::drops_of`]. Defaults to nobody.
    pub fn drops(self, drops: Arc<DropCounter>) -> Self {
        Self { drops: Some(drops), ..self }
    }

    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// When there can be no thread, or the capacity is 0.
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
