//! Ceilings: the maximum cost of fixed cases in instructions and allocations, committed next to the benches.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
};

use super::{
    callgrind,
    process::{self, Log},
};
use crate::{
    failure::Failure,
    run::{cargo, root, run},
};

/// Compares the cases with the committed file. A cost of more than 5 % above its ceiling is an error.
pub(super) fn check() -> Result<(), Failure> {
    run(&mut cargo("build --release --package benches"))?;
    let (ceilings, measured) = (read()?, measure()?);
    let mut above = String::new();
    for (case, [instructions, allocations]) in &measured {
        let Some([most_instructions, most_allocations]) = ceilings.get(case) else {
            let _ = write!(above, "\n  {case} has no ceiling: add `{case}\t{instructions:.0}\t{allocations:.1}`");
            continue;
        };
        let _ = writeln!(
            io::stdout(),
            "{case}: {instructions:.0} of {:.0} instructions, {allocations:.1} of {:.1} allocations",
            most_instructions * ROOM,
            most_allocations * ROOM
        );
        if *instructions > most_instructions * ROOM {
            let _ = write!(above, "\n  {case}: {instructions:.0} instructions, {most_instructions:.0} are its ceiling");
        }
        if *allocations > most_allocations * ROOM {
            let _ = write!(above, "\n  {case}: {allocations:.1} allocations, {most_allocations:.1} are its ceiling");
        }
    }
    match above.as_str() {
        "" => Ok(()),
        above => Err(Failure::step(format!(
            "the hot path costs more than {FILE} allows, which has 5 % of room; make it cheaper, or raise the ceiling \
             and say why in the commit:{above}"
        ))),
    }
}

type Costs = BTreeMap<String, [f64; 2]>;

fn measure() -> Result<Costs, Failure> {
    let mut costs = Costs::new();
    for log in [Log::None, Log::Ours] {
        let instructions = callgrind::instructions(log, "tower/")?;
        let allocations: BTreeMap<_, _> = process::read("allocations", &[log.name(), "tower/"])?.into_iter().collect();
        for (case, count) in instructions {
            if let Some(name) = CASES.iter().find(|(of, what, _)| *of == log && *what == case).map(|(.., name)| *name) {
                costs.insert(name.to_owned(), [count, allocations.get(&case).copied().unwrap_or(f64::NAN)]);
            }
        }
    }
    Ok(costs)
}

fn read() -> Result<Costs, Failure> {
    let text = fs::read_to_string(root().join(FILE))
        .map_err(|error| Failure::step(format!("{FILE} cannot be read: {error}")))?;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| parse(line).ok_or_else(|| Failure::step(format!("`{line}` in {FILE} is no ceiling")))).collect()
}

fn parse(line: &str) -> Option<(String, [f64; 2])> {
    let mut parts = line.split('\t');
    Some((parts.next()?.to_owned(), [parts.next()?.parse().ok()?, parts.next()?.parse().ok()?]))
}

const FILE: &str = "benches/ceilings.tsv";
const ROOM: f64 = 1.05;
/// The process and case of each ceiling.
const CASES: [(Log, &str, &str); 8] = [
    (Log::None, "tower/bare", "bare"),
    (Log::None, "tower/ours: request ID", "ID only"),
    (Log::None, "tower/all of ours", "all without subscriber"),
    (Log::Ours, "tower/all of ours", "all with JSON"),
    // Alerts cost a healthy request nothing, so these two have the ceilings of the two above.
    (Log::None, "tower/all of ours, with alerts", "all with alerts, without subscriber"),
    (Log::Ours, "tower/all of ours, with alerts", "all with alerts, with JSON"),
    (Log::None, "tower/ours: disabled route", "disabled route"),
    (Log::None, "tower/ours: error", "error"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_has_a_ceiling_and_every_ceiling_a_case() {
        let names: Vec<_> = read().expect("readable").into_keys().collect();
        let mut cases = CASES.map(|(.., name)| name.to_owned());
        cases.sort();
        assert_eq!(names, cases);
    }

    #[test]
    fn a_line_is_a_case_its_instructions_and_its_allocations() {
        assert_eq!(parse("bare\t1690\t2"), Some(("bare".to_owned(), [1690.0, 2.0])));
        assert_eq!(parse("bare 1690 2"), None);
    }
}
