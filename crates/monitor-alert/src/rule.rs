//! Rules: they decide when an alert fires, and when it is over.

pub(crate) mod condition;
pub(crate) mod error_ratio;
pub(crate) mod issue;
pub(crate) mod text;

use std::collections::BTreeSet;

use self::{condition::Condition, error_ratio::ErrorRatioRule, issue::IssueRule};

/// A rule: decides when an alert fires, and when it is over.
///
/// # Example
///
/// ```
/// use monitor_kit::alert::{ErrorRatioRule, IssueRule, Rule};
///
/// let rules = [Rule::from(IssueRule::new()), Rule::from(ErrorRatioRule::above(0.02))];
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Rule {
    /// Alerts on issues.
    Issue(IssueRule),
    /// Alerts on the ratio of failed requests.
    ErrorRatio(ErrorRatioRule),
}

impl Rule {
    /// Returns the rules of a program that sets none: issues, and an error ratio above 5 %.
    pub(crate) fn defaults() -> Vec<Self> {
        vec![IssueRule::new().into(), ErrorRatioRule::above(0.05).into()]
    }

    /// Returns the name, which is part of the keys of the rule's alerts.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Issue(_) => issue::NAME,
            Self::ErrorRatio(rule) => Condition::name(rule),
        }
    }

    /// Checks all rules of a program.
    ///
    /// # Errors
    ///
    /// Returns a sentence that says what to change.
    pub(crate) fn check(rules: &[Self]) -> Result<(), String> {
        let mut names = BTreeSet::new();
        for rule in rules {
            if let Self::ErrorRatio(rule) = rule {
                rule.check()?;
            }
            let name = rule.name();
            if !names.insert(name) {
                return Err(format!("two alert rules are called `{name}`: give each a name of its own"));
            }
        }
        Ok(())
    }
}

impl From<IssueRule> for Rule {
    fn from(rule: IssueRule) -> Self {
        Self::Issue(rule)
    }
}

impl From<ErrorRatioRule> for Rule {
    fn from(rule: ErrorRatioRule) -> Self {
        Self::ErrorRatio(rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_rules_are_good() {
        assert_eq!(Rule::check(&Rule::defaults()), Ok(()));
    }

    #[test]
    fn rules_have_different_names() {
        let fast = ErrorRatioRule::above(0.5);
        let same = [fast.clone().into(), ErrorRatioRule::above(0.05).into()];
        let refused = "two alert rules are called `error-ratio`: give each a name of its own";
        assert_eq!(Rule::check(&same), Err(refused.to_owned()));
        assert_eq!(Rule::check(&[fast.name("fast").into(), ErrorRatioRule::above(0.05).into()]), Ok(()));
        let issues = Rule::check(&[IssueRule::new().into(), ErrorRatioRule::above(0.5).name("issue").into()]);
        assert!(issues.is_err());
    }
}
