//! A bounded queue with a worker thread. Items that find no room are dropped and counted.

use std::{
    fmt, io,
    sync::{Arc, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use super::{
    clock,
    drops::{DropCounter, DropReason},
    sync::{
        RwLock,
        mpsc::{self, Receiver, SyncSender, TrySendError},
        thread,
    },
};

/// Processes the items of a queue, on the queue's thread.
pub(crate) trait Handler<T>: Send + 'static {
    /// Runs once before the first item.
    fn begin(&mut self) {}

    fn handle(&mut self, item: T);

    /// Forwards all buffered items.
    fn flush(&mut self) {}

    /// Flushes for the last time, before the thread ends.
    fn end(&mut self) {
        self.flush();
    }
}

/// The sending side of a queue. Dropping it ends the thread, which first processes the queued items for at most two
/// seconds.
pub(crate) struct Queue<T> {
    sender: SyncSender<Work<T>>,
    /// `true` once the queue accepts nothing more. A push holds the read lock, so that no item can follow `Work::Stop`.
    closed: RwLock<bool>,
    drops: Arc<DropCounter>,
    give_up_at: Arc<OnceLock<Instant>>,
}

enum Work<T> {
    Item(T),
    Flush(SyncSender<()>),
    Stop(SyncSender<()>),
}

/// A flush or stop in progress.
#[must_use]
pub(crate) enum Pending {
    Asked(Receiver<()>),
    NoRoom,
    Gone,
}

// === impl Queue ===

impl<T: Send + 'static> Queue<T> {
    pub(crate) fn spawn(bound: usize, drops: Arc<DropCounter>, handler: impl Handler<T>) -> io::Result<Self> {
        let (sender, receiver) = mpsc::sync_channel(bound);
        let give_up_at = Arc::new(OnceLock::new());
        let name = format!("monitor-{}", drops.owner());
        let worker = Worker { handler, drops: Arc::clone(&drops), give_up_at: Arc::clone(&give_up_at) };
        thread::Builder::new().name(name).spawn(move || worker.run(receiver))?;
        Ok(Self { sender, closed: RwLock::new(false), drops, give_up_at })
    }

    /// Queues `item`, or drops and counts it if the queue is full or closed. Never blocks. Returns `true` if it was
    /// queued.
    pub(crate) fn push(&self, item: T) -> bool {
        // Only `stop` takes the write lock, so a failed `try_read` means that the queue is closing.
        let Some(_open) = self.closed.try_read().ok().filter(|closed| !**closed) else {
            self.drops.count(DropReason::Closed);
            return false;
        };
        match self.sender.try_send(Work::Item(item)) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                self.drops.count(DropReason::QueueFull);
                false
            }
            Err(TrySendError::Disconnected(_)) => {
                self.drops.count(DropReason::Closed);
                false
            }
        }
    }

    /// Queues `item`, and blocks until there is room. Must not be called on a request's thread.
    pub(crate) fn push_waiting(&self, item: T) {
        if self.sender.send(Work::Item(item)).is_err() {
            self.drops.count(DropReason::Closed);
        }
    }

    /// Queues `item` if there is room. For wake-ups, where any item already queued has the same effect: nothing is
    /// counted as dropped.
    pub(crate) fn nudge(&self, item: T) {
        if self.closed.try_read().is_ok_and(|closed| !*closed) {
            let _ = self.sender.try_send(Work::Item(item));
        }
    }

    /// Requests a flush of everything queued so far. Waits for room in the queue until `deadline`.
    pub(crate) fn flush(&self, deadline: Instant) -> Pending {
        self.ask(Work::Flush, deadline)
    }

    /// Closes the queue, requests a last flush, and ends the thread after that. Waits for room as
    /// [`flush`](Self::flush) does.
    pub(crate) fn stop(&self, deadline: Instant) -> Pending {
        *self.closed.write().unwrap_or_else(PoisonError::into_inner) = true;
        self.ask(Work::Stop, deadline)
    }

    fn ask(&self, work: impl FnOnce(SyncSender<()>) -> Work<T>, deadline: Instant) -> Pending {
        let (done, pending) = mpsc::sync_channel(1);
        let mut work = work(done);
        loop {
            work = match self.sender.try_send(work) {
                Ok(()) => return Pending::Asked(pending),
                Err(TrySendError::Full(back)) if clock::now() < deadline => back,
                Err(TrySendError::Full(_)) => return Pending::NoRoom,
                Err(TrySendError::Disconnected(_)) => return Pending::Gone,
            };
            // A standard channel has no `send` with a timeout.
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl<T> Drop for Queue<T> {
    fn drop(&mut self) {
        let _ = self.give_up_at.set(clock::now() + DRAIN);
    }
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("owner", &self.drops.owner()).finish_non_exhaustive()
    }
}

// === impl Pending ===

impl Pending {
    /// Waits for the end of the flush. Returns `true` if it ended before `deadline`.
    pub(crate) fn wait(self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(clock::now());
        matches!(self, Self::Asked(done) if done.recv_timeout(left).is_ok())
    }

    pub(crate) fn found_no_room(&self) -> bool {
        matches!(self, Self::NoRoom)
    }
}

struct Worker<H> {
    handler: H,
    drops: Arc<DropCounter>,
    give_up_at: Arc<OnceLock<Instant>>,
}

impl<H> Worker<H> {
    fn run<T>(mut self, receiver: Receiver<Work<T>>)
    where
        H: Handler<T>,
    {
        self.handler.begin();
        while let Ok(work) = receiver.recv() {
            match work {
                // The queue was dropped, and its time to drain is over.
                Work::Item(_) if self.is_late() => self.drops.count(DropReason::Closed),
                Work::Item(item) => self.handler.handle(item),
                Work::Flush(done) => {
                    self.handler.flush();
                    let _ = done.try_send(());
                }
                Work::Stop(done) => {
                    self.handler.end();
                    // Dropped first, so that everything the handler holds is released when the caller is notified.
                    drop(self);
                    let _ = done.try_send(());
                    return;
                }
            }
        }
        self.handler.end();
    }

    fn is_late(&self) -> bool {
        self.give_up_at.get().is_some_and(|at| clock::now() > *at)
    }
}

const DRAIN: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use crate::base::sync::mpsc::Sender;

    use super::*;

    /// Signals the start of each item, and waits for permission to end it.
    struct Slow {
        begun: Sender<u32>,
        leave: Receiver<()>,
    }

    impl Handler<u32> for Slow {
        fn handle(&mut self, item: u32) {
            let _ = self.begun.send(item);
            let _ = self.leave.recv();
        }
    }

    #[test]
    fn a_full_queue_drops_counts_and_never_blocks() {
        let (begun, seen) = mpsc::channel();
        let (go, leave) = mpsc::channel();
        let drops = Arc::new(DropCounter::new("slow"));
        let queue = Queue::spawn(1, Arc::clone(&drops), Slow { begun, leave }).expect("a thread");

        assert!(queue.push(1));
        assert_eq!(seen.recv(), Ok(1));
        assert!(queue.push(2), "one fits while one is in work");
        assert!(!queue.push(3));
        assert_eq!(drops.read().collect::<Vec<_>>(), [(DropReason::QueueFull, 1)]);
        assert!(!queue.flush(clock::now()).wait(clock::now()), "a hung handler does not hold up a flush");

        drop(go);
        let deadline = clock::now() + Duration::from_secs(10);
        assert!(queue.flush(deadline).wait(deadline));
        assert_eq!(seen.try_iter().collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn a_stopped_queue_drops_what_comes_after() {
        let (begun, seen) = mpsc::channel();
        let (_, leave) = mpsc::channel();
        let drops = Arc::new(DropCounter::new("slow"));
        let queue = Queue::spawn(8, Arc::clone(&drops), Slow { begun, leave }).expect("a thread");
        queue.push(1);
        let deadline = clock::now() + Duration::from_secs(10);
        assert!(queue.stop(deadline).wait(deadline));
        assert_eq!(seen.iter().collect::<Vec<_>>(), [1], "the thread has ended");
        assert!(!queue.push(2));
        assert_eq!(drops.read().collect::<Vec<_>>(), [(DropReason::Closed, 1)]);
    }

    #[test]
    fn a_dropped_queue_works_off_what_it_holds() {
        let (begun, seen) = mpsc::channel();
        let (_, leave) = mpsc::channel();
        let queue = Queue::spawn(8, Arc::new(DropCounter::new("slow")), Slow { begun, leave }).expect("a thread");
        (0..8).for_each(|item| assert!(queue.push(item)));
        drop(queue);
        assert_eq!(seen.iter().count(), 8);
    }
}
