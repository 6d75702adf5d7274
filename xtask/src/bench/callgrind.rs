//! Instruction counts by callgrind: user space only, and only those of the measuring thread.

use std::{fs, path::Path, process::Command};

use super::process::{self, Log};
use crate::{
    failure::Failure,
    run::{read_quietly, root},
};

/// Returns the instructions per request of each case.
pub(super) fn instructions(log: Log, prefix: &str) -> Result<Vec<(String, f64)>, Failure> {
    let folder = root().join("target/callgrind");
    let failed = |error| Failure::step(format!("{} cannot be used: {error}", folder.display()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(failed)?;
    let mut valgrind = Command::new("valgrind");
    valgrind.env("RUST_BACKTRACE", "0").env_remove("RUST_LOG").args(OPTIONS);
    valgrind.arg(format!("--callgrind-out-file={}", folder.join("out").display()));
    valgrind.arg(process::path("benches")).args(["count", log.name(), prefix]);
    let cases = process::figures(&read_quietly(&mut valgrind)?)?;
    let counted = |(number, (case, requests)): (usize, (String, f64))| {
        // Parts are numbered from 1, and the measuring thread is the first.
        let total = total(&folder.join(format!("out.{}-01", number + 1)))?;
        Ok((case, total / requests))
    };
    cases.into_iter().enumerate().map(counted).collect()
}

fn total(file: &Path) -> Result<f64, Failure> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("totals: ").or_else(|| line.strip_prefix("summary: ")));
    let number = line.and_then(|total| total.trim().parse().ok());
    number.ok_or_else(|| Failure::step(format!("callgrind wrote no total to {}", file.display())))
}

const OPTIONS: [&str; 6] = [
    "--quiet",
    "--tool=callgrind",
    "--separate-threads=yes",
    "--collect-atstart=no",
    "--toggle-collect=*measured_region*",
    "--dump-before=*end_of_region*",
];
