//! The TODO API as a program. See `todo-api --help` for its options.

use std::{
    io::{Write, stderr},
    process::ExitCode,
};

use clap::Parser;
use todo_api::Config;

#[tokio::main]
async fn main() -> ExitCode {
    match todo_api::run(Config::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(stderr(), "todo-api: {error}");
            ExitCode::FAILURE
        }
    }
}
