//! The thread that writes, and outlives whatever its writer does.

use std::{
    io::{self, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use monitor_core::Reason;

use crate::{non_blocking::queue::Queue, rolling::lines};

pub(super) struct Worker {
    queue: Arc<Queue>,
    inner: Box<dyn Write + Send>,
    /// Whether the last thing written was half a line.
    is_torn: bool,
}

impl Worker {
    pub(super) fn new(queue: Arc<Queue>, inner: Box<dyn Write + Send>) -> Self {
        Self { queue, inner, is_torn: false }
    }

    pub(super) fn run(mut self) {
        self.queue.begin();
        self.write_batches();
        let Self { queue, inner, .. } = self;
        let _ = guarded(|| {
            drop(inner);
            Ok(())
        });
        queue.end();
    }

    fn write_batches(&mut self) {
        let mut batch = Vec::new();
        while self.queue.take(&mut batch) {
            if !self.write_batch(&batch) {
                return;
            }
            let flushed = guarded(|| self.inner.flush());
            if let Err(reason) = flushed {
                self.queue.lose(reason, 1);
            }
            self.queue.finish(batch.len());
            empty(&mut batch);
        }
    }

    /// Returns false when nobody waits for it any more.
    fn write_batch(&mut self, mut batch: &[u8]) -> bool {
        let mut goes_on = self.queue.hold(lines::count(batch));
        while goes_on && !batch.is_empty() {
            let (chunk, later) = batch.split_at(lines::within(batch, CHUNK));
            let lost = self.write(chunk).err();
            goes_on = self.queue.settle(lines::count(chunk), lost);
            batch = later;
        }
        goes_on
    }

    /// Writes whole lines. When that fails, returns why and how many of them are lost.
    fn write(&mut self, chunk: &[u8]) -> Result<(), (Reason, u64)> {
        if self.is_torn {
            guarded(|| self.inner.write_all(b"\n")).map_err(|reason| (reason, lines::count(chunk)))?;
            self.is_torn = false;
        }
        let mut done = 0;
        while done < chunk.len() {
            match guarded(|| write_some(&mut self.inner, &chunk[done..])) {
                Ok(written) => done = chunk.len().min(done + written),
                Err(reason) => {
                    let whole = lines::whole(&chunk[..done]);
                    self.is_torn = done > whole;
                    return Err((reason, lines::count(&chunk[whole..])));
                }
            }
        }
        Ok(())
    }
}

fn write_some(inner: &mut impl Write, lines: &[u8]) -> io::Result<usize> {
    match inner.write(lines) {
        Ok(0) => Err(io::ErrorKind::WriteZero.into()),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(0),
        outcome => outcome,
    }
}

fn guarded<T>(call: impl FnOnce() -> io::Result<T>) -> Result<T, Reason> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(_)) => Err(Reason::Failed),
        Err(_) => Err(Reason::Panicked),
    }
}

/// Keeps what a batch like this one needs, and gives back what only a burst needed.
fn empty(batch: &mut Vec<u8>) {
    let needed = batch.len();
    batch.clear();
    if batch.capacity() > HUGE && needed < batch.capacity() / 4 {
        batch.shrink_to(HUGE);
    }
}

/// How much is written, and lost, together.
const CHUNK: u64 = 16 * 1024;

const HUGE: usize = 1024 * 1024;
