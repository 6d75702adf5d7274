//! `cargo xtask simulate SECONDS [--seed N]`: runs the simulation of alerts in random histories.

use crate::{
    failure::Failure,
    run::{cargo, run},
};

/// Simulates one history after another for this many seconds, or the one history of a seed.
pub(crate) fn simulate(options: &[&str]) -> Result<(), Failure> {
    let (seconds, seed) = match options {
        [seconds] => (seconds_of(seconds)?, None),
        [seconds, "--seed", seed] => (seconds_of(seconds)?, Some(seed_of(seed)?)),
        _ => return Err(no_seconds()),
    };
    let mut test = cargo("test --package monitor-alert --release --lib simulation -- --nocapture");
    test.env("MONITOR_SIMULATION_SECONDS", seconds.to_string());
    if let Some(seed) = seed {
        test.env("MONITOR_SIMULATION_SEED", seed.to_string());
    }
    run(&mut test)
}

fn seconds_of(text: &str) -> Result<u32, Failure> {
    text.parse().ok().filter(|seconds| (1..=86_400).contains(seconds)).ok_or_else(no_seconds)
}

fn seed_of(text: &str) -> Result<u64, Failure> {
    text.parse().map_err(|_| Failure::usage(format!("`{text}` is no seed: a failed simulation prints one")))
}

fn no_seconds() -> Failure {
    Failure::usage("`simulate` needs a number of seconds from 1 to 86400")
}
