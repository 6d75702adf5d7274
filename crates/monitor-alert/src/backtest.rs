//! The backtest of rules: when they would have fired over the history.

mod cell;
mod error;
mod firings;
mod grid;
mod recorded;
mod releases;
mod report;
mod sliding;
mod table;

use std::time::{Duration, Instant};

use monitor_core::{Fingerprint, Monitor, clock};

use self::{
    cell::Cell,
    error::Kind,
    firings::Firings,
    grid::{Detail, Grid, Slot},
    recorded::Recorded,
};
pub use self::{
    error::BacktestError,
    report::{AlertGroup, BacktestReport, RuleFiring, RuleHistory},
};
use crate::{
    engine::{Engine, Source},
    fact::IssueFact,
    routes::Routes,
    rule::Rule,
};

/// Applies rules to the [history](monitor_core::History) of a monitor, as if they had run all the time: when each one
/// would have fired, for how long, and which notifiers would have been notified. Nothing is sent, and no alert of the
/// monitor changes.
///
/// The rules are applied by the code that runs them every second, once at the end of each slot: of the hours of 30
/// days, and then of the minutes of 48 hours. The same history has the same report. A run reads a copy of the history,
/// and takes a second or two for 50 active routes and all types of rules. There is one at a time for each monitor, and
/// it ends with an error after its [`time_limit`](Self::time_limit).
///
/// # What each rule can see
///
/// | rule | in minutes | in hours |
/// | --- | --- | --- |
/// | [`ErrorRatioRule`], [`DurationRule`] | whole minutes; seconds become a minute | each window becomes an hour |
/// | [`SlowerRule`] | its 10 minutes, the hour, the release before | the 10 minutes become an hour |
/// | [`BurnRule`] | all its windows | the 5 and the 30 minutes become an hour |
/// | [`IssueEventsRule`] | its time | whole hours |
/// | [`EscalatingRule`] | the hour and the day before | the hour and the day before |
/// | [`SilenceRule`] | its minutes | nothing |
/// | [`IssueRule`], [`MilestoneRule`], [`HealthRule`], [`ProcessEndRule`] | nothing | nothing |
///
/// [`BurnRule`]: crate::BurnRule
/// [`DurationRule`]: crate::DurationRule
/// [`ErrorRatioRule`]: crate::ErrorRatioRule
/// [`EscalatingRule`]: crate::EscalatingRule
/// [`HealthRule`]: crate::HealthRule
/// [`IssueEventsRule`]: crate::IssueEventsRule
/// [`IssueRule`]: crate::IssueRule
/// [`MilestoneRule`]: crate::MilestoneRule
/// [`ProcessEndRule`]: crate::ProcessEndRule
/// [`SilenceRule`]: crate::SilenceRule
/// [`SlowerRule`]: crate::SlowerRule
///
/// A report has the [`RuleView`](crate::RuleView) of each rule. A rule that the history does not show is listed with
/// the reason.
///
/// # Limits
///
/// - A fault between two evaluations can begin and end unseen. Delays, such as `lasting`, are rounded up to whole
///   slots.
/// - An alert may have begun up to a [slot](RuleFiring::slot) earlier. Mute windows are compared with the end of a
///   slot.
/// - Windows count the requests of all processes and releases in the history, while those of a running rule count its
///   own process. A release runs from the slot in which it is first seen.
/// - A time without a process looks like one without requests. In the first hour of the minutes, windows that reach
///   back to the hours count the last hour as a whole.
/// - Escalations depend on acknowledgements, and are left out.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use monitor_kit::{Monitor, alert::{Backtest, BurnRule, ErrorRatioRule}};
///
/// let monitor = Monitor::builder("shop").build()?;
/// let strict = ErrorRatioRule::above(0.01).lasting(Duration::from_secs(300));
/// let report = Backtest::of([strict.into(), BurnRule::objective(0.999).into()]).run(&monitor)?;
/// for rule in &report.rules {
///     println!("{} would have fired {} times", rule.rule, rule.firings.len());
/// }
/// println!("{report}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Example: rules from a file, before they are deployed
///
/// ```no_run
/// use monitor_kit::{Monitor, alert::{Backtest, Rule}};
///
/// let monitor = Monitor::builder("shop").build()?;
/// println!("{}", Backtest::of(Rule::from_file("rules.toml")?).run(&monitor)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Backtest {
    rules: Vec<Rule>,
    routes: Routes,
    time_limit: Duration,
}

