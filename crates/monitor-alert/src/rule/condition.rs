//! Rules that are evaluated every second, and what they read.

use std::{fmt::Debug, time::Duration};

use monitor_core::traffic::{Lookback, Traffic, WindowCounts};

/// A rule that is evaluated every second: decides from readings when its alert begins and ends.
pub(crate) trait Condition: Debug + Send + Sync {
    fn name(&self) -> &str;

    fn title(&self) -> String;

    /// Returns the time for which the condition must be met before the alert begins.
    fn lasting(&self) -> Duration;

    /// Returns the time for which the condition must be over before the alert ends.
    fn resolve_after(&self) -> Duration;

    fn read(&self, readings: &dyn Readings) -> Reading;
}

/// The counts that conditions read.
pub(crate) trait Readings {
    /// Returns the counts of all routes within a window.
    fn window(&self, window: Lookback) -> WindowCounts;
}

/// The state of a condition, and the facts that show it in an alert.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(crate) state: State,
    pub(crate) facts: Vec<(String, String)>,
}

/// The state of a condition. Between the two thresholds an alert neither begins nor ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum State {
    Met,
    Between,
    Over,
}

impl Readings for Traffic {
    fn window(&self, window: Lookback) -> WindowCounts {
        self.recent(window).total
    }
}

/// Tests read the same counts in every window.
#[cfg(test)]
impl Readings for WindowCounts {
    fn window(&self, _: Lookback) -> WindowCounts {
        *self
    }
}

/// Returns counts for tests.
#[cfg(test)]
pub(crate) fn counts(count: u64, failed: u64) -> WindowCounts {
    let mut counts = WindowCounts::default();
    (counts.count, counts.failed) = (count, failed);
    counts
}
