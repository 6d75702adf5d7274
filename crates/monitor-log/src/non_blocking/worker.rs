//! The writer thread. Errors and panics of the writer lose at most one chunk of lines; the thread continues.

use std::{
    io::{self, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use monitor_core::{DropReason, instrument::panic};

use super::queue::Queue;
use crate::rolling::lines;

pub(super) struct Worker {
    queue: Arc<Queue>,
    inner: Box<dyn Write + Send>,
    /// Whether the last write ended in the middle of a line.
    is_torn: bool,
}

/// The reason why a call to the writer returned no result.
enum Stopped {
    Failed(DropReason),
    /// The guard has given up and has counted the remaining lines.
    GivenUp,
}

impl Worker {
    pub(super) fn new(queue: Arc<Queue>, inner: Box<dyn Write + Send>) -> Self {
        Self { queue, inner, is_torn: false }
    }

    pub(super) fn run(mut self) {
        self.queue.begin();
        self.write_batches();
        let Self { queue, inner, .. } = self;
        // The destructor of the writer may panic as well.
        panic::catch_and_drop(|| drop(inner));
        queue.end();
    }

    fn write_batches(&mut self) {
        let mut batch = Vec::new();
        while self.queue.take(&mut batch) {
            if !self.write_batch(&batch) || !self.flush() {
                return;
            }
            self.queue.finish(batch.len());
            empty(&mut batch);
        }
    }

    /// Writes a batch in chunks. Returns `false` if the guard has given up.
    fn write_batch(&mut self, mut batch: &[u8]) -> bool {
        let mut goes_on = self.queue.hold(lines::count(batch));
        while goes_on && !batch.is_empty() {
            let (chunk, later) = batch.split_at(lines::within(batch, CHUNK));
            goes_on = self.write(chunk);
            batch = later;
        }
        goes_on
    }

    /// Writes whole lines. Each line is settled as soon as it is written, so that the count is exact if the guard gives
    /// up in the middle of a chunk. Returns `false` in that case.
    fn write(&mut self, chunk: &[u8]) -> bool {
        let (mut settled, mut done) = (0, 0);
        while done < chunk.len() {
            match self.write_some(&chunk[done..]) {
                Ok(written) => {
                    done = chunk.len().min(done + written);
                    // A line that is only partly written is settled with the write that completes it.
                    let whole = if done == chunk.len() { done } else { lines::whole(&chunk[..done]) };
                    if !self.queue.settle(lines::count(&chunk[settled..whole]), None) {
                        return false;
                    }
                    settled = whole;
                }
                Err(Stopped::Failed(reason)) => {
                    self.is_torn |= done > settled;
                    let lost = lines::count(&chunk[settled..]);
                    return self.queue.settle(lost, Some((reason, lost)));
                }
                Err(Stopped::GivenUp) => return false,
            }
        }
        true
    }

    /// Terminates a torn line first, then makes one call to the writer.
    fn write_some(&mut self, lines: &[u8]) -> Result<usize, Stopped> {
        if self.is_torn {
            self.call(|inner| at_least_one(inner.write(b"\n")))?;
            self.is_torn = false;
        }
        self.call(|inner| at_least_one(inner.write(lines)))
    }

    /// Flushes the writer. Returns `false` if the guard has given up.
    fn flush(&mut self) -> bool {
        match self.call(|inner| inner.flush()) {
            Ok(()) => true,
            Err(Stopped::Failed(reason)) => {
                self.queue.lose(reason, 1);
                true
            }
            Err(Stopped::GivenUp) => false,
        }
    }

    /// Calls the writer, and retries while it would block, as a pipe does that another process made non-blocking. The
    /// wait is bounded by the queue's capacity and the guard's timeout, as for a writer that blocks.
    fn call<T>(&mut self, mut call: impl FnMut(&mut dyn Write) -> io::Result<T>) -> Result<T, Stopped> {
        loop {
            match catch_unwind(AssertUnwindSafe(|| call(&mut *self.inner))) {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(error)) if is_passing(&error) => {
                    if !self.queue.wait_for_writer() {
                        return Err(Stopped::GivenUp);
                    }
                }
                Ok(Err(_)) => return Err(Stopped::Failed(DropReason::Failed)),
                Err(payload) => {
                    panic::drop_payload(payload);
                    return Err(Stopped::Failed(DropReason::Panicked));
                }
            }
        }
    }
}

/// Returns whether a retry may succeed in a moment.
pub(crate) fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock)
}

/// Turns a write of zero bytes into an error. A retry would loop forever.
pub(crate) fn at_least_one(written: io::Result<usize>) -> io::Result<usize> {
    match written {
        Ok(0) => Err(io::ErrorKind::WriteZero.into()),
        outcome => outcome,
    }
}

/// Clears the batch. Shrinks it if only a burst needed its capacity.
fn empty(batch: &mut Vec<u8>) {
    let needed = batch.len();
    batch.clear();
    if batch.capacity() > HUGE && needed < batch.capacity() / 4 {
        batch.shrink_to(HUGE);
    }
}

/// Maximum number of bytes per write, and so the maximum loss when the writer fails.
const CHUNK: u64 = 16 * 1024;

/// Capacity in bytes above which a batch may shrink.
const HUGE: usize = 1024 * 1024;
