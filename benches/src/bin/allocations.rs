//! Counts allocations: `allocations LOG PREFIX` runs the cases once. LOG is `none`, `peers` or `ours`.
//!
//! A separate binary, because a counting allocator costs time, most of all for the case that allocates most.

#![expect(clippy::print_stdout, reason = "the figures are the output")]

use std::{env, hint::black_box, io, process::ExitCode};

use benches::{cases, count::warm, drive::requests, rounds::PATH, subscriber::Log};
use tokio::runtime;

fn main() -> io::Result<ExitCode> {
    let background = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let _entered = background.enter();
    let words: Vec<String> = env::args().skip(1).collect();
    let Some(log) = words.first().and_then(|log| Log::named(log)) else { return Ok(ExitCode::from(2)) };
    let prefix = words.get(1).map(String::as_str).unwrap_or_default();
    log.begin();
    for mut case in cases::all(log).into_iter().filter(|case| case.name.starts_with(prefix)) {
        warm(&mut case);
        let requests = requests(COUNTED, PATH);
        let counted = allocation_counter::measure(|| {
            for request in requests {
                black_box((case.run)(request));
            }
        });
        println!("{}\t{:.3}", case.name, counted.count_total as f64 / COUNTED as f64);
    }
    Ok(ExitCode::SUCCESS)
}

const COUNTED: usize = 1_000;
