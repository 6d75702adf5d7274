//! `cargo xtask test`: runs every test of the workspace, after the setup that they need.

use std::io::{self, Write};

use crate::{
    failure::Failure,
    run::{cargo, read, run},
    services,
    setup::Services,
};

/// The options of the command line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Options {
    setup: Setup,
    services: Services,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Setup {
    First,
    LeftOut,
}

/// Runs the setup, then the tests and the examples of the documentation.
pub(crate) fn test(words: &[&str]) -> Result<(), Failure> {
    let Options { setup, services } = options_of(words)?;
    match setup {
        Setup::First => {
            let _ = writeln!(io::stderr(), "{SETUP_FIRST}");
            services::provide(services.needs())?;
        }
        Setup::LeftOut => services::require(services.needs())?,
    }
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

fn options_of(words: &[&str]) -> Result<Options, Failure> {
    let mut options = Options { setup: Setup::First, services: Services::Wanted };
    for word in words {
        match *word {
            "--no-setup" => options.setup = Setup::LeftOut,
            "--no-services" => options.services = Services::LeftOut,
            unknown => return Err(Failure::usage(format!("`{unknown}` is not an option of `test`"))),
        }
    }
    Ok(options)
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

const SETUP_FIRST: &str =
    "cargo xtask setup runs first and installs what is missing; cargo xtask test --no-setup installs nothing";

#[cfg(test)]
mod tests {
    use super::{Options, Services, Setup, options_of};

    #[test]
    fn setup_and_services_are_left_out_separately() {
        let options = |words: &[&str]| options_of(words).expect("known");
        assert_eq!(options(&[]), Options { setup: Setup::First, services: Services::Wanted });
        assert_eq!(options(&["--no-setup"]), Options { setup: Setup::LeftOut, services: Services::Wanted });
        assert_eq!(options(&["--no-services"]), Options { setup: Setup::First, services: Services::LeftOut });
        let both = Options { setup: Setup::LeftOut, services: Services::LeftOut };
        assert_eq!(options(&["--no-setup", "--no-services"]), both);
        assert_eq!(options(&["--no-services", "--no-setup"]), both);
    }
}
