//! Runs every case once under callgrind, which counts instructions.

use std::hint::black_box;

use http::StatusCode;

use crate::{
    cases::{self, Case},
    drive::{Request, requests},
    rounds::PATH,
    subscriber::Log,
};

/// Runs the cases whose name begins with `prefix`. Prints their order and number of requests.
pub fn instructions(log: Log, prefix: &str) {
    log.begin();
    for mut case in cases::all(log).into_iter().filter(|case| case.name.starts_with(prefix)) {
        warm(&mut case);
        measured_region(&mut case.run, requests(COUNTED, PATH));
        println!("{}\t{COUNTED}", case.name);
    }
}

/// Runs a case until all lazy initialization is done.
pub fn warm(case: &mut Case) {
    for request in requests(WARM_UP, PATH) {
        black_box((case.run)(request));
    }
}

/// callgrind counts only inside this function, which it finds by name.
#[inline(never)]
fn measured_region(run: &mut dyn FnMut(Request) -> StatusCode, requests: Vec<Request>) {
    for request in requests {
        black_box(run(request));
    }
    end_of_region();
}

/// callgrind dumps its counters at this function, which it finds by name.
#[inline(never)]
fn end_of_region() {
    black_box(());
}

const WARM_UP: usize = 300;
const COUNTED: usize = 500;
