//! Every case once under callgrind, which counts instructions and calls.

use std::hint::black_box;

use http::StatusCode;

use crate::{
    cases,
    drive::{Request, requests},
    rounds::PATH,
    subscriber::Log,
};

/// Runs the cases whose name begins with `prefix`, and says in which order.
pub(crate) fn count(log: Log, prefix: &str) {
    log.begin();
    for mut case in cases::all(log).into_iter().filter(|case| case.name.starts_with(prefix)) {
        for request in requests(WARM_UP, PATH) {
            black_box((case.run)(request));
        }
        let requests = requests(COUNTED, PATH);
        measured_region(&mut case.run, requests);
        println!("{}\t{COUNTED}", case.name);
    }
}

/// callgrind counts what happens in here and nothing else; it knows the function by its name.
#[inline(never)]
fn measured_region(run: &mut dyn FnMut(Request) -> StatusCode, requests: Vec<Request>) {
    for request in requests {
        black_box(run(request));
    }
    end_of_region();
}

/// callgrind writes down here what it counted since it was last here.
#[inline(never)]
fn end_of_region() {
    black_box(());
}

const WARM_UP: usize = 300;
const COUNTED: usize = 500;
