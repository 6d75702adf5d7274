//! The watch of one condition: how long the condition of its next change has held.

use std::{sync::Arc, time::Duration};

use crate::{
    alert::Transition,
    rule::condition::{Condition, State},
};

#[derive(Clone, Debug)]
pub(super) struct Watch {
    rule: Arc<dyn Condition>,
    /// Monotonic time since which the condition has held.
    since: Option<Duration>,
}

impl Watch {
    pub(super) fn new(rule: Arc<dyn Condition>) -> Self {
        Self { rule, since: None }
    }

    pub(super) fn rule(&self) -> &dyn Condition {
        &*self.rule
    }

    /// Starts again. Called when the alert was changed by other means.
    pub(super) fn reset(&mut self) {
        self.since = None;
    }

    /// Returns `next`, the only transition that the alert can make, once its condition has held for long enough.
    pub(super) fn next_change(&mut self, next: Transition, state: State, now: Duration) -> Option<Transition> {
        let (holds, delay) = match next {
            Transition::Triggered => (state == State::Met, self.rule.lasting()),
            Transition::Resolved => (state == State::Over, self.rule.resolve_after()),
        };
        if !holds {
            self.since = None;
            return None;
        }
        let since = *self.since.get_or_insert(now);
        if now.saturating_sub(since) < delay {
            return None;
        }
        self.since = None;
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::{condition::counts, error_ratio::ErrorRatioRule};

    /// Returns the transitions at each second. Each reading is the number of failures in 100 requests.
    fn changes(rule: ErrorRatioRule, readings: &[u64]) -> String {
        let (mut watch, mut next) = (Watch::new(Arc::new(rule)), Transition::Triggered);
        let signs = (0..).zip(readings).map(|(second, failed)| {
            let state = watch.rule().read(&counts(100, *failed)).state;
            match watch.next_change(next, state, Duration::from_secs(1000 + second)) {
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
