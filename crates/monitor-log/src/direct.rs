//! Writes lines on the thread that logs them, and counts lost lines.
//!
//! A layer without a [`NonBlocking`](crate::NonBlocking) writer writes inside the logging call. A writer may fail or
//! accept half a line; this module counts the line as dropped and keeps the next one on a line of its own.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use monitor_core::{DropCounter, DropReason, clock};
use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

use crate::non_blocking::{at_least_one, is_passing};

/// The writer of a layer, with its drop counter.
pub(crate) struct Direct<W> {
    writer: W,
    drops: Arc<DropCounter>,
    /// Whether the last write ended in the middle of a line.
    is_torn: AtomicBool,
}

impl<W> Direct<W> {
    pub(crate) fn new(writer: W, drops: Arc<DropCounter>) -> Self {
        Self { writer, drops, is_torn: AtomicBool::new(false) }
    }

    pub(crate) fn with_writer<W2>(self, writer: W2) -> Direct<W2> {
        Direct::new(writer, self.drops)
    }
}

impl<W: for<'a> MakeWriter<'a>> Direct<W> {
    /// Writes a line, or counts it as dropped.
    pub(crate) fn write(&self, metadata: &Metadata<'_>, line: &[u8]) {
        let mut writer = self.writer.make_writer_for(metadata);
        // Loaded first and stored only on a change: the cache line is shared by all threads that log.
        let was_torn = self.is_torn.load(Ordering::Relaxed);
        // A torn line is terminated first, so that this one starts on a line of its own.
        let is_ended = !was_torn || write_all(&mut writer, b"\n") == 1;
        let written = if is_ended { write_all(&mut writer, line) } else { 0 };
        let is_whole = written == line.len();
        let is_torn = !is_ended || (written > 0 && !is_whole);
        if is_torn != was_torn {
            self.is_torn.store(is_torn, Ordering::Relaxed);
        }
        if !is_whole {
            self.drops.count(DropReason::Failed);
        }
    }
}

/// Writes as many bytes as possible and returns their number. A writer that would block is retried, but only for
/// [`PATIENCE`], because this may be the thread of a request.
fn write_all(writer: &mut impl Write, bytes: &[u8]) -> usize {
    let (mut done, mut patience) = (0, None);
    while done < bytes.len() {
        match at_least_one(writer.write(&bytes[done..])) {
            Ok(written) => done = bytes.len().min(done + written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error)
                if is_passing(&error) && clock::now() < *patience.get_or_insert_with(|| clock::now() + PATIENCE) =>
            {
                thread::sleep(PAUSE);
            }
            Err(_) => break,
        }
    }
    done
}

/// Maximum time that one line waits for a writer that would block.
const PATIENCE: Duration = Duration::from_millis(100);
const PAUSE: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use monitor_core::Monitor;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::json::JsonLayer;

    /// A pipe with limited room, which returns `WouldBlock` once it is full.
    #[derive(Clone, Debug, Default)]
    struct Pipe(Arc<Mutex<(Vec<u8>, usize)>>);

    impl Pipe {
        fn set_room(&self, room: usize) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).1 = room;
        }

        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap_or_else(PoisonError::into_inner).0.clone()).expect("text")
        }
    }

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let (written, room) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let taken = bytes.len().min(*room);
            if taken == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            *room -= taken;
            written.extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_a_stuck_pipe_does_not_take_are_counted_and_the_next_is_not_glued_to_half_a_line() {
        let (monitor, pipe) = (Monitor::builder("shop").log(None).build().unwrap(), Pipe::default());
        let writer = pipe.clone();
        let layer = JsonLayer::new(&monitor).writer(move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            for room in [usize::MAX, 40, 0, usize::MAX] {
                pipe.set_room(room);
                tracing::info!("line");
            }
        });
        let text = pipe.text();
        let whole = text.lines().filter(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()).count();
        assert_eq!((whole, text.lines().count()), (2, 3), "{text}");
        assert_eq!(monitor.dropped().iter().map(|dropped| dropped.count).sum::<u64>(), 2);
    }
}
