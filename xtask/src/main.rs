//! The commands of this workspace: `cargo xtask help` lists them.

mod api;
mod bench;
mod copy;
mod deny;
mod examples;
mod failure;
mod floors;
mod fuzz;
mod imports;
mod line_length;
mod links;
mod lint;
mod machine;
mod manifest;
mod matrix;
mod minimal;
mod module_paths;
mod msrv;
mod package;
mod requirement;
mod run;
mod services;
mod setup;
mod simulate;
mod slack_types;
mod sources;
mod test;

use std::{
    env,
    io::{self, Write},
    process::ExitCode,
};

use self::failure::Failure;

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match dispatch(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(io::stderr(), "xtask: {failure}");
            failure.code()
        }
    }
}

fn dispatch(words: &[&str]) -> Result<(), Failure> {
    match words {
        ["setup", options @ ..] => setup::setup(options),
        ["test", options @ ..] => test::test(options),
        ["lint", options @ ..] => lint::lint(options),
        ["bench", options @ ..] => bench::bench(options),
        ["fuzz", options @ ..] => fuzz::fuzz(options),
        ["matrix", options @ ..] => matrix::matrix(options),
        ["api", options @ ..] => api::api(options),
        ["simulate", options @ ..] => simulate::simulate(options),
        ["slack-types", options @ ..] => slack_types::slack_types(options),
        ["package", options @ ..] => package::package(options),
        ["msrv", options @ ..] => msrv::msrv(options),
        ["minimal", options @ ..] => minimal::minimal(options),
        ["deny", options @ ..] => deny::deny(options),
        ["help" | "--help" | "-h"] => {
            let _ = io::stdout().write_all(USAGE.as_bytes());
            Ok(())
        }
        [] => Err(Failure::usage("a command is missing")),
        [unknown, ..] => Err(Failure::usage(format!("`{unknown}` is not a command"))),
    }
}

const USAGE: &str = "\
Usage: cargo xtask <command>

  setup [--no-services] installs what the tests need
                        --no-services: only what the tests need that start no program of their own
  test [--no-setup] [--no-services]
                        runs the setup, then all tests
                        --no-setup: installs nothing, and names what is missing
                        --no-services: leaves out the tests that need a program of their own
  lint                  checks format, lints, documentation, and each library with each of its features
  bench [--quick | --ceilings | --alerts]
                        measures what the layers cost beside their peers, writes benches/RESULTS.md and fails where a
                        budget is missed
                        --quick: fewer rounds, and nothing is written
                        --ceilings: only the instructions and allocations that benches/ceilings.tsv bounds
                        --alerts: only the time until a receiver has the first alert of a process
  fuzz SECONDS [TARGET] lets each fuzzer, or one, run for that long; needs a nightly toolchain
  matrix [PROFILE...]   builds a program of faults in each build profile, or in these, and checks that each fault is an
                        issue of its own with its file and line, and the same issue once its line moves
  api [--update]        compares the public items of each library with the listing in tests/public_api
                        --update: writes the listings
  simulate SECONDS [--seed N]
                        runs random histories of alerts with faults for that long, or the one of a seed
  slack-types           compiles a message to Slack against Slack's own types; needs npm
  package               packages each library in a copy, and builds it from its package
  msrv                  checks each library with Rust 1.90
  minimal               checks the libraries with the lowest allowed versions of their dependencies; needs a nightly
                        toolchain
  deny [--advisories]   checks licences, sources and duplicates of the dependencies by deny.toml
                        --advisories: checks for known vulnerabilities instead, whose list is downloaded

Exit status: 0 when all is well, 1 when a step failed, 2 when the command is wrong or something it needs is missing.
";

#[cfg(test)]
mod tests {
    use super::dispatch;

    #[track_caller]
    fn refusal(words: &[&str]) -> String {
        dispatch(words).expect_err("must be refused before anything runs").to_string()
    }

    #[test]
    fn an_unknown_command_is_answered_with_the_usage() {
        assert!(refusal(&[]).starts_with("a command is missing\n\nUsage: "));
        assert!(refusal(&["tset"]).starts_with("`tset` is not a command\n\nUsage: "));
        assert!(refusal(&["test", "--fast"]).starts_with("`--fast` is not an option of `test`\n\nUsage: "));
        assert!(refusal(&["test", "--no-services", "x"]).starts_with("`x` is not an option of `test`\n\nUsage: "));
        assert!(refusal(&["fuzz"]).starts_with("`fuzz` needs a number of seconds from 1 to 86400\n\nUsage: "));
        assert!(refusal(&["fuzz", "0"]).starts_with("`fuzz` needs a number of seconds"));
        assert!(refusal(&["fuzz", "9", "x"]).starts_with(
            "`x` is no fuzzer: there are trace_context, forwarded, request_id, redaction, template\n\nUsage: "
        ));
        assert!(refusal(&["matrix", "debug"]).starts_with("`debug` is no build profile: there are dev, "));
        assert!(refusal(&["simulate"]).starts_with("`simulate` needs a number of seconds from 1 to 86400\n\nUsage: "));
        assert!(refusal(&["simulate", "9", "--seed", "x"]).starts_with("`x` is no seed: a failed simulation prints"));
        for command in ["setup", "package", "msrv", "minimal", "deny"] {
            let begin = format!("`--fast` is not an option of `{command}`\n\nUsage: ");
            assert!(refusal(&[command, "--fast"]).starts_with(&begin), "{command}");
        }
        assert!(refusal(&["lint", "--fix"]).starts_with("`--fix` is not an option of `lint`\n\nUsage: "));
    }
}
