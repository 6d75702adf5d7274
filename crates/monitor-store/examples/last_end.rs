//! Prints how the last run of this program ended, then ends by `shutdown`, `drop`, `return`, `exit` or `abort`.
//!
//! ```sh
//! cargo run -p monitor-store --example last_end -- FOLDER return
//! ```

use std::{
    env,
    io::{Write, stdout},
    process::{abort, exit},
    sync::OnceLock,
    time::Duration,
};

use monitor_kit::{BoxError, Monitor, Signal, store::Store};

fn main() -> Result<(), BoxError> {
    let mut arguments = env::args().skip(1);
    let (Some(folder), Some(end)) = (arguments.next(), arguments.next()) else {
        return Err("usage: last_end FOLDER shutdown|drop|return|exit|abort".into());
    };
    let monitor = Monitor::builder("shop")
        .release("1.4.2")
        .persist(Store::open(folder)?)
        .reporter_fn("terminal", |signal| {
            if let Signal::ProcessEnded(ended) = signal {
                let _ = writeln!(stdout(), "the last process: {}", ended.end.as_str());
            }
        })
        .build()?;
    monitor.flush(Duration::from_secs(5));
    match end.as_str() {
        "shutdown" => _ = monitor.shutdown(Duration::from_secs(5)),
        "drop" => drop(monitor),
        // A static holds the monitor, as a task of a server does, so nothing drops it.
        "return" => _ = RUNNING.set(monitor),
        "exit" => leave(),
        _ => abort(),
    }
    Ok(())
}

#[expect(clippy::exit, reason = "it shows what such an end is recorded as")]
fn leave() -> ! {
    exit(1)
}

static RUNNING: OnceLock<Monitor> = OnceLock::new();
