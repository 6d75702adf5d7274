//! Measures: `benches rounds LOG` times every case once for each line that comes in, `benches threads` the compared ones on
//! two threads, `benches facts MILLIONS` measures what is measured once, `benches panics WHO` what a panic costs,
//! `benches first-panic WHO` what the first one of the process does, `benches server LOG` serves, `benches count LOG PREFIX` runs the cases once for callgrind. LOG is `none`, `peers` or `ours`.

use std::{env, io, process::ExitCode};

use benches::{count, facts, panics, rounds, server, subscriber::Log, threads};
use tokio::runtime;

fn main() -> io::Result<ExitCode> {
    // What the peers do in the background they do on a thread of its own, as what is ours does.
    let background = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let _entered = background.enter();
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["rounds", log] => Log::named(log).map(rounds::serve),
        ["facts", millions] => millions.parse().ok().map(facts::tell),
        ["panics", who] => panics::tell(who),
        ["first-panic", who] => panics::tell_first(who),
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
