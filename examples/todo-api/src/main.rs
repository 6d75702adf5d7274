//! The TODO API as a program. `todo-api --help` says what it takes.

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
