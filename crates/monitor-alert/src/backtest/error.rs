//! The error of a backtest.

use std::{error::Error, fmt, time::Duration};

/// A backtest that has no report. Its message says what to change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BacktestError(Kind);

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Setting(String),
    Disabled,
    Running,
    OutOfTime(Duration),
}

impl BacktestError {
    /// Returns `true` if another backtest of the same monitor is running.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        matches!(self.0, Kind::Running)
    }

    /// Returns `true` if the backtest has reached its time limit.
    #[must_use]
    pub const fn is_out_of_time(&self) -> bool {
        matches!(self.0, Kind::OutOfTime(_))
    }
}

impl From<Kind> for BacktestError {
    fn from(kind: Kind) -> Self {
        Self(kind)
    }
}

impl fmt::Display for BacktestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Setting(refused) => f.write_str(refused),
            Kind::Disabled => f.write_str("a disabled monitor has no history: run the backtest with another monitor"),
            Kind::Running => f.write_str("another replay of the history is running: wait for its end"),
            Kind::OutOfTime(limit) => {
                write!(f, "the backtest has not ended within {limit:?}: use fewer rules, or set a longer `time_limit`")
            }
        }
    }
}

impl Error for BacktestError {}
