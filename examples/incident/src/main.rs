//! Plays the incident of the TODO API end to end, over real HTTP against a separate process, and writes its report.
//!
//! ```sh
//! cargo run -p incident
//! ```

mod alerts;
mod check;
mod client;
mod closing;
mod comparison;
mod draft;
mod facts;
mod language;
mod load;
mod mitigation;
mod ratio;
mod receivers;
mod report;
mod rollout;
mod sabotage;
mod scrape;
mod serve;
mod server;
mod signals;
mod story;
mod timeline;
mod wait;
mod world;
mod wrap;

use std::{
    fmt::Display,
    io::{self, Write, stderr},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};
use jiff::tz::TimeZone;
use tokio::runtime::{Builder, Runtime};

use crate::{report::Files, sabotage::Sabotage, signals::Signals, timeline::Timeline, world::World};

/// Plays the incident of the TODO API: a call to /error divides by zero; the 500 rings an alert, is counted,
/// explained, switched off, fixed by a new release, closed as an incident and written up. Exits with status 1 at the
/// first step that fails.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    play: Play,
}

#[derive(Debug, Args)]
struct Play {
    /// Time zone of the report, such as Europe/Paris. Defaults to the system's.
    #[arg(long, value_name = "ZONE", value_parser = |name: &str| TimeZone::get(name))]
    tz: Option<TimeZone>,

    /// File to write the report to. The French one is written beside it, with the ending `fr.md`, and so is the chart.
    #[arg(long, value_name = "FILE", default_value = "incident-report.md")]
    report: PathBuf,

    /// Breaks what the step checks, to show that the check fails.
    #[arg(long, value_name = "STEP", hide = true, value_parser = clap::value_parser!(u8).range(2..=12))]
    break_step: Option<u8>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the TODO API.
    #[command(hide = true)]
    Serve(Box<serve::Serve>),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        Some(Command::Serve(serve)) => serve::serve(*serve),
        None => match runtime() {
            Ok(runtime) => runtime.block_on(play(cli.play)),
            Err(error) => fail(1, &format!("cannot start: {error}")),
        },
    }
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread().enable_all().build()
}

async fn play(play: Play) -> ExitCode {
    let (mut signals, files, mut world) = match prepare(&play) {
        Ok(prepared) => prepared,
        Err(error) => return fail(1, &error),
    };
    let timeline = Timeline::new();
    // However it ends, the world is dropped below and kills its processes.
    tokio::select! {
        outcome = story::run(&mut world, &timeline, files) => match outcome {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                timeline.fail(&failure);
                let logs = world.last_words();
                fail(1, &format!("step {} does not hold: {failure}{logs}", failure.step))
            }
        },
        status = signals.next() => fail(status, "interrupted"),
    }
}

/// Catches signals before any file is created, so that no signal ends the process before its files are removed.
fn prepare(play: &Play) -> Result<(Signals, Files, World), String> {
    let cannot_start = |error: &dyn Display| format!("cannot start: {error}");
    let signals = Signals::catch().map_err(|error| cannot_start(&error))?;
    let zone = play.tz.clone().unwrap_or_else(TimeZone::system);
    let files = Files::open(&play.report, &zone)?;
    let world = World::new(play.break_step.and_then(Sabotage::of_step)).map_err(|error| cannot_start(&error))?;
    Ok((signals, files, world))
}

fn fail(code: u8, text: &str) -> ExitCode {
    let _ = writeln!(stderr(), "incident: {text}");
    ExitCode::from(code)
}
