//! `cargo xtask test`: runs every test of the workspace and provides their requirements.

use std::io::{self, Write};

use crate::{
    failure::Failure,
    requirement::Need,
    run::{cargo, read, run},
    services,
};

/// Selects the tests that require external programs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Services {
    Wanted,
    LeftOut,
}

/// Provides the requirements, and runs the tests and the examples of the documentation.
pub(crate) fn test(options: &[&str]) -> Result<(), Failure> {
    let services = services_of(options)?;
    services::provide(match services {
        Services::Wanted => &[Need::Always, Need::Services],
        Services::LeftOut => &[Need::Always],
    })?;
    run(&mut cargo(&match services {
        Services::Wanted => format!("nextest run {EVERYTHING} --run-ignored all"),
        Services::LeftOut => format!("nextest run {EVERYTHING}"),
    }))?;
    run(&mut cargo(&format!("test --doc {EVERYTHING}")))?;
    interleavings()?;
    match services {
        Services::Wanted => Ok(()),
        Services::LeftOut => say_what_was_left_out(),
    }
}

/// Runs the tests under a model-checking scheduler, in a target folder of their own, because all dependencies are
/// recompiled for it.
fn interleavings() -> Result<(), Failure> {
    let mut tests = cargo("nextest run --package monitor-core --lib interleavings --target-dir target/shuttle");
    run(tests.env("RUSTFLAGS", "--cfg shuttle"))
}

fn services_of(options: &[&str]) -> Result<Services, Failure> {
    match options {
        [] => Ok(Services::Wanted),
        ["--no-services"] => Ok(Services::LeftOut),
        ["--no-services", unknown, ..] | [unknown, ..] => {
            Err(Failure::usage(format!("`{unknown}` is not an option of `test`")))
        }
    }
}

fn say_what_was_left_out() -> Result<(), Failure> {
    let list = read(&mut cargo(&format!("nextest list {EVERYTHING} --run-ignored only")))?;
    let mut out = io::stdout();
    let _ = match list.trim_end() {
        "" => writeln!(out, "No test was left out."),
        names => writeln!(out, "Left out, for they need a service:\n{names}\nTo run them as well: cargo xtask test"),
    };
    Ok(())
}

/// Without the benches, so that no test build compiles them.
const EVERYTHING: &str = "--workspace --exclude benches --all-features";
