//! Alerts as an extension of a monitor.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use monitor_core::{
    BoxError, BuildError, DropReason, Durable, Extension, Identity, Monitor, ProcessEnded, Signal, WeakMonitor, clock,
    instrument::panic,
};

use crate::{
    auto_disable::{AutoDisable, AutoSwitch},
    backtest::Backtest,
    courier,
    desk::Desk,
    engine::Source,
    fact::Fact,
    handle::AlertHandle,
    incident::IncidentEvent,
    links::AckLinks,
    machine::{Machine, Settings},
    notifier::Notifier,
    outbox::Limit,
    routes::{Route, Routes},
    rule::{
        Rule,
        memo::HistoryMemo,
        readings::{Ended, MonitorReadings},
    },
    switch_command::SwitchCommand,
};

/// Alerts by [rules](crate::Rule), delivered by [notifiers](crate::Notifier). Added to a monitor by
/// [`MonitorBuilder::extend`](monitor_core::MonitorBuilder::extend).
///
/// Every alert is delivered by every notifier, or by those of its [routes](Self::route), when it is triggered and when
/// it is resolved. A critical alert that is not [acknowledged](Self::acknowledge_at) goes to the next notifier after a
/// while.
///
/// A notification is saved in the monitor's store before the first attempt, and retried until its receiver accepts it,
/// also after a restart. It is given up if the receiver rejects it for good, after 24 hours of waiting, or if more than
/// 10,000 wait. A store that fails, and a monitor without one, hold no alert back: the notification is sent unsaved,
/// and counted.
///
/// Each notifier has a thread of its own and sends at most 30 notifications a minute, ten of them in a row; others
/// wait. Requests pay nothing. [`Monitor::alert_counts`] and the metrics `monitor_alerts_…_total` count them.
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
    escalate_after: Option<Duration>,
    incident_quiet: Duration,
    links: Option<AckLinks>,
    switch_command: Option<String>,
    auto_disable: Option<AutoDisable>,
    handle: AlertHandle,
    /// Set once the monitor is being built.
    desk: Option<Arc<Desk>>,
    /// Set once the monitor is built.
    monitor: Option<WeakMonitor>,
    /// Number of forgotten alerts that are counted as dropped, or were forgotten by an earlier process.
    forgotten: u64,
    /// The end of the process before, and the time at which it was learnt.
    last_end: Option<(ProcessEnded, Instant)>,
    memo: HistoryMemo,
    /// Set once the monitor is being built, if alerts disable routes.
    switch: Option<AutoSwitch>,
}

impl Alerts {
    /// Creates alerts that `notifier` delivers.
    pub fn to(notifier: impl Notifier) -> Self {
        Self {
            rules: Rule::defaults(),
            notifiers: vec![Box::new(notifier)],
            routes: Vec::new(),
            escalate_after: Some(ESCALATION),
            incident_quiet: INCIDENT_QUIET,
            links: None,
            switch_command: None,
            auto_disable: None,
            handle: AlertHandle::default(),
            desk: None,
            monitor: None,
            forgotten: 0,
            last_end: None,
            memo: HistoryMemo::default(),
            switch: None,
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

    /// Adds a route. Alerts that no route matches go to every notifier.
    pub fn route(mut self, route: Route) -> Self {
        self.routes.push(route);
        self
    }

    /// Sets the time after which an unacknowledged critical alert goes to the next notifier, in the order
    /// in which they were added. Defaults to 5 minutes. Without [routes](Self::route) every notifier has the alert
    /// already.
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

    /// Adds a link to each notification that acknowledges its alert. An [`AckService`](crate::AckService) answers it.
    pub fn acknowledge_at(mut self, links: AckLinks) -> Self {
        self.links = Some(links);
        self
    }

    /// Adds a command to each alert that is about a route, for the person on call to copy: the one that disables the
    /// route. `{route}` in it is replaced by the route's template, quoted for a POSIX shell. Without this setting alerts
    /// name the route only. Building the monitor fails if `{route}` is missing.
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

    /// Returns the [backtest](Backtest) of these alerts: their rules, and the notifiers that would have been notified.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::{Monitor, alert::{Alerts, Slack}};
    ///
    /// let alerts = Alerts::to(Slack::new("https://hooks.slack.com/services/T000/B000/XXXX")?);
    /// let backtest = alerts.backtest();
    /// let monitor = Monitor::builder("shop").extend(alerts).build()?;
    /// println!("{}", backtest.run(&monitor)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn backtest(&self) -> Backtest {
        let notifiers = self.notifiers.iter().map(|notifier| notifier.name().to_owned());
        Backtest::of(self.rules.clone()).routes(Routes::new(notifiers.collect(), self.routes.clone()))
    }

    fn last_end(&self) -> Option<Ended> {
        let (ended, at) = self.last_end.clone()?;
        Some(Ended { ended, since: clock::now().saturating_duration_since(at) })
    }

    fn evaluate(&self, desk: &Desk, monitor: &Monitor) {
        let readings = MonitorReadings::new(monitor, self.last_end(), &self.memo);
        let begun = desk.evaluate(&readings);
        if let Some(switch) = &self.switch {
            switch.disable(&begun, &readings, monitor);
        }
    }

    fn start_couriers(&mut self, desk: &Arc<Desk>, monitor: &WeakMonitor) -> Result<(), BoxError> {
        for notifier in self.notifiers.drain(..) {
            courier::spawn(Arc::clone(desk), monitor.clone(), notifier)?;
        }
        Ok(())
    }
}

impl Extension for Alerts {
    fn name(&self) -> &str {
        NAME
    }

