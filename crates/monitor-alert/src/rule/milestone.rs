//! The rule that alerts on the milestones of issues.

/// Alerts when an unresolved issue reaches 10, 100, 1000 events, and so on: one [warning](crate::Severity::Warning) for
/// each. The first event is the business of [`IssueRule`](crate::IssueRule). The alerts of an issue are over when an
/// operator resolves it.
///
/// Events are counted over restarts, if there is a store. An issue that passes several milestones at once has an alert
/// on the highest of them only. Muted issues have none.
///
/// # Example
///
/// ```
/// use monitor_kit::alert::{Alerts, IssueRule, MilestoneRule, Slack};
///
/// let alerts = Alerts::to(Slack::new("https://hooks.slack.com/services/T000/B000/XXXX")?)
///     .rules([IssueRule::new().into(), MilestoneRule::new().at_least(100).into()]);
/// # Ok::<(), monitor_kit::alert::NotifierError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct MilestoneRule {
    at_least: u64,
}

impl MilestoneRule {
    /// Creates the rule.
    pub const fn new() -> Self {
        Self { at_least: 10 }
    }

    /// Sets the lowest milestone. Defaults to 10 events.
    pub const fn at_least(mut self, events: u64) -> Self {
        self.at_least = events;
        self
    }

    /// Returns whether the rule alerts on an issue with this number of events.
    pub(crate) const fn has(&self, events: u64) -> bool {
        events >= self.at_least
    }
}

impl Default for MilestoneRule {
    fn default() -> Self {
        Self::new()
    }
}

/// Name of the rule.
pub(crate) const NAME: &str = "milestone";
