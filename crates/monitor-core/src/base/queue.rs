//! A bounded queue with a worker thread. Items that find no room are dropped and counted.

mod flushes;

use std::{
    fmt, io,
    sync::{Arc, OnceLock, PoisonError},
    time::{Duration, Instant},
};

pub(crate) use self::flushes::Pending;
use self::flushes::{Flushes, Kind, WorkerGuard};
use super::{
    clock,
    drops::{DropCounter, DropReason},
    sync::{
        RwLock,
        mpsc::{self, Receiver, RecvError, RecvTimeoutError, SyncSender, TrySendError},
        thread,
    },
};

/// Processes the items of a queue, on the queue's thread.
pub(crate) trait Handler<T>: Send + 'static {
    /// Runs once before the first item.
    fn begin(&mut self) {}

    /// Runs once, if the queue stays empty for a second after the beginning: time for preparations that must delay
    /// neither the first items nor a process that ends at once.
    fn idle(&mut self) {}

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
    /// `true` once the queue accepts nothing more. A push holds the read lock, so that no item follows the last flush.
    closed: RwLock<bool>,
    drops: Arc<DropCounter>,
    flushes: Arc<Flushes>,
    give_up_at: Arc<OnceLock<Instant>>,
}

enum Work<T> {
    Item(T),
    /// Wakes the worker for a flush. If the queue is full, the worker is awake.
    Wake,
}

// === impl Queue ===

impl<T: Send + 'static> Queue<T> {
    pub(crate) fn spawn(bound: usize, drops: Arc<DropCounter>, handler: impl Handler<T>) -> io::Result<Self> {
        let (sender, receiver) = mpsc::sync_channel(bound);
        let (flushes, give_up_at) = (Arc::new(Flushes::default()), Arc::new(OnceLock::new()));
        let name = format!("monitor-{}", drops.owner());
        let worker = Worker {
            handler,
            bound,
            drops: Arc::clone(&drops),
            flushes: Arc::clone(&flushes),
            give_up_at: Arc::clone(&give_up_at),
        };
        thread::Builder::new().name(name).spawn(move || {
            let guard = WorkerGuard(Arc::clone(&worker.flushes));
            let last = worker.run(&receiver);
            // After `run` has dropped the handler: everything it holds is released when the callers are notified.
            guard.0.end(last);
        })?;
        Ok(Self { sender, closed: RwLock::new(false), drops, flushes, give_up_at })
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

    /// Queues `item` if there is room, and returns whether it was queued. For wake-ups, where any item already queued
    /// has the same effect: nothing is counted as dropped.
    pub(crate) fn nudge(&self, item: T) -> bool {
        let is_open = self.closed.try_read().is_ok_and(|closed| !*closed);
        is_open && self.sender.try_send(Work::Item(item)).is_ok()
    }

    /// Requests a flush of everything queued so far.
    pub(crate) fn flush(&self) -> Pending {
        self.request(Kind::Flush)
    }

    /// Closes the queue, requests a last flush, and ends the thread after that.
    pub(crate) fn stop(&self) -> Pending {
        *self.closed.write().unwrap_or_else(PoisonError::into_inner) = true;
        self.request(Kind::Stop)
    }

    fn request(&self, kind: Kind) -> Pending {
        self.flushes.request(kind, || _ = self.sender.try_send(Work::Wake))
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

struct Worker<H> {
    handler: H,
    bound: usize,
    drops: Arc<DropCounter>,
    flushes: Arc<Flushes>,
    give_up_at: Arc<OnceLock<Instant>>,
}

impl<H> Worker<H> {
    /// Works until the queue is stopped or dropped. Returns the number of the last flush that is answered.
    fn run<T>(mut self, receiver: &Receiver<Work<T>>) -> u64
    where
        H: Handler<T>,
    {
        self.handler.begin();
        let last = self.serve(receiver);
        self.handler.end();
        last
    }

    fn serve<T>(&mut self, receiver: &Receiver<Work<T>>) -> u64
    where
        H: Handler<T>,
    {
        let mut next = self.first(receiver);
        while let Ok(work) = next {
            self.handle(work);
            while let Some(request) = self.flushes.next() {
                // Includes everything that was queued before the request.
                receiver.try_iter().take(self.bound).for_each(|work| self.handle(work));
                if request.kind == Kind::Stop {
                    return request.number;
                }
                self.handler.flush();
                self.flushes.end(request.number);
            }
            next = receiver.recv();
        }
        self.flushes.requested()
    }

    fn first<T>(&mut self, receiver: &Receiver<Work<T>>) -> Result<Work<T>, RecvError>
    where
        H: Handler<T>,
    {
        match receiver.recv_timeout(IDLE) {
            Err(RecvTimeoutError::Timeout) => {
                self.handler.idle();
                receiver.recv()
            }
            first => first.map_err(|_| RecvError),
        }
    }

    fn handle<T>(&mut self, work: Work<T>)
    where
        H: Handler<T>,
    {
        match work {
            // The queue was dropped, and its time to drain is over.
            Work::Item(_) if self.is_late() => self.drops.count(DropReason::Closed),
            Work::Item(item) => self.handler.handle(item),
            Work::Wake => {}
        }
    }

    fn is_late(&self) -> bool {
        self.give_up_at.get().is_some_and(|at| clock::now() > *at)
    }
}

/// Time without an item after which a handler may prepare.
const IDLE: Duration = Duration::from_secs(1);
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
        assert!(!queue.flush().wait(clock::now()), "a hung handler does not hold up a flush");

        let flushed = queue.flush();
        drop(go);
        assert!(flushed.wait(clock::now() + Duration::from_secs(10)), "a flush needs no room in the queue");
        assert_eq!(seen.try_iter().collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn a_stopped_queue_drops_what_comes_after() {
        let (begun, seen) = mpsc::channel();
        let (_, leave) = mpsc::channel();
        let drops = Arc::new(DropCounter::new("slow"));
        let queue = Queue::spawn(8, Arc::clone(&drops), Slow { begun, leave }).expect("a thread");
        queue.push(1);
        assert!(queue.stop().wait(clock::now() + Duration::from_secs(10)));
        assert_eq!(seen.iter().collect::<Vec<_>>(), [1], "the thread has ended");
        assert!(!queue.push(2));
        assert_eq!(drops.read().collect::<Vec<_>>(), [(DropReason::Closed, 1)]);
        assert!(!queue.flush().wait(clock::now() + Duration::from_secs(10)), "a thread that is gone is not waited for");
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

    /// Sends its calls.
    struct Calls(Sender<&'static str>);

    impl Handler<u32> for Calls {
        fn handle(&mut self, _: u32) {
            let _ = self.0.send("item");
        }

        fn idle(&mut self) {
            let _ = self.0.send("idle");
        }
    }

    #[test]
    fn a_handler_may_prepare_once_if_no_item_comes_for_a_second() {
        let spawn = || {
            let (calls, seen) = mpsc::channel();
            (Queue::spawn(8, Arc::new(DropCounter::new("calls")), Calls(calls)).expect("a thread"), seen)
        };
        let ((busy, of_busy), (calm, of_calm)) = (spawn(), spawn());
        assert!(busy.push(1));
        assert_eq!(of_calm.recv(), Ok("idle"));
        assert!(busy.push(2) && calm.push(1) && calm.push(2));
        drop((busy, calm));
        assert_eq!(of_busy.iter().collect::<Vec<_>>(), ["item", "item"]);
        assert_eq!(of_calm.iter().collect::<Vec<_>>(), ["item", "item"]);
    }
}
