//! The settings of alerts.

mod backtest;
mod extension;

use std::{fmt, time::Duration};

use self::extension::Running;
use crate::{
    auto_disable::AutoDisable, handle::AlertHandle, links::AckLinks, notifier::Notifier, routes::Route, rule::Rule,
    watchdog::Watchdog,
};

/// Alerts by [rules](crate::Rule), delivered by [notifiers](crate::Notifier). Added to a monitor by
/// [`MonitorBuilder::extend`](monitor_core::MonitorBuilder::extend).
///
/// An alert is delivered by the notifiers of its [routes](Self::route) when it is triggered, and when it is resolved. A
/// critical alert that is not [acknowledged](Self::acknowledge_at) goes to the next notifier after a while.
///
/// A notification is saved in the monitor's store before the first attempt, and retried until its receiver accepts it,
/// also after a restart. It is given up if the receiver rejects it for good, after 24 hours of waiting, or if more than
/// 10,000 wait. A store that fails, and a monitor without one, hold no alert back: the notification is sent unsaved,
/// and counted.
///
/// Each notifier has a thread of its own and sends at most 30 notifications a minute, ten of them in a row, unless it
/// has another [limit](crate::RateLimit); others wait. Requests pay nothing.
/// [`Monitor::alert_counts`](monitor_core::Monitor::alert_counts) and the metrics `monitor_alerts_…_total` count them.
///
/// Receivers may get a notification twice, if the process ended, or the connection broke, before the receiver's answer
/// arrived. Both have the same [`Notification::id`](crate::Notification::id).
///
/// # Example
///
/// ```
/// use monitor_kit::{Monitor, alert::{Alerts, Slack}};
///
/// let slack = Slack::new("https://hooks.slack.com/services/T000/B000/XXXX")?;
/// let monitor = Monitor::builder("shop").extend(Alerts::to(slack)).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Example: two receivers, and rules of one's own
///
/// ```
/// use std::time::Duration;
/// use monitor_kit::{Monitor, alert::{Alerts, ErrorRatioRule, IssueRule, Slack, Webhook}};
///
/// let alerts = Alerts::to(Slack::new("https://hooks.slack.com/services/T000/B000/XXXX")?)
///     .and(Webhook::new("https://ops.example.org/alerts")?.secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?)
///     .rules([IssueRule::new().into(), ErrorRatioRule::above(0.02).lasting(Duration::from_secs(120)).into()]);
/// let monitor = Monitor::builder("shop").extend(alerts).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct Alerts {
    rules: Vec<Rule>,
    notifiers: Vec<Box<dyn Notifier>>,
    routes: Vec<Route>,
    default_routes: DefaultRoutes,
    escalate_after: Option<Duration>,
    incident_quiet: Duration,
    weekly_test: Option<String>,
    watchdog: Option<Watchdog>,
    links: Option<AckLinks>,
    switch_command: Option<String>,
    auto_disable: Option<AutoDisable>,
    handle: AlertHandle,
    running: Running,
}

/// Whether a program without routes has the default ones.
#[derive(Clone, Copy, Debug, PartialEq)]
enum DefaultRoutes {
    On,
    Off,
}

impl Alerts {
    /// Creates alerts that `notifier` delivers.
    pub fn to(notifier: impl Notifier) -> Self {
        Self {
            rules: Rule::defaults(),
            notifiers: vec![Box::new(notifier)],
            routes: Vec::new(),
            default_routes: DefaultRoutes::On,
            escalate_after: Some(ESCALATION),
            incident_quiet: INCIDENT_QUIET,
            weekly_test: None,
            watchdog: None,
            links: None,
            switch_command: None,
            auto_disable: None,
            handle: AlertHandle::default(),
            running: Running::default(),
        }
    }

    /// Adds a notifier, which delivers every alert, too.
    pub fn and(mut self, notifier: impl Notifier) -> Self {
        self.notifiers.push(Box::new(notifier));
        self
    }

    /// Sets the rules. Replaces earlier ones. Defaults to these:
    ///
    /// - a new or regressed issue ([`IssueRule::new`](crate::IssueRule::new)), critical if it is a panic
    /// - an error ratio above 5 % of the last minute ([`ErrorRatioRule::above`](crate::ErrorRatioRule::above))
    /// - an issue with more than 100 events an hour ([`IssueEventsRule::more_than`](crate::IssueEventsRule::more_than))
    /// - a p95 above 100 ms and above 1.5 times that of the release before
    ///   ([`SlowerRule::than_last_release`](crate::SlowerRule::than_last_release))
    /// - a lost readiness ([`HealthRule::readiness`](crate::HealthRule::readiness))
    /// - a process before that was killed ([`ProcessEndRule::new`](crate::ProcessEndRule::new))
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::alert::{Alerts, BurnRule, IssueRule, Slack};
    ///
    /// let alerts = Alerts::to(Slack::new("https://hooks.slack.com/services/T000/B000/XXXX")?)
    ///     .rules([IssueRule::new().into(), BurnRule::objective(0.999).into()]);
    /// # Ok::<(), monitor_kit::alert::NotifierError>(())
    /// ```
    pub fn rules(mut self, rules: impl IntoIterator<Item = Rule>) -> Self {
        self.rules = rules.into_iter().collect();
        self
    }