impl Backtest {
    /// Creates the backtest of these rules, without notifiers. [`Alerts::backtest`](crate::Alerts::backtest) creates
    /// one with the notifiers of the alerts.
    pub fn of(rules: impl IntoIterator<Item = Rule>) -> Self {
        Self { rules: rules.into_iter().collect(), routes: Routes::default(), time_limit: TIME_LIMIT }
    }

    /// Sets the time after which a run ends with an error, by the monotonic clock. Defaults to 10 seconds.
    // No example: a time.
    pub fn time_limit(mut self, time: Duration) -> Self {
        self.time_limit = time;
        self
    }

    pub(crate) fn routes(mut self, routes: Routes) -> Self {
        self.routes = routes;
        self
    }

    /// Applies the rules to the history of the monitor. Blocks the calling thread; requests and alerts go on. Slots
    /// that the monitor has not loaded from its store yet are left out.
    ///
    /// # Errors
    ///
    /// Returns an error if a rule or a route is not good, if the monitor is disabled, if another backtest of this
    /// monitor [is running](BacktestError::is_running), and if the time limit is
    /// [reached](BacktestError::is_out_of_time).
    // No example: `Backtest` shows a call.
    pub fn run(&self, monitor: &Monitor) -> Result<BacktestReport, BacktestError> {
        let begun = clock::now();
        Rule::check(&self.rules).map_err(Kind::Setting)?;
        self.routes.check(self.rules.iter().map(Rule::name)).map_err(Kind::Setting)?;
        let history = monitor.history().ok_or(Kind::Disabled)?;
        let replay = history.replay().ok_or(Kind::Running)?;
        let issue = |fingerprint| monitor.issue(fingerprint).map(|issue| IssueFact::of(&issue));
        self.run_slots(replay.map(Slot::from), &issue, begun)
    }

    fn run_slots(
        &self,
        slots: impl Iterator<Item = Slot>,
        issue: &dyn Fn(Fingerprint) -> Option<IssueFact>,
        begun: Instant,
    ) -> Result<BacktestReport, BacktestError> {
        let detail = if self.rules.iter().any(Rule::is_per_route) { Detail::Routes } else { Detail::Total };
        self.run_cells(Grid::new(slots, detail).into_iter().flatten(), issue, begun)
    }

    fn run_cells(
        &self,
        cells: impl Iterator<Item = Cell>,
        issue: &dyn Fn(Fingerprint) -> Option<IssueFact>,
        begun: Instant,
    ) -> Result<BacktestReport, BacktestError> {
        let source = source();
        let mut engine = Engine::new(source.clone(), self.shown_rules(), None);
        let mut firings = Firings::new(&source, &self.routes, &self.rules);
        let mut recorded = Recorded::new(issue);
        let (mut begin, mut minutes_begin, mut last) = (None, None, None);
        for cell in cells {
            if clock::now().saturating_duration_since(begun) >= self.time_limit {
                return Err(Kind::OutOfTime(self.time_limit).into());
            }
            let (at, length) = (cell.at, cell.length);
            begin = begin.or_else(|| Some(cell.begin()));
            minutes_begin = minutes_begin.or_else(|| (length <= MINUTE).then(|| cell.begin()));
            recorded.push(cell);
            firings.add(engine.evaluate(&recorded, at), length, at);
            last = Some(at);
        }
        let rules = firings.finish(last.map_or(Duration::ZERO, |at| at.steady));
        Ok(BacktestReport { begin, minutes_begin, end: last.map(|at| at.wall), rules })
    }

    /// Returns the rules of which some slots have what they read.
    fn shown_rules(&self) -> Vec<Rule> {
        self.rules.iter().filter(|rule| rule.view(MINUTE).is_shown()).cloned().collect()
    }
}

/// Returns the source of alerts that are never sent.
fn source() -> Source {
    let [service, environment, release] = [const { String::new() }; 3];
    Source { service, environment, release, switch_command: None }
}

/// Default time of a run.
const TIME_LIMIT: Duration = Duration::from_secs(10);
const MINUTE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
