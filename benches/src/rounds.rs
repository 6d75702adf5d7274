//! Rounds: every case of a process once, in a different order each time.
//!
//! Two processes are compared by interleaving their rounds, so that a slow phase of the machine affects both.

use std::{hint::black_box, io::BufRead, time::Duration};

use monitor_kit::clock;

use crate::{
    cases::{self, Case},
    drive::requests,
    subscriber::Log,
};

/// Runs a round for every input line.
pub fn serve(log: Log) {
    log.begin();
    let mut cases = cases::all(log);
    for case in &mut cases {
        (0..WARM_UP).for_each(|_| _ = time(case));
    }
    let mut order = Order(1);
    println!("ready");
    for _ in std::io::stdin().lock().lines() {
        order.shuffle(&mut cases);
        for case in &mut cases {
            let nanoseconds = sample(case);
            println!("{}\t{nanoseconds:.2}", case.name);
        }
        println!("end");
    }
}

/// Returns the median time of several batches, in nanoseconds per request.
fn sample(case: &mut Case) -> f64 {
    let mut times: Vec<_> = (0..BATCHES).map(|_| time(case)).collect();
    times.sort_unstable();
    times[BATCHES / 2].as_nanos() as f64 / BATCH as f64
}

/// Times a batch of requests, which are created before.
fn time(case: &mut Case) -> Duration {
    let requests = requests(BATCH, PATH);
    let begun = clock::now();
    for request in requests {
        black_box((case.run)(request));
    }
    begun.elapsed()
}

/// A pseudo-random sequence that is the same in every run.
struct Order(u64);

impl Order {
    fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            list.swap(at, (self.0 >> 33) as usize % (at + 1));
        }
    }
}

/// The requested path.
pub const PATH: &str = "/items/7";
const BATCH: usize = 16;
const BATCHES: usize = 31;
const WARM_UP: usize = 100;
