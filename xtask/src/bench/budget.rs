//! The budgets of the benches, and the check that they are met.

use super::{figures::Figures, process::Log};
use crate::failure::Failure;

/// The limit of a figure, and its measured value.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    pub(super) what: String,
    pub(super) measured: f64,
    pub(super) limit: f64,
}

impl Budget {
    pub(super) fn is_met(&self) -> bool {
        self.measured <= self.limit
    }
}

/// Returns the budgets of the facts. Facts without a budget are only reported.
pub(super) fn of_facts(facts: &[(String, f64)]) -> Vec<Budget> {
    let limit = |what: &str| FACTS.iter().find(|(begins, _)| what.starts_with(begins)).map(|(_, limit)| *limit);
    let with_limit = facts.iter().filter_map(|(what, measured)| Some((what, *measured, limit(what)?)));
    with_limit.map(|(what, measured, limit)| Budget { what: what.clone(), measured, limit }).collect()
}

/// Returns the budgets of the comparisons with the peers.
pub(super) fn compared(figures: &Figures) -> Vec<Budget> {
    let mut budgets = Vec::new();
    let mut budget = |what: &str, measured, limit| budgets.push(Budget { what: what.to_owned(), measured, limit });
    for (place, instructions, with_log, allocations, without_log) in
        [("tower", 11.0, 9.0, 4.0, 4.0), ("axum", 10.0, 8.0, 7.0, 3.5)]
    {
        let (ours, peers) = (format!("{place}/all of ours"), format!("{place}/all of the peers"));
        let (_, our_instructions, our_allocations) = figures.over_bare(Log::Ours, &ours);
        let (_, their_instructions, _) = figures.over_bare(Log::Peers, &peers);
        let of = |what: &str| format!("{place}: everything on, one JSON line: {what}");
        budget(&of("instructions beside the peers'"), our_instructions / their_instructions, 1.0 / instructions);
        let time = figures.beside((Log::Ours, &ours), (Log::Peers, &peers));
        budget(&of("time beside the peers'"), time, 1.0 / with_log);
        budget(&of("allocations"), our_allocations, allocations);
        let what = format!("{place}: everything on, no subscriber: time beside the peers'");
        budget(&what, figures.beside((Log::None, &ours), (Log::None, &peers)), 1.0 / without_log);
    }
    let two = ["two threads, tower/all of ours", "two threads, tower/all of the peers"];
    let time = figures.beside((Log::None, two[0]), (Log::None, two[1]));
    budget("tower, two threads, no subscriber: time beside the peers'", time, 0.25);
    let (_, _, allocations) = figures.over_bare(Log::Ours, EVENT);
    let time = figures.beside((Log::Ours, EVENT), (Log::Peers, EVENT));
    budget("one event with eight fields as JSON: time beside the peer's", time, 1.0 / 7.0);
    budget("one event with eight fields as JSON: allocations", allocations, 0.0);
    budgets
}

/// Returns an error that names each missed budget.
pub(super) fn judge(budgets: &[Budget]) -> Result<(), Failure> {
    let missed: Vec<_> = budgets.iter().filter(|budget| !budget.is_met()).map(|budget| budget.what.as_str()).collect();
    match &missed[..] {
        [] => Ok(()),
        missed => Err(Failure::step(format!("{} budgets are missed:\n  {}", missed.len(), missed.join("\n  ")))),
    }
}

const EVENT: &str = "event/8 fields";
/// The limits of facts, by the beginning of their names.
const FACTS: [(&str, f64); 25] = [
    ("bridge: ns a request", 60.0),
    ("scrape after 100,000 requests", 10.0),
    ("/metrics with 10000 routes: ms", 100.0),
    ("/metrics with 10000 routes: ours beside the exporter's", 0.15),
    // A step of a future must not hold up the other tasks of its thread.
    ("/metrics with 10000 routes, the call: ms", 1.0),
    ("/metrics with 10000 routes, the longest poll of the body: ms", 1.0),
    ("10,000 unknown paths", 1.0),
    ("storm: errors that are not counted", 0.0),
    ("storm: errors that are not on disk", 0.0),
    ("storm of", 1.0),
    ("storm: issues more than one", 0.0),
    ("storm: queues that are blocked", 0.0),
    ("10000 issues: ms to list", 10.0),
    ("10000 issues: ms to find", 10.0),
    ("10000 issues: ms to sort", 10.0),
    // A factor of two is noise; a text that is scanned again for each piece would take sixteen times as long.
    ("masking 1 MB made to be slow: a byte", 2.0),
    ("panic, RUST_BACKTRACE=0: ours beside sentry's", 0.05),
    ("panic, RUST_BACKTRACE=1: ours beside sentry's", 0.05),
    ("first panic of a process: ours beside sentry's", 0.1),
    ("first error of a process: ours beside sentry's", 0.1),
    ("first alert of a running process", 100.0),
    ("server capacity lost, all of ours", 0.2),
    // Two newly touched pages of a table do not count as growth.
    ("10 million observations", 1.0),
    ("200 callers of /health: runs of a probe", 1.0),
    ("/health from the last result", 10.0),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_captures_of_a_process_take_a_tenth_of_sentrys_at_most() {
        let facts = ["panic", "error"].map(|what| (format!("first {what} of a process: ours beside sentry's"), 0.11));
        let limits: Vec<_> = of_facts(&facts).iter().map(|budget| (budget.limit, budget.is_met())).collect();
        assert_eq!(limits, [(0.1, false); 2]);
    }

    #[test]
    fn a_first_alert_has_a_limit_once_the_process_is_running() {
        let facts = ["running", "new"].map(|age| (format!("first alert of a {age} process, error"), 101.0));
        let limits: Vec<_> = of_facts(&facts).iter().map(|budget| (budget.limit, budget.is_met())).collect();
        assert_eq!(limits, [(100.0, false)]);
    }

    #[test]
    fn a_missed_budget_is_named() {
        let budget = |what: &str, measured| Budget { what: what.to_owned(), measured, limit: 0.25 };
        assert!(judge(&[budget("met", 0.25)]).is_ok());
        let failure = judge(&[budget("met", 0.2), budget("missed", 0.26)]).expect_err("one is missed");
        assert_eq!(failure.to_string(), "1 budgets are missed:\n  missed");
        assert!(judge(&[budget("not measured", f64::NAN)]).is_err());
    }
}
