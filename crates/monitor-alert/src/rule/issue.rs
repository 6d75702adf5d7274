//! The rule that alerts on issues.

/// Alerts on new and regressed issues: [critical](crate::Severity::Critical) on those of a panic,
/// [warnings](crate::Severity::Warning) on all others. An alert is over when an operator resolves its issue.
///
/// # Example
///
/// ```
/// use monitor_kit::alert::{IssueRule, Rule};
///
/// let rule = Rule::from(IssueRule::new());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct IssueRule {}

impl IssueRule {
    /// Creates the rule.
    #[must_use]
    pub const fn new() -> Self {
        Self {}
    }
}

/// Name of the rule.
pub(crate) const NAME: &str = "issue";
