//! How the slots of a recording show a rule.

use std::{fmt, time::Duration};

/// How the slots of the [history](monitor_core::History) show a rule in a [`Backtest`](crate::Backtest).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RuleView {
    /// The rule counts the same spans of time as in a running service, once at the end of each slot.
    Whole,
    /// The rule has a window that no number of whole slots covers, such as one of a minute over hours. The next larger
    /// number of slots stands for it, so that a short fault can remain unseen.
    Coarser,
    /// The history does not have what the rule reads, for this reason. The rule is not shown.
    Missing(&'static str),
}

impl RuleView {
    /// Returns the view of a rule with this window, in slots of this length.
    pub(crate) fn of_window(window: Duration, slot: Duration) -> Self {
        let is_whole = window.as_secs().is_multiple_of(slot.as_secs().max(1)) && window >= slot;
        if is_whole { Self::Whole } else { Self::Coarser }
    }

    /// Returns the view of a rule with this span of the history, which counts whole minutes in a running service, too.
    pub(crate) fn of_span(span: Duration, slot: Duration) -> Self {
        Self::of_window(Duration::from_secs(span.as_secs().div_ceil(60) * 60), slot)
    }

    /// Returns the worse of two views.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Missing(_), _) | (Self::Coarser, Self::Whole) => self,
            _ => other,
        }
    }

    pub(crate) fn is_shown(self) -> bool {
        !matches!(self, Self::Missing(_))
    }
}

impl fmt::Display for RuleView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Whole => "whole windows",
            Self::Coarser => "coarser than its window",
            Self::Missing(_) => "not shown",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_that_whole_slots_do_not_cover_is_coarser() {
        let seconds = Duration::from_secs;
        let views = [1, 60, 90, 300].map(|window| RuleView::of_window(seconds(window), seconds(60)));
        assert_eq!(views, [RuleView::Coarser, RuleView::Whole, RuleView::Coarser, RuleView::Whole]);
        assert_eq!(
            RuleView::of_span(seconds(90), seconds(60)),
            RuleView::Whole,
            "two minutes in a running service, too"
        );
        assert_eq!(RuleView::of_span(seconds(90 * 60), seconds(3600)), RuleView::Coarser);
        assert_eq!(RuleView::Whole.and(RuleView::Coarser), RuleView::Coarser);
        assert_eq!(RuleView::Missing("why").and(RuleView::Coarser), RuleView::Missing("why"));
    }
}