    /// Adds a route. Alerts that no route matches go to every notifier. Without a route of the program there are these:
    ///
    /// | alert | notifiers |
    /// | --- | --- |
    /// | a new or regressed issue | `slack` |
    /// | an issue with many events (`issue-events`) | `email` |
    /// | a p95 above that of the release before (`slower`) | `slack`, `email` |
    /// | any that is critical | `pagerduty` |
    ///
    /// These are the names that [`Slack`](crate::Slack), `Email` and [`PagerDuty`](crate::PagerDuty) have by default.
    /// Notifiers with other names have every alert, and an alert whose notifiers do not exist goes to every one. A
    /// critical alert goes on to the others if it is not acknowledged: see [`escalate_after`](Self::escalate_after).
    // No example: `Route` has one.
    pub fn route(mut self, route: Route) -> Self {
        self.routes.push(route);
        self
    }

    /// Sends every alert to every notifier, unless the program [sets routes](Self::route).
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::alert::{Alerts, PagerDuty, Slack};
    ///
    /// let alerts = Alerts::to(Slack::new("https://hooks.slack.com/services/T000/B000/XXXX")?)
    ///     .and(PagerDuty::new("0123456789abcdef0123456789abcdef")?)
    ///     .without_default_routes();
    /// # Ok::<(), monitor_kit::alert::NotifierError>(())
    /// ```
    pub fn without_default_routes(mut self) -> Self {
        self.default_routes = DefaultRoutes::Off;
        self
    }

    /// Sets the time after which an unacknowledged critical alert goes to the next notifier, in the order
    /// in which they were added. Defaults to 5 minutes.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use monitor_kit::alert::{Alerts, PagerDuty, Route, Severity, Slack};
    ///
    /// let alerts = Alerts::to(Slack::new("https://hooks.slack.com/services/T000/B000/XXXX")?)
    ///     .and(PagerDuty::new("0123456789abcdef0123456789abcdef")?)
    ///     .route(Route::severity(Severity::Critical).to("pagerduty"))
    ///     .escalate_after(Duration::from_secs(10 * 60));
    /// # Ok::<(), monitor_kit::alert::NotifierError>(())
    /// ```
    pub fn escalate_after(mut self, time: Duration) -> Self {
        self.escalate_after = Some(time);
        self
    }

    /// Turns the escalation off: alerts go to the notifiers of their routes only.
    pub fn without_escalation(mut self) -> Self {
        self.escalate_after = None;
        self
    }

    /// Sends a test alert through every notifier each week, at a day, a time and a time zone such as `Mon 10:00
    /// Europe/Berlin`; without a zone it is UTC. Off by default. Building the monitor fails if `when` is malformed.
    ///
    /// The alert `weekly-test` is a warning. It is over when it is [acknowledged](Self::acknowledge_at), by a link, in
    /// PagerDuty or [by the program](AlertHandle::acknowledge). If that does not happen within a day, the alert
    /// `weekly-test-missed` warns that alerts may reach no person.
    ///
    /// A test whose time passes while no process runs is sent by the next process, if there is a store. A wall clock
    /// that jumps over the time of a test causes one more.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::alert::{AckLinks, Alerts, Slack};
    ///
    /// let secret = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";
    /// let alerts = Alerts::to(Slack::new("https://hooks.slack.com/services/T000/B000/XXXX")?)
    ///     .acknowledge_at(AckLinks::new("https://shop.example.org/acknowledge", secret)?)
    ///     .test_weekly("Mon 10:00 Europe/Berlin");
    /// # Ok::<(), monitor_kit::alert::NotifierError>(())
    /// ```
    pub fn test_weekly(mut self, when: impl Into<String>) -> Self {
        self.weekly_test = Some(when.into());
        self
    }

    /// Pings a service that alerts when this process is gone. Off by default.
    // No example: `Watchdog` has one.
    pub fn watchdog(mut self, watchdog: Watchdog) -> Self {
        self.watchdog = Some(watchdog);
        self
    }

    /// Adds a link to each notification that acknowledges its alert. An [`AckService`](crate::AckService) answers it.
    pub fn acknowledge_at(mut self, links: AckLinks) -> Self {
        self.links = Some(links);
        self
    }

    /// Adds a command to each alert that is about a route, for the person on call to copy: the one that disables the
    /// route. `{route}` in it is replaced by the route's template, quoted for a POSIX shell. Without this setting
    /// alerts name the route only. Building the monitor fails if `{route}` is missing.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::alert::{Alerts, Slack};
    ///
    /// let alerts = Alerts::to(Slack::new("https://hooks.slack.com/services/T000/B000/XXXX")?)
    ///     .switch_command("ssh ops@shop shopctl disable {route} --for 1h");
    /// # Ok::<(), monitor_kit::alert::NotifierError>(())
    /// ```
    pub fn switch_command(mut self, template: impl Into<String>) -> Self {
        self.switch_command = Some(template.into());
        self
    }

    /// Disables routes by the alerts of a rule. Off by default.
    // No example: `AutoDisable` has one.
    pub fn auto_disable(mut self, by: AutoDisable) -> Self {
        self.auto_disable = Some(by);
        self
    }

    /// Sets the time without an active critical alert after which an [incident](crate::Incident) is closed. Defaults to
    /// 15 minutes.
    // No example: a time, as in `escalate_after`.
    pub fn close_incidents_after(mut self, quiet: Duration) -> Self {
        self.incident_quiet = quiet;
        self
    }

    /// Returns a handle to the alerts. It can be used once the monitor is built.
    #[must_use]
    pub fn handle(&self) -> AlertHandle {
        self.handle.clone()
    }
}

impl fmt::Debug for Alerts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.notifiers.iter().map(|notifier| notifier.name()).collect();
        f.debug_struct("Alerts").field("rules", &self.rules).field("notifiers", &names).finish_non_exhaustive()
    }
}

/// Default time until an unacknowledged critical alert goes to the next notifier.
const ESCALATION: Duration = Duration::from_secs(5 * 60);
/// Default time after which an incident is closed.
const INCIDENT_QUIET: Duration = Duration::from_secs(15 * 60);
