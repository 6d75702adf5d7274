//! Rules that are evaluated every second.

use std::{fmt::Debug, time::Duration};

use monitor_core::Fingerprint;

use super::{readings::Readings, view::RuleView};
use crate::alert::{Alert, Severity};

/// A rule that is evaluated every second: decides from readings when its alerts begin and end. It has one alert for
/// each group.
pub(crate) trait Condition: Debug + Send + Sync {
    fn name(&self) -> &str;

    fn severity(&self) -> Severity;

    /// Returns the time for which the condition must be met before an alert begins.
    fn lasting(&self) -> Duration;

    /// Returns the time for which the condition must be over before an alert ends.
    fn resolve_after(&self) -> Duration;

    /// Returns the texts of the mute windows.
    fn mutes(&self) -> &[String];

    /// Returns the state of each group. A group that is missing is over.
    fn read(&self, readings: &dyn Readings) -> Vec<(Group, State)>;

    /// Returns the title of an alert that begins.
    fn title(&self, group: &Group, readings: &dyn Readings) -> String;

    /// Returns the facts of an alert that begins or ends.
    fn facts(&self, group: &Group, readings: &dyn Readings) -> Vec<(String, String)>;

    /// Returns how slots of this length show the condition in a backtest.
    fn view(&self, slot: Duration) -> RuleView;

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// Returns a sentence that says what to change.
    fn check(&self) -> Result<(), String>;
}

/// The state of a condition. Between the two thresholds an alert neither begins nor ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum State {
    Met,
    Between,
    Over,
}

/// The part of a service that an alert is about.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Group {
    Service,
    /// A method and a route, such as `GET /items/{id}`.
    Route(String),
    Issue(Fingerprint),
}

impl Group {
    /// Returns the group of an alert of the rule with this key.
    pub(crate) fn of(alert: &Alert, rule_key: &str) -> Self {
        if let Some(fingerprint) = alert.fingerprint {
            return Self::Issue(fingerprint);
        }
        let route = alert.key.strip_prefix(rule_key).and_then(|rest| rest.strip_prefix('/'));
        route.map_or(Self::Service, |route| Self::Route(route.to_owned()))
    }

    /// Returns the key of the alert of this group.
    pub(crate) fn key(&self, rule_key: &str) -> String {
        match self {
            Self::Service => rule_key.to_owned(),
            Self::Route(route) => format!("{rule_key}/{route}"),
            Self::Issue(fingerprint) => format!("{rule_key}/{fingerprint}"),
        }
    }

    pub(crate) fn fingerprint(&self) -> Option<Fingerprint> {
        match self {
            Self::Issue(fingerprint) => Some(*fingerprint),
            _ => None,
        }
    }
}
