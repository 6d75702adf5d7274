//! The report of a backtest.

use std::time::{Duration, SystemTime};

use monitor_core::Fingerprint;

use crate::{
    alert::Severity,
    rule::{condition::Group, view::RuleView},
};

/// The result of a [`Backtest`](crate::Backtest): when each rule would have fired. Its `Display` is a table for a
/// terminal.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct BacktestReport {
    /// The beginning of the oldest slot, by the wall clock of its time; `None` if the history is empty.
    pub begin: Option<SystemTime>,
    /// The beginning of the minutes. What was before is recorded per hour.
    pub minutes_begin: Option<SystemTime>,
    /// The time of the backtest.
    pub end: Option<SystemTime>,
    /// The rules, in their order.
    pub rules: Vec<RuleHistory>,
}

/// One rule in a backtest.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RuleHistory {
    /// Name of the rule.
    pub rule: String,
    /// The severity of its alerts; `None` if it depends on the issue.
    pub severity: Option<Severity>,
    /// How the minutes of the history show the rule.
    pub minutes: RuleView,
    /// How the hours of the history show the rule.
    pub hours: RuleView,
    /// Its alerts, the earliest first.
    pub firings: Vec<RuleFiring>,
}

/// An alert that a rule would have fired.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct RuleFiring {
    /// The part of the service that the alert is about.
    pub group: AlertGroup,
    /// The title of the alert. Redacted.
    pub title: String,
    /// The time at which the alert would have been triggered, by the wall clock of its time.
    pub begin: SystemTime,
    /// The time at which it would have been resolved; `None` if it is active at the end of the backtest.
    pub end: Option<SystemTime>,
    /// The time for which it was active, up to the end of the backtest, by the monotonic clock.
    pub duration: Duration,
    /// The length of the slot in which it began: a minute or an hour. The alert may have begun earlier by up to this
    /// time.
    pub slot: Duration,
    /// The notifiers of its beginning and its end.
    pub notifiers: Vec<String>,
}

/// The part of a service that an alert is about.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum AlertGroup {
    /// The whole service.
    Service,
    /// A method and a route, such as `GET /items/{id}`.
    Route(String),
    /// An issue.
    Issue(Fingerprint),
}

impl From<Group> for AlertGroup {
    fn from(group: Group) -> Self {
        match group {
            Group::Service => Self::Service,
            Group::Route(route) => Self::Route(route),
            Group::Issue(fingerprint) => Self::Issue(fingerprint),
        }
    }
}
