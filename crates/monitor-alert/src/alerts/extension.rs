//! Alerts as an extension of a monitor.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use monitor_core::{
    BoxError, BuildError, DropReason, Durable, Extension, Identity, Monitor, ProcessEnded, Signal, WeakMonitor, clock,
    instrument::panic,
};

use super::Alerts;
use crate::{
    auto_disable::AutoSwitch,
    courier,
    desk::Desk,
    engine::Source,
    fact::Fact,
    incident::IncidentEvent,
    machine::{Machine, Settings},
    rule::{
        memo::HistoryMemo,
        readings::{Ended, MonitorReadings},
    },
    switch_command::SwitchCommand,
    watchdog::Life,
    weekly_test::Schedule,
};

/// The state of alerts in a monitor.
#[derive(Default)]
pub(super) struct Running {
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
    life: Arc<Life>,
}

impl Alerts {
    fn last_end(&self) -> Option<Ended> {
        let (ended, at) = self.running.last_end.clone()?;
        Some(Ended { ended, since: clock::now().saturating_duration_since(at) })
    }

    fn evaluate(&self, desk: &Desk, monitor: &Monitor) {
        let readings = MonitorReadings::new(monitor, self.last_end(), &self.running.memo);
        let begun = desk.evaluate(&readings);
        if let Some(switch) = &self.running.switch {
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
        let channels = self.notifiers.iter().map(|notifier| (notifier.name().to_owned(), notifier.rate_limit()));
        let weekly_test = self.weekly_test.take().map(|text| Schedule::parse(&text)).transpose();
        let switch_command = self.switch_command.take().map(SwitchCommand::parse).transpose();
        let auto_disable = self.auto_disable.take().map(|by| by.with_rules(&self.rules)).transpose();
        self.running.switch = auto_disable.map_err(BuildError::setting)?;
        self.routes = self.routes_or_default(&self.notifier_names());
        let settings = Settings {
            source: Source { switch_command: switch_command.map_err(BuildError::setting)?, ..source(identity) },
            rules: self.rules.clone(),
            channels: channels.collect(),
            routes: self.routes.clone(),
            escalate_after: self.escalate_after,
            incident_quiet: self.incident_quiet,
            weekly_test: weekly_test.map_err(BuildError::setting)?,
        };
        let machine = Machine::new(settings).map_err(BuildError::setting)?;
        let desk = Arc::new(Desk::new(machine, self.links.clone()));
        self.handle.set(&desk);
        self.running.desk = Some(Arc::clone(&desk));
        Ok(Some(desk))
    }

    fn begin(&mut self, monitor: &Monitor) -> Result<(), BoxError> {
        let Some(desk) = self.running.desk.clone() else { return Ok(()) };
        self.running.forgotten = desk.forgotten();
        let counted = Arc::clone(&desk);
        monitor.show_alerts(move || counted.counts());
        self.running.monitor = Some(monitor.downgrade());
        if let Some(watchdog) = self.watchdog.take() {
            watchdog.start(Arc::clone(&self.running.life))?;
        }
        self.start_couriers(&desk, &monitor.downgrade())
    }

    fn signal(&mut self, signal: &Signal) -> Result<(), BoxError> {
        let Some(desk) = &self.running.desk else { return Ok(()) };
        Fact::of(signal).iter().for_each(|fact| desk.observe(fact));
        IncidentEvent::of(signal).into_iter().for_each(|(event, at)| desk.note(event, at));
        let Some(monitor) = self.running.monitor.as_ref().and_then(WeakMonitor::upgrade) else { return Ok(()) };
        match signal {
            Signal::ProcessEnded(ended) => {
                Fact::missed(ended, &monitor).iter().for_each(|fact| desk.observe(fact));
                self.running.last_end = Some((ProcessEnded::clone(ended), clock::now()));
            }
            // Not a second later.
            Signal::HealthChanged(_) => self.evaluate(desk, &monitor),
            _ => {}
        }
        Ok(())
    }

    fn second(&mut self, monitor: &Monitor) -> Result<(), BoxError> {
        let Some(desk) = &self.running.desk else { return Ok(()) };
        self.evaluate(desk, monitor);
        self.running.life.beat();
        let forgotten = desk.forgotten();
        let more = forgotten.saturating_sub(std::mem::replace(&mut self.running.forgotten, forgotten));
        monitor.drops_of(NAME).count_many(DropReason::IssueLimit, more);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), BoxError> {
        let Some(desk) = &self.running.desk else { return Ok(()) };
        if let Some(monitor) = self.running.monitor.as_ref().and_then(WeakMonitor::upgrade) {
            desk.count_last(&MonitorReadings::new(&monitor, self.last_end(), &self.running.memo));
        }
        if desk.wait_for_attempts(MAX_FLUSH) { Ok(()) } else { Err("an alert was not attempted in time".into()) }
    }
}

impl Drop for Alerts {
    fn drop(&mut self) {
        self.running.life.end();
        let lost = self.running.desk.as_ref().map_or(0, |desk| desk.close(MAX_CLOSE));
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

fn source(identity: &Identity) -> Source {
    Source {
        service: identity.service().to_owned(),
        environment: identity.environment().to_owned(),
        release: identity.release().to_owned(),
        switch_command: None,
    }
}

const NAME: &str = "alerts";
/// Maximum time that a flush waits for the first attempts. Later ones are made by the next process if need be.
const MAX_FLUSH: Duration = Duration::from_secs(5);
/// Maximum time that the end of a monitor waits for attempts in progress.
const MAX_CLOSE: Duration = Duration::from_secs(2);
