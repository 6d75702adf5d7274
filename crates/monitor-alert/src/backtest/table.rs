//! The report of a backtest as a table for a terminal.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use monitor_core::clock;

use super::report::{AlertGroup, BacktestReport, RuleFiring, RuleHistory};
use crate::rule::view::RuleView;

impl fmt::Display for BacktestReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(begin), Some(end)) = (self.begin, self.end) else {
            return writeln!(f, "The history is empty: there is nothing to apply the rules to.");
        };
        writeln!(f, "Backtest from {} to {}", time(begin), time(end))?;
        match self.minutes_begin {
            Some(minutes) if minutes > begin => writeln!(f, "per hour, and per minute from {} on\n", time(minutes))?,
            _ => writeln!(f, "per minute\n")?,
        }
        self.write_rules(f)?;
        self.write_firings(f)
    }
}

impl BacktestReport {
    fn write_rules(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.width();
        writeln!(f, "{:width$}  {:VIEW$}  {:VIEW$}  alerts", "rule", "minutes", "hours")?;
        for rule in &self.rules {
            let RuleHistory { rule: name, minutes, hours, firings, .. } = rule;
            writeln!(f, "{name:width$}  {minutes:VIEW$}  {hours:VIEW$}  {}", firings.len())?;
        }
        writeln!(f)?;
        for rule in &self.rules {
            match (rule.minutes, rule.hours) {
                (RuleView::Missing(reason), _) => writeln!(f, "{} is not shown: {reason}", rule.rule)?,
                (_, RuleView::Missing(reason)) => writeln!(f, "{} is not shown per hour: {reason}", rule.rule)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn write_firings(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of_rule = |rule: &'_ RuleHistory| rule.firings.len();
        if self.rules.iter().map(of_rule).sum::<usize>() == 0 {
            return writeln!(f, "\nNo alert.");
        }
        let width = self.width();
        writeln!(f, "\n{:BEGIN$}  {:>LENGTH$}  {:width$}  about", "begin", "lasted", "rule")?;
        let mut all: Vec<_> =
            self.rules.iter().flat_map(|rule| rule.firings.iter().map(move |firing| (firing, rule))).collect();
        all.sort_by_key(|(firing, _)| firing.begin);
        all.into_iter().try_for_each(|(firing, rule)| write_firing(f, firing, &rule.rule, width))
    }

    fn width(&self) -> usize {
        self.rules.iter().map(|rule| rule.rule.len()).max().unwrap_or(0).max("rule".len())
    }
}

fn write_firing(f: &mut fmt::Formatter<'_>, firing: &RuleFiring, rule: &str, width: usize) -> fmt::Result {
    let RuleFiring { group, begin, end, duration, notifiers, .. } = firing;
    let lasted = if end.is_some() { length(*duration) } else { format!("> {}", length(*duration)) };
    write!(f, "{:BEGIN$}  {lasted:>LENGTH$}  {rule:width$}  {group}", time(*begin))?;
    if !notifiers.is_empty() {
        write!(f, ", to {}", notifiers.join(", "))?;
    }
    writeln!(f)
}

impl fmt::Display for AlertGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service => f.write_str("the service"),
            // A route of the program, but it may have come from another one through the store.
            Self::Route(route) => write!(f, "{}", route.escape_debug()),
            Self::Issue(fingerprint) => write!(f, "{fingerprint}"),
        }
    }
}

/// Returns a time without the milliseconds.
fn time(time: SystemTime) -> String {
    let text = clock::rfc3339(time);
    text.split_once('.').map_or_else(|| text.clone(), |(seconds, _)| format!("{seconds}Z"))
}

/// Returns a duration in its two largest units.
fn length(time: Duration) -> String {
    let seconds = time.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// Widths of columns.
const VIEW: usize = "coarser than its window".len();
const BEGIN: usize = "2026-01-01T00:00:00Z".len();
const LENGTH: usize = "> 10 h 10 min".len();