    fn prepare(&mut self, identity: &Identity) -> Result<Option<Arc<dyn Durable>>, BuildError> {
        let channels = self.notifiers.iter().map(|notifier| (notifier.name().to_owned(), Limit::default()));
        let switch_command = self.switch_command.take().map(SwitchCommand::parse).transpose();
        let auto_disable = self.auto_disable.take().map(|by| by.with_rules(&self.rules)).transpose();
        self.switch = auto_disable.map_err(BuildError::setting)?;
        let settings = Settings {
            source: Source { switch_command: switch_command.map_err(BuildError::setting)?, ..source(identity) },
            rules: self.rules.clone(),
            channels: channels.collect(),
            routes: self.routes.clone(),
            escalate_after: self.escalate_after,
            incident_quiet: self.incident_quiet,
        };
        let machine = Machine::new(settings).map_err(BuildError::setting)?;
        let desk = Arc::new(Desk::new(machine, self.links.clone()));
        self.handle.set(&desk);
        self.desk = Some(Arc::clone(&desk));
        Ok(Some(desk))
    }

    fn begin(&mut self, monitor: &Monitor) -> Result<(), BoxError> {
        let Some(desk) = self.desk.clone() else { return Ok(()) };
        self.forgotten = desk.forgotten();
        let counted = Arc::clone(&desk);
        monitor.show_alerts(move || counted.counts());
        self.monitor = Some(monitor.downgrade());
        self.start_couriers(&desk, &monitor.downgrade())
    }

    fn signal(&mut self, signal: &Signal) -> Result<(), BoxError> {
        let Some(desk) = &self.desk else { return Ok(()) };
        Fact::of(signal).iter().for_each(|fact| desk.observe(fact));
        IncidentEvent::of(signal).into_iter().for_each(|(event, at)| desk.note(event, at));
        let Some(monitor) = self.monitor.as_ref().and_then(WeakMonitor::upgrade) else { return Ok(()) };
        match signal {
            Signal::ProcessEnded(ended) => {
                Fact::missed(ended, &monitor).iter().for_each(|fact| desk.observe(fact));
                self.last_end = Some((ProcessEnded::clone(ended), clock::now()));
            }
            // Not a second later.
            Signal::HealthChanged(_) => self.evaluate(desk, &monitor),
            _ => {}
        }
        Ok(())
    }

    fn second(&mut self, monitor: &Monitor) -> Result<(), BoxError> {
        let Some(desk) = &self.desk else { return Ok(()) };
        self.evaluate(desk, monitor);
        let forgotten = desk.forgotten();
        let more = forgotten.saturating_sub(std::mem::replace(&mut self.forgotten, forgotten));
        monitor.drops_of(NAME).count_many(DropReason::IssueLimit, more);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), BoxError> {
        if let Some((desk, monitor)) = self.desk.as_ref().zip(self.monitor.as_ref().and_then(WeakMonitor::upgrade)) {
            desk.count_last(&MonitorReadings::new(&monitor, self.last_end(), &self.memo));
        }
        match &self.desk {
            Some(desk) if !desk.wait_for_attempts(MAX_FLUSH) => Err("an alert was not attempted in time".into()),
            _ => Ok(()),
        }
    }
}

impl Drop for Alerts {
    fn drop(&mut self) {
        let lost = self.desk.as_ref().map_or(0, |desk| desk.close(MAX_CLOSE));
        if lost > 0 {
            panic::catch_and_drop(|| {
                tracing::warn!(
                    target: "monitor",
                    notifications = lost,
                    "alerts were neither delivered nor saved when the monitor ended: they are lost unless the store \
                     takes them now"
                );
            });
        }
    }
}

impl fmt::Debug for Alerts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.notifiers.iter().map(|notifier| notifier.name()).collect();
        f.debug_struct("Alerts").field("rules", &self.rules).field("notifiers", &names).finish_non_exhaustive()
    }
}

fn source(identity: &Identity) -> Source {
    Source {
        service: identity.service().to_owned(),
        environment: identity.environment().to_owned(),
        release: identity.release().to_owned(),
        switch_command: None,
    }
}

const NAME: &str = "alerts";
/// Default time until an unacknowledged critical alert goes to the next notifier.
const ESCALATION: Duration = Duration::from_secs(5 * 60);
/// Default time after which an incident is closed.
const INCIDENT_QUIET: Duration = Duration::from_secs(15 * 60);
/// Maximum time that a flush waits for the first attempts. Later ones are made by the next process if need be.
const MAX_FLUSH: Duration = Duration::from_secs(5);
/// Maximum time that the end of a monitor waits for attempts in progress.
const MAX_CLOSE: Duration = Duration::from_secs(2);
