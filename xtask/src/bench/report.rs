//! The report: the figures, the versions of what was compared, and how to read it.

use std::{fmt::Write, process::Command};

use super::{budget::Budget, figures::Figures, process::Log};
use crate::{
    failure::Failure,
    run::{cargo, read},
};

/// Returns the report as Markdown.
pub(super) fn markdown(
    figures: &Figures,
    facts: &[(String, f64)],
    budgets: &[Budget],
    rounds: usize,
) -> Result<String, Failure> {
    let mut text = String::from("# What the layers cost\n\n");
    let today = read(Command::new("date").args(["--utc", "+%F"]))?;
    let today = today.trim();
    let _ = writeln!(text, "Written by `cargo xtask bench`, {today}, {rounds} rounds.\n\n{HOW_TO_READ}\n## Budgets\n");
    text.push_str("| budget | measured | limit | |\n| --- | ---: | ---: | --- |\n");
    for budget in budgets {
        let verdict = if budget.is_met() { "met".to_owned() } else { missed(budget) };
        let _ = writeln!(text, "| {} | {:.3} | {:.3} | {verdict} |", budget.what, budget.measured, budget.limit);
    }
    for (log, title) in [
        (Log::None, "Without a subscriber"),
        (Log::Peers, "With tracing-subscriber's JSON formatter, to nowhere"),
        (Log::Ours, "With monitor-log's JSON layer, to nowhere"),
    ] {
        let _ = writeln!(text, "\n## {title}\n");
        table(&mut text, figures, log);
    }
    text.push_str("\n## Measured once\n\n| what | |\n| --- | ---: |\n");
    for (what, value) in facts {
        let _ = writeln!(text, "| {what} | {value:.3} |");
    }
    let _ = writeln!(text, "\n## Versions\n\n{}", versions()?);
    Ok(text)
}

fn table(text: &mut String, figures: &Figures, log: Log) {
    text.push_str("| case | ns | + ns over bare | + instructions | + allocations |\n");
    text.push_str("| --- | ---: | ---: | ---: | ---: |\n");
    for case in figures.cases(log) {
        let (time, instructions, allocations) = figures.over_bare(log, case);
        let _ = writeln!(
            text,
            "| {case} | {:.0} | {:.0} ({:.0}–{:.0}) | {instructions:.0} | {allocations:.2} |",
            figures.time(log, case).median,
            time.median,
            time.from,
            time.to,
        );
    }
}

fn missed(budget: &Budget) -> String {
    format!("**missed** by {:.0} %", (budget.measured / budget.limit - 1.0) * 100.0)
}

/// Returns the versions of the compiler and of every compared package.
fn versions() -> Result<String, Failure> {
    let tree = read(&mut cargo("tree --package benches --features peers --edges normal --depth 1 --prefix none"))?;
    let mut lines: Vec<_> = tree
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some(format!("- {} {}", words.next()?, words.next()?))
        })
        .collect();
    lines.sort();
    lines.dedup();
    let rustc = read(Command::new("rustc").arg("--version"))?;
    Ok(format!("- {}{}", rustc, lines.join("\n")))
}

const HOW_TO_READ: &str = "\
Each case is a service that does nothing, within the layers it is called after: alone (`tower/`), or as a router with
one route (`axum/`). Figures are of one request. Times are medians over the rounds, with what all but the fastest and
the slowest tenth are between; `+ ns over bare` is the median of the differences within each round. Machines differ and
drift, so compare within one report only, and ratios rather than times. Instructions are those of user space as
callgrind counts them. The peers stop at the response's head, ours at the end of its body: tower-http's request ID, its
trace with one line, axum-prometheus and tower-http's catch-panic are `all of the peers`, which count no body, no
cancelled request and no panic; they put the ID on the request as well, ours only on the response.
";
