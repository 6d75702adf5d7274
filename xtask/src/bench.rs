//! `cargo xtask bench [--quick | --ceilings | --alerts]`: measures the cost of the layers, next to their peers in the
//! same run.

mod alerts;
mod budget;
mod callgrind;
mod ceilings;
mod figures;
mod process;
mod report;
mod rounds;
mod wrk;

use std::{
    fs,
    io::{self, Write},
};

use self::{figures::Figures, process::Log};
use crate::{
    failure::Failure,
    requirement::Need,
    run::{cargo, read_quietly, root, run},
    services,
};

/// The extent of the measurements.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Effort {
    Full,
    Quick,
}

/// Measures everything and compares it with the budgets; with `--ceilings`, measures only the cases with a committed
/// ceiling; with `--alerts`, only the time until a receiver has the first alert of a process.
pub(crate) fn bench(options: &[&str]) -> Result<(), Failure> {
    match options {
        [] => measure(Effort::Full),
        ["--quick"] => measure(Effort::Quick),
        ["--ceilings"] => {
            services::provide(&[Need::Always, Need::Benches])?;
            ceilings::check()
        }
        ["--alerts"] => {
            services::provide(&[Need::Always])?;
            alerts::check()
        }
        [unknown, ..] => Err(Failure::usage(format!("`{unknown}` is not an option of `bench`"))),
    }
}

fn measure(effort: Effort) -> Result<(), Failure> {
    services::provide(&[Need::Always, Need::Benches])?;
    run(&mut cargo("build --release --package benches --features peers"))?;
    let mut figures = Figures::default();
    let rounds = match effort {
        Effort::Full => 60,
        Effort::Quick => 15,
    };
    rounds::measure(&mut figures, rounds)?;
    for log in Log::ALL {
        figures.allocations(log, &process::read("allocations", &[log.name(), ""])?);
        figures.instructions(log, &callgrind::instructions(log, "")?);
    }
    let millions = match effort {
        Effort::Full => "10",
        Effort::Quick => "1",
    };
    let mut facts = process::read("benches", &["facts", millions])?;
    facts.extend(panics()?);
    facts.extend(first_captures(match effort {
        Effort::Full => 200,
        Effort::Quick => 10,
    })?);
    facts.extend(alerts::measure(match effort {
        Effort::Full => alerts::PROCESSES,
        Effort::Quick => 1,
    })?);
    facts.extend(match effort {
        Effort::Full => wrk::measure(11, 2)?,
        Effort::Quick => wrk::measure(5, 1)?,
    });
    let budgets = [budget::compared(&figures), budget::of_facts(&facts)].concat();
    let report = report::markdown(&figures, &facts, &budgets, rounds)?;
    let _ = io::stdout().write_all(report.as_bytes());
    if effort == Effort::Full {
        let file = root().join("benches/RESULTS.md");
        fs::write(&file, report)
            .map_err(|error| Failure::step(format!("{} cannot be written: {error}", file.display())))?;
    }
    budget::judge(&budgets)
}

/// Returns the cost of a panic, with and without `RUST_BACKTRACE`, which affects only the peers.
fn panics() -> Result<Vec<(String, f64)>, Failure> {
    let mut facts = Vec::new();
    for backtrace in ["0", "1"] {
        let mut captured = [0.0; 3];
        for (cost, who) in captured.iter_mut().zip(["nobody", "ours", "sentry"]) {
            let mut command = process::command("benches");
            // Read quietly: some of them print each panic with a backtrace.
            let figures =
                process::figures(&read_quietly(command.args(["panics", who]).env("RUST_BACKTRACE", backtrace))?)?;
            *cost = figures.first().map_or(f64::NAN, |(_, nanoseconds)| *nanoseconds);
            facts.push((format!("panic, RUST_BACKTRACE={backtrace}, captured by {who}: µs"), *cost / 1e3));
        }
        let [_, ours, sentry] = captured;
        facts.push((format!("panic, RUST_BACKTRACE={backtrace}: ours beside sentry's"), ours / sentry));
    }
    Ok(facts)
}

/// Returns the slowest first capture of several processes, of a panic and of an error. Symbols are still loading then.
fn first_captures(processes: u32) -> Result<Vec<(String, f64)>, Failure> {
    let mut facts = Vec::new();
    for what in ["panic", "error"] {
        let mut slowest = [0.0_f64; 2];
        for (slowest, who) in slowest.iter_mut().zip(["ours", "sentry"]) {
            for _ in 0..processes {
                let figures = process::read("benches", &[&format!("first-{what}"), who])?;
                *slowest = figures.iter().map(|(_, nanoseconds)| *nanoseconds).fold(*slowest, f64::max);
            }
            let name = format!("first {what} of a process, slowest of {processes}, captured by {who}: µs");
            facts.push((name, *slowest / 1e3));
        }
        let [ours, sentry] = slowest;
        facts.push((format!("first {what} of a process: ours beside sentry's"), ours / sentry));
    }
    Ok(facts)
}

#[cfg(test)]
mod tests {
    use super::bench;

    #[test]
    fn an_unknown_option_is_refused_before_anything_runs() {
        let refusal = bench(&["--fast"]).expect_err("must be refused").to_string();
        assert!(refusal.starts_with("`--fast` is not an option of `bench`"), "{refusal}");
    }
}
