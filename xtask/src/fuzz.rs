//! `cargo xtask fuzz SECONDS [TARGET]`: runs the fuzz targets of the parsers.

use std::{fs, process::Command};

use crate::{
    failure::Failure,
    requirement::Need,
    run::{root, run},
    services,
};

/// Runs all fuzz targets, or the given one, for this many seconds each. Stops at the first finding.
pub(crate) fn fuzz(options: &[&str]) -> Result<(), Failure> {
    let (seconds, targets) = match options {
        [seconds] => (seconds_of(seconds)?, &TARGETS[..]),
        [seconds, target] => (seconds_of(seconds)?, target_of(target)?),
        _ => return Err(no_seconds()),
    };
    services::provide(&[Need::Fuzzing, Need::Nightly])?;
    targets.iter().try_for_each(|target| {
        let found = root().join("fuzz/corpus").join(target);
        fs::create_dir_all(&found)
            .map_err(|error| Failure::step(format!("cannot create {}: {error}", found.display())))?;
        let mut fuzz = Command::new("rustup");
        fuzz.args(["run", "nightly", "cargo", "fuzz", "run", target]).current_dir(root().join("fuzz"));
        // New inputs are stored in the first folder; the second one has the seeds.
        fuzz.args([format!("corpus/{target}"), format!("seeds/{target}")]);
        fuzz.args([
            "--".into(),
            format!("-max_total_time={seconds}"),
            "-verbosity=0".into(),
            "-print_final_stats=1".into(),
        ]);
        run(&mut fuzz).map_err(|failure| failure.during(&format!("the fuzzer {target}")))
    })
}

fn seconds_of(text: &str) -> Result<u32, Failure> {
    text.parse().ok().filter(|seconds| (1..=86_400).contains(seconds)).ok_or_else(no_seconds)
}

fn target_of(name: &str) -> Result<&'static [&'static str], Failure> {
    let unknown = || Failure::usage(format!("`{name}` is no fuzzer: there are {}", TARGETS.join(", ")));
    TARGETS.iter().position(|target| *target == name).map(|at| &TARGETS[at..=at]).ok_or_else(unknown)
}

fn no_seconds() -> Failure {
    Failure::usage("`fuzz` needs a number of seconds from 1 to 86400")
}

const TARGETS: [&str; 5] = ["trace_context", "forwarded", "request_id", "redaction", "template"];

#[cfg(test)]
mod tests {
    use super::{TARGETS, fs, root};

    #[test]
    fn every_fuzzer_there_is_runs() {
        let files = fs::read_dir(root().join("fuzz/targets")).expect("the fuzzers are there");
        let mut found: Vec<_> = files.flatten().map(|file| file.path()).collect();
        found.sort();
        let mut known = TARGETS.map(|target| root().join("fuzz/targets").join(target).with_extension("rs"));
        known.sort();
        assert_eq!(found, known);
    }
}
