//! Serves the TODO API from a second process of this same program.

use std::process::ExitCode;

use clap::Args;
use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};
use todo_api::{Config, StartError};

use crate::{
    fail, runtime,
    sabotage::{self, Tampering},
};

#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    config: Config,
    /// The answers to tamper with.
    #[arg(long)]
    tamper: Option<Tampering>,
    /// Process to end with.
    #[arg(long, value_name = "PID")]
    parent: i32,
}

/// Serves until SIGTERM, or until the parent process dies.
pub(crate) fn serve(serve: Serve) -> ExitCode {
    if !ends_with(serve.parent) {
        return ExitCode::FAILURE;
    }
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return fail(1, &format!("cannot start: {error}")),
    };
    match runtime.block_on(run(serve)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(1, &error.to_string()),
    }
}

/// Requests SIGKILL at the death of the parent process. Returns `false` if the parent is already dead, in which case no
/// signal would be sent.
fn ends_with(parent: i32) -> bool {
    set_parent_process_death_signal(Some(Signal::KILL)).is_ok() && getppid() == Pid::from_raw(parent)
}

async fn run(serve: Serve) -> Result<(), StartError> {
    let Serve { config, tamper, .. } = serve;
    match tamper {
        Some(tamper) => todo_api::run_with(config, |router| sabotage::around(router, tamper)).await,
        None => todo_api::run(config).await,
    }
}
