//! The measured figures, by logging setup and case.

use std::collections::BTreeMap;

use super::process::Log;

/// All figures of a run.
#[derive(Debug, Default)]
pub(crate) struct Figures(BTreeMap<(Log, String), Case>);

/// The figures of one case, each per request.
#[derive(Clone, Debug, Default)]
pub(super) struct Case {
    /// In nanoseconds, one per round.
    nanoseconds: Vec<f64>,
    /// The same, minus the bare case of the same round.
    over_bare: Vec<f64>,
    instructions: f64,
    allocations: f64,
}

/// The median, with the 10th and the 90th percentile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) from: f64,
    pub(super) to: f64,
}

impl Figures {
    pub(super) fn round(&mut self, log: Log, round: &[(String, f64)]) {
        let by_case: BTreeMap<_, _> = round.iter().cloned().collect();
        for (case, nanoseconds) in round {
            let bare = by_case.get(&bare(case)).copied().unwrap_or_default();
            let figures = self.at(log, case);
            figures.nanoseconds.push(*nanoseconds);
            figures.over_bare.push(nanoseconds - bare);
        }
    }

    pub(super) fn allocations(&mut self, log: Log, counted: &[(String, f64)]) {
        counted.iter().for_each(|(case, count)| self.at(log, case).allocations = *count);
    }

    pub(super) fn instructions(&mut self, log: Log, counted: &[(String, f64)]) {
        counted.iter().for_each(|(case, count)| self.at(log, case).instructions = *count);
    }

    fn at(&mut self, log: Log, case: &str) -> &mut Case {
        self.0.entry((log, case.to_owned())).or_default()
    }

    fn of(&self, log: Log, case: &str) -> Case {
        self.0.get(&(log, case.to_owned())).cloned().unwrap_or_default()
    }

    /// Returns the cases of a logging setup.
    pub(super) fn cases(&self, log: Log) -> impl Iterator<Item = &str> {
        self.0.keys().filter(move |(other, _)| *other == log).map(|(_, case)| case.as_str())
    }

    /// Returns the time per request of a case.
    pub(super) fn time(&self, log: Log, case: &str) -> Spread {
        spread(&self.of(log, case).nanoseconds)
    }

    /// Returns the cost of one case relative to another, each minus its bare case. It is the median of the ratios per
    /// round, so that a slow phase of the machine affects both.
    pub(super) fn beside(&self, one: (Log, &str), other: (Log, &str)) -> f64 {
        let (one, other) = (self.of(one.0, one.1), self.of(other.0, other.1));
        let ratios: Vec<_> = one.over_bare.iter().zip(&other.over_bare).map(|(one, other)| one / other).collect();
        median(&ratios)
    }

    /// Returns the cost of a case minus the bare case, in time, instructions and allocations.
    pub(super) fn over_bare(&self, log: Log, case: &str) -> (Spread, f64, f64) {
        let (of, bare) = (self.of(log, case), self.of(log, &bare(case)));
        (spread(&of.over_bare), of.instructions - bare.instructions, of.allocations - bare.allocations)
    }
}

/// Returns the median of a list.
pub(super) fn median(samples: &[f64]) -> f64 {
    spread(samples).median
}

/// Returns the name of the case without any layer that belongs to this case.
fn bare(case: &str) -> String {
    format!("{}/bare", case.split('/').next().unwrap_or_default())
}

fn spread(samples: &[f64]) -> Spread {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |tenths: usize| sorted.get(sorted.len() * tenths / 10).copied().unwrap_or(f64::NAN);
    Spread {
        median: at(5),
        from: at(1),
        to: sorted.get(sorted.len().saturating_sub(1) * 9 / 10).copied().unwrap_or(f64::NAN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_compared_with_the_bare_one_of_its_own_round() {
        let mut figures = Figures::default();
        for (bare, ours) in [(100.0, 150.0), (200.0, 260.0), (300.0, 370.0)] {
            figures.round(Log::None, &[("tower/bare".to_owned(), bare), ("tower/ours".to_owned(), ours)]);
        }
        figures.allocations(Log::None, &[("tower/bare".to_owned(), 2.0), ("tower/ours".to_owned(), 5.0)]);
        let (time, _, allocations) = figures.over_bare(Log::None, "tower/ours");
        assert_eq!((time.median, allocations), (60.0, 3.0));
        assert_eq!(figures.time(Log::None, "tower/bare").median, 200.0);
    }

    #[test]
    fn a_slow_round_is_slow_for_both_who_are_compared() {
        let mut figures = Figures::default();
        for slow in [1.0, 2.0, 7.0] {
            for (log, cost) in [(Log::Peers, 400.0), (Log::Ours, 100.0)] {
                figures.round(log, &[("a/bare".to_owned(), 50.0 * slow), ("a/b".to_owned(), (50.0 + cost) * slow)]);
            }
        }
        assert_eq!(figures.beside((Log::Ours, "a/b"), (Log::Peers, "a/b")), 0.25);
    }
}
