//! The TODO API, served by this same program started again.

use clap::Args;
use rustix::process::{Signal, set_parent_process_death_signal};
use todo_api::{Config, StartError};

use crate::sabotage::{self, Tampering};

#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    config: Config,
    /// What to tamper with.
    #[arg(long)]
    tamper: Option<Tampering>,
}

pub(crate) async fn run(serve: Serve) -> Result<(), StartError> {
    // Should the one who started this die without a word, this ends as well.
    let _ = set_parent_process_death_signal(Some(Signal::TERM));
    let Serve { config, tamper } = serve;
    match tamper {
        Some(tamper) => todo_api::run_with(config, |router| sabotage::around(router, tamper)).await,
        None => todo_api::run(config).await,
    }
}
