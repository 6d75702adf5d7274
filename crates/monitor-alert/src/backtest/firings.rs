//! The alerts of a backtest: the changes of the engine, put together.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use super::report::{RuleFiring, RuleHistory};
use crate::{
    alert::Transition,
    engine::{Change, Source},
    routes::Routes,
    rule::{Rule, condition::Group},
    time::Now,
};

/// The rules with their alerts so far.
pub(super) struct Firings<'a> {
    source: &'a Source,
    routes: &'a Routes,
    rules: Vec<RuleHistory>,
    /// By the key of the alert: its place in `rules` and among the alerts of the rule, and its begin.
    active: BTreeMap<String, (usize, usize, Duration)>,
}

impl<'a> Firings<'a> {
    pub(super) fn new(source: &'a Source, routes: &'a Routes, rules: &[Rule]) -> Self {
        let rules = rules.iter().map(|rule| RuleHistory {
            rule: rule.name().to_owned(),
            severity: rule.severity(),
            minutes: rule.view(MINUTE),
            hours: rule.view(HOUR),
            firings: Vec::new(),
        });
        Self { source, routes, rules: rules.collect(), active: BTreeMap::new() }
    }

    /// Adds the changes at the end of a slot of this length.
    pub(super) fn add(&mut self, changes: Vec<Change>, slot: Duration, now: Now) {
        for change in changes {
            match change.transition {
                Transition::Triggered => self.begin(&change, slot, now),
                Transition::Resolved => self.end(&change, now),
            }
        }
    }

    /// Returns the rules. The alerts that are still active last until now.
    pub(super) fn finish(mut self, now: Duration) -> Vec<RuleHistory> {
        for (rule, firing, begin) in std::mem::take(&mut self.active).into_values() {
            self.set_end(rule, firing, None, now.saturating_sub(begin));
        }
        self.rules
    }

    fn begin(&mut self, Change { alert, .. }: &Change, slot: Duration, now: Now) {
        let Some(number) = self.rules.iter().position(|rule| rule.rule == alert.rule) else { return };
        let firings = &mut self.rules[number].firings;
        self.active.insert(alert.key.clone(), (number, firings.len(), now.steady));
        firings.push(RuleFiring {
            group: Group::of(alert, &self.source.key(&alert.rule)).into(),
            title: alert.title.clone(),
            begin: alert.at,
            end: None,
            duration: Duration::ZERO,
            slot,
            notifiers: self.routes.notifiers(alert),
        });
    }

    fn end(&mut self, Change { alert, .. }: &Change, now: Now) {
        let Some((rule, firing, begin)) = self.active.remove(&alert.key) else { return };
        self.set_end(rule, firing, Some(alert.at), now.steady.saturating_sub(begin));
    }

    fn set_end(&mut self, rule: usize, firing: usize, end: Option<SystemTime>, duration: Duration) {
        let firing = self.rules.get_mut(rule).and_then(|rule| rule.firings.get_mut(firing));
        if let Some(firing) = firing {
            (firing.end, firing.duration) = (end, duration);
        }
    }
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
