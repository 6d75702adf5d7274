//! The time from the first error of a process until the receiver of alerts has its alert.

use std::io::{self, Write};

use super::{budget, figures::median, process};
use crate::{
    failure::Failure,
    run::{cargo, run},
};

/// Measures only the alerts, and compares them with their budget.
pub(super) fn check() -> Result<(), Failure> {
    run(&mut cargo("build --release --package benches"))?;
    let facts = measure(PROCESSES)?;
    for (what, milliseconds) in &facts {
        let _ = writeln!(io::stdout(), "{what}: {milliseconds:.3}");
    }
    budget::judge(&budget::of_facts(&facts))
}

/// Returns the median and the slowest of several processes, for each case. Cases take turns, so that a slow phase of
/// the machine affects all of them.
pub(super) fn measure(processes: usize) -> Result<Vec<(String, f64)>, Failure> {
    let mut times = CASES.map(|_| Vec::new());
    for _ in 0..processes {
        for ((_, words), times) in CASES.into_iter().zip(&mut times) {
            times.push(milliseconds(words)?);
        }
    }
    Ok(CASES.iter().zip(&times).flat_map(|((name, _), times)| summary(name, times)).collect())
}

fn summary(name: &str, times: &[f64]) -> [(String, f64); 2] {
    let (processes, slowest) = (times.len(), times.iter().copied().fold(0.0, f64::max));
    [
        (format!("{name}: ms, median of {processes}"), median(times)),
        (format!("{name}: ms, slowest of {processes}"), slowest),
    ]
}

fn milliseconds([what, persistence, age]: [&str; 3]) -> Result<f64, Failure> {
    let figures = process::read("benches", &["first-alert", what, persistence, age])?;
    Ok(figures.first().map_or(f64::NAN, |(_, nanoseconds)| nanoseconds / 1e6))
}

/// Number of processes of each case in a full run.
pub(super) const PROCESSES: usize = 20;
/// The cases, and what their processes are called with. A process is new while the symbols of its program are loading.
const CASES: [(&str, [&str; 3]); 5] = [
    ("first alert of a running process, error, with a store", ["error", "stored", "2000"]),
    ("first alert of a running process, error, without a store", ["error", "unstored", "2000"]),
    ("first alert of a running process, panic, with a store", ["panic", "stored", "2000"]),
    ("first alert of a new process, error, with a store", ["error", "stored", "0"]),
    ("first alert of a new process, error, without a store", ["error", "unstored", "0"]),
];

#[cfg(test)]
mod tests {
    use super::summary;

    #[test]
    fn the_slowest_of_the_processes_is_reported_beside_their_median() {
        let [median, slowest] = summary("first alert", &[4.0, 90.0, 3.0]);
        assert_eq!(median, ("first alert: ms, median of 3".to_owned(), 4.0));
        assert_eq!(slowest, ("first alert: ms, slowest of 3".to_owned(), 90.0));
    }
}
