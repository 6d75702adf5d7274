//! The engine: applies the rules to facts and counts. Each change of an alert is returned once, to be delivered.

mod describe;
mod merge;
mod record;
mod records;
mod test_alerts;
mod watch;

use std::{collections::BTreeMap, sync::Arc};

use monitor_core::{Fingerprint, StoreWrite};

use self::{describe::Cause, records::Records, watch::Watch};
pub(crate) use self::{describe::Source, merge::Overlap, record::Change};
use crate::{
    alert::{Alert, Transition},
    fact::Fact,
    mask::Mask,
    rule::{
        Rule,
        condition::{Group, State},
        issue,
        milestone::{self, MilestoneRule},
        readings::Readings,
    },
    time::Now,
    weekly_test::{self, WeeklyTest},
};

/// The rules, and the alerts that they have fired.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    source: Source,
    /// Names of all rules.
    rules: Vec<String>,
    watches: Vec<Watch>,
    has_issue_rule: bool,
    milestones: Option<MilestoneRule>,
    weekly_test: Option<WeeklyTest>,
    records: Records,
}

impl Engine {
    pub(crate) fn new(source: Source, rules: Vec<Rule>, weekly_test: Option<WeeklyTest>) -> Self {
        let of_tests = weekly_test.iter().flat_map(|_| [weekly_test::RULE, weekly_test::MISSED_RULE]);
        let names = rules.iter().map(Rule::name).chain(of_tests).map(str::to_owned).collect();
        let has_issue_rule = rules.iter().any(|rule| matches!(rule, Rule::Issue(_)));
        let milestones = rules.iter().find_map(|rule| match rule {
            Rule::Milestone(rule) => Some(rule.clone()),
            _ => None,
        });
        let watches = rules.into_iter().filter_map(Rule::into_condition).map(Watch::new);
        Self {
            source,
            rules: names,
            watches: watches.collect(),
            has_issue_rule,
            milestones,
            records: Records::default(),
            weekly_test,
        }
    }

    /// Applies the rules to a fact. Returns the changes of the issue's alerts.
    pub(crate) fn observe(&mut self, fact: &Fact, now: Now) -> Vec<Change> {
        let (cause, issue) = match fact {
            Fact::Opened(issue) => (Cause::New, issue),
            Fact::Regressed(issue) => (Cause::Regressed, issue),
            Fact::Reached(issue, events) => (Cause::Milestone(*events), issue),
            Fact::Resolved(fingerprint, _) => return self.resolve_issue(*fingerprint, now),
        };
        let has_rule = match cause {
            Cause::Milestone(events) => self.milestones.as_ref().is_some_and(|rule| rule.has(events)),
            _ => self.has_issue_rule,
        };
        if !has_rule {
            return Vec::new();
        }
        self.records.fire(self.source.issue_alert(cause, issue, now)).into_iter().collect()
    }

    /// Ends the alerts that facts about an issue have begun.
    fn resolve_issue(&mut self, fingerprint: Fingerprint, now: Now) -> Vec<Change> {
        let by_facts = [issue::NAME, milestone::NAME];
        let is_of_issue = |alert: &&Arc<Alert>| {
            alert.fingerprint == Some(fingerprint)
                && by_facts.contains(&alert.rule.as_str())
                && self.source.is_of(alert)
        };
        let keys: Vec<_> = self.records.active().filter(is_of_issue).map(|alert| alert.key.clone()).collect();
        keys.iter().filter_map(|key| self.records.resolve(key, now, |_| ())).collect()
    }

    /// Applies the rules to the readings. Called every second.
    pub(crate) fn evaluate(&mut self, readings: &dyn Readings, now: Now) -> Vec<Change> {
        let Self { source, watches, records, .. } = self;
        let active = records.active_by_rule();
        let mut changes = Vec::new();
        for watch in watches {
            let key = source.key(watch.rule().name());
            let mut states: BTreeMap<Group, State> = watch.rule().read(readings).into_iter().collect();
            // An alert whose group was not read is over.
            let of_rule = active.get(watch.rule().name()).into_iter().flatten();
            of_rule.for_each(|alert| _ = states.entry(Group::of(alert, &key)).or_insert(State::Over));
            watch.retain(&states.keys().collect());
            let is_muted = watch.is_muted(now.wall);
            for (group, state) in states {
                let key = group.key(&key);
                let state = if is_muted && state == State::Met { State::Between } else { state };
                let next = records.next_transition(&key);
                let change = match watch.next_change(&group, next, state, now.steady) {
                    None => None,
                    Some(Transition::Triggered) => {
                        records.fire(source.condition_alert(key, watch.rule(), &group, readings, now))
                    }
                    Some(Transition::Resolved) => {
                        records.resolve(&key, now, |alert| alert.facts = watch.rule().facts(&group, readings))
                    }
                };
                changes.extend(change);
            }
        }
        changes
    }

    /// Resolves alerts of rules that the program no longer has. They can be loaded from the state of an earlier
    /// release.
    pub(crate) fn resolve_orphans(&mut self, now: Now) -> Vec<Change> {
        let Self { source, rules, records, .. } = self;
        let is_own = |alert: &Alert| rules.contains(&alert.rule) && source.is_of(alert);
        let orphans = records.active().filter(|alert| !is_own(alert)).map(|alert| alert.key.clone());
        let orphans: Vec<_> = orphans.collect();
        orphans.iter().filter_map(|key| records.resolve(key, now, |_| ())).collect()
    }

    /// Returns the beginnings of all active alerts.
    pub(crate) fn active(&self) -> impl Iterator<Item = Change> {
        self.records.beginnings()
    }

    /// Returns the beginning of this alert, if it is active.
    pub(crate) fn active_of(&self, key: &str) -> Option<Change> {
        self.records.beginning(key)
    }

    /// Returns the number of active alerts that were forgotten because there were too many. They are never resolved.
    pub(crate) fn forgotten(&self) -> u64 {
        self.records.forgotten()
    }

    /// Takes the records out of `stored` and merges them. Values that cannot be read remain there.
    pub(crate) fn merge(&mut self, stored: &mut Vec<(String, Vec<u8>)>) -> Vec<Overlap> {
        // The alert of a watch may have become active, or ended.
        self.watches.iter_mut().for_each(Watch::reset);
        self.weekly_test.iter_mut().for_each(|test| test.merge(stored));
        self.records.merge(stored)
    }

    pub(crate) fn take_changes(&mut self) -> Vec<StoreWrite> {
        let mut changes = self.records.take_changes();
        changes.extend(self.weekly_test.iter_mut().flat_map(WeeklyTest::take_changes));
        changes
    }

    pub(crate) fn everything(&mut self) -> Vec<StoreWrite> {
        let mut all = self.records.everything();
        all.extend(self.weekly_test.iter_mut().flat_map(WeeklyTest::everything));
        all
    }

    pub(crate) fn erase(&mut self, mask: Mask<'_>) {
        self.records.erase(mask);
    }
}

#[cfg(test)]
mod tests;
