//! What the layers cost, beside their peers: the processes that `cargo xtask bench` starts, reads and compares.
//!
//! Each prints one figure a line: what it is of, a tab, the number.

mod cases;
mod count;
mod drive;
mod rounds;
mod subscriber;

use std::{env, io, process::ExitCode};

use tokio::runtime;

use self::subscriber::Log;

fn main() -> io::Result<ExitCode> {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    // What the peers do in the background they do on a thread of its own, as what is ours does.
    let background = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let _entered = background.enter();
    let done = match words[..] {
        ["rounds", log] => Log::named(log).map(rounds::serve),
        ["count", log, prefix] => Log::named(log).map(|log| count::count(log, prefix)),
        _ => None,
    };
    Ok(done.map_or(ExitCode::from(2), |()| ExitCode::SUCCESS))
}
