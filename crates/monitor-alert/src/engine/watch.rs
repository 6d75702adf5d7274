//! The watch of one condition: how long the condition of each group's next change has held.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, SystemTime},
};

use crate::{
    alert::Transition,
    rule::{
        condition::{Condition, Group, State},
        mute::Mute,
    },
};

#[derive(Clone, Debug)]
pub(super) struct Watch {
    rule: Arc<dyn Condition>,
    mutes: Vec<Mute>,
    /// Monotonic times since which the conditions of groups have held.
    since: BTreeMap<Group, Duration>,
}

impl Watch {
    pub(super) fn new(rule: Arc<dyn Condition>) -> Self {
        // They were checked when the program set them.
        let mutes = rule.mutes().iter().filter_map(|text| Mute::parse(text).ok()).collect();
        Self { rule, mutes, since: BTreeMap::new() }
    }

    /// Returns whether the rule begins no alert at this time.
    pub(super) fn is_muted(&self, at: SystemTime) -> bool {
        self.mutes.iter().any(|mute| mute.has(at))
    }

    pub(super) fn rule(&self) -> &dyn Condition {
        &*self.rule
    }

    /// Starts again. Called when alerts were changed by other means.
    pub(super) fn reset(&mut self) {
        self.since.clear();
    }

    /// Forgets the groups that are not among these.
    pub(super) fn retain(&mut self, groups: &BTreeSet<&Group>) {
        self.since.retain(|group, _| groups.contains(group));
    }

    /// Returns `next`, the only transition that the group's alert can make, once its condition has held for long
    /// enough.
    pub(super) fn next_change(
        &mut self,
        group: &Group,
        next: Transition,
        state: State,
        now: Duration,
    ) -> Option<Transition> {
        let (holds, delay) = match next {
            Transition::Triggered => (state == State::Met, self.rule.lasting()),
            Transition::Resolved => (state == State::Over, self.rule.resolve_after()),
        };
        if !holds {
            self.since.remove(group);
            return None;
        }
        let since = *self.since.entry(group.clone()).or_insert(now);
        if now.saturating_sub(since) < delay {
            return None;
        }
        self.since.remove(group);
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::{error_ratio::ErrorRatioRule, readings::FixedReadings};

    /// Returns the transitions at each second. Each reading is the number of failures in 100 requests.
    fn changes(rule: ErrorRatioRule, readings: &[u64]) -> String {
        let (mut watch, mut next) = (Watch::new(Arc::new(rule)), Transition::Triggered);
        let signs = (0..).zip(readings).map(|(second, failed)| {
            let (group, state) = watch.rule().read(&FixedReadings::total(100, *failed)).remove(0);
            match watch.next_change(&group, next, state, Duration::from_secs(1000 + second)) {
                None => '.',
                Some(Transition::Triggered) => {
                    next = Transition::Resolved;
                    'T'
                }
                Some(Transition::Resolved) => {
                    next = Transition::Triggered;
                    'R'
                }
            }
        });
        signs.collect()
    }

    #[test]
    fn an_alert_begins_and_ends_once_its_condition_has_held_for_long_enough() {
        let seconds = Duration::from_secs;
        let rule = |lasting, after| ErrorRatioRule::above(0.1).lasting(seconds(lasting)).resolve_after(seconds(after));
        assert_eq!(changes(rule(0, 0), &[10, 11, 50, 5, 4, 0]), ".T..R.");
        assert_eq!(changes(rule(2, 0), &[20, 20, 5, 20, 20, 20, 20]), ".....T.", "a pause starts the delay anew");
        assert_eq!(changes(rule(0, 3), &[20, 0, 0, 8, 0, 0, 0, 0, 0]), "T......R.", "so does a relapse");
        assert_eq!(changes(rule(1, 1), &[20, 20, 0, 0, 20, 20]), ".T.R.T");
    }
}
