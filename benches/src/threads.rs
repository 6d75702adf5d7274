//! The compared cases on two threads at once, each with a service of its own. Any slowdown comes from shared state.

use std::{
    hint::black_box,
    io::BufRead,
    sync::{
        Arc, Barrier,
        mpsc::{self, Receiver, Sender},
    },
    thread,
};

use monitor_kit::clock;
use tokio::runtime::Handle;

use crate::{cases, count::warm, drive::requests, rounds::PATH, subscriber::Log};

/// Runs a round for every input line.
pub fn serve() {
    let names: Vec<_> = cases::compared(Log::None).into_iter().map(|case| case.name).collect();
    let barrier = Arc::new(Barrier::new(THREADS));
    let workers: Vec<_> = (0..THREADS).map(|_| Worker::start(&barrier)).collect();
    println!("ready");
    for _ in std::io::stdin().lock().lines() {
        for (number, name) in names.iter().enumerate() {
            workers.iter().for_each(|worker| worker.run(number));
            let total: f64 = workers.iter().map(Worker::took).sum();
            println!("two threads, {name}\t{:.2}", total / THREADS as f64);
        }
        println!("end");
    }
}

struct Worker {
    next: Sender<usize>,
    took: Receiver<f64>,
}

impl Worker {
    fn start(barrier: &Arc<Barrier>) -> Self {
        let ((next, numbers), (times, took)) = (mpsc::channel(), mpsc::channel());
        let (barrier, runtime) = (Arc::clone(barrier), Handle::current());
        thread::spawn(move || {
            let _entered = runtime.enter();
            let mut cases = cases::compared(Log::None);
            cases.iter_mut().for_each(warm);
            for number in numbers {
                let (case, requests): (&mut cases::Case, _) = (&mut cases[number], requests(REQUESTS, PATH));
                barrier.wait();
                let begun = clock::now();
                for request in requests {
                    black_box((case.run)(request));
                }
                let _ = times.send(begun.elapsed().as_nanos() as f64 / REQUESTS as f64);
            }
        });
        Self { next, took }
    }

    fn run(&self, number: usize) {
        let _ = self.next.send(number);
    }

    /// Returns the time per request in nanoseconds.
    fn took(&self) -> f64 {
        self.took.recv().unwrap_or(f64::NAN)
    }
}

const THREADS: usize = 2;
const REQUESTS: usize = 1_000;
