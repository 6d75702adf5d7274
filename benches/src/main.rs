//! The measuring processes. LOG is `none`, `peers` or `ours`.
//!
//! - `benches rounds LOG` times every case once for each input line.
//! - `benches threads` times the compared cases on two threads.
//! - `benches facts MILLIONS` measures the facts.
//! - `benches history` measures the history of two days and a month.
//! - `benches history-of FOLDER` measures its second half.
//! - `benches panics WHO` measures the cost of a panic.
//! - `benches first-panic WHO` measures the first panic of the process.
//! - `benches first-error WHO` measures the first captured error of the process.
//! - `benches first-alert WHAT PERSISTENCE AGE` measures the alert of the first error or panic of the process.
//! - `benches server LOG` serves on loopback.
//! - `benches count LOG PREFIX` runs the cases once for callgrind.

use std::{env, io, path::Path, process::ExitCode};

use benches::{count, errors, facts, first_alert, history, panics, rounds, server, subscriber::Log, threads};
use tokio::runtime;

fn main() -> io::Result<ExitCode> {
    // Background work of the peers runs on a separate thread, as that of monitor-kit does.
    let background = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let _entered = background.enter();
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["rounds", log] => Log::named(log).map(rounds::serve),
        ["facts", millions] => millions.parse().ok().map(facts::run),
        ["panics", who] => panics::run(who),
        ["first-panic", who] => panics::run_first(who),
        ["first-error", who] => errors::run_first(who),
        ["first-alert", what, persistence, age] => first_alert::run(what, persistence, age),
        ["history"] => {
            history::run();
            Some(())
        }
        ["history-of", folder] => {
            history::read(Path::new(folder));
            Some(())
        }
        ["threads"] => {
            threads::serve();
            Some(())
        }
        ["server", log] => match Log::named(log) {
            Some(log) => Some(server::serve(log)?),
            None => None,
        },
        ["count", log, prefix] => Log::named(log).map(|log| count::instructions(log, prefix)),
        _ => None,
    };
    Ok(if done.is_some() { ExitCode::SUCCESS } else { ExitCode::from(2) })
}
