//! The state machine of alerts: engine and outbox under one roof, without threads, clock or I/O.

use std::{slice, sync::Arc, time::Duration};

use monitor_core::StoreWrite;

use crate::{
    active::ActiveAlert,
    alert::{Alert, Transition},
    engine::{Change, Engine, Overlap, Source},
    fact::Fact,
    incidents::{IncidentSettings, Incidents},
    mask::Mask,
    notifier::DeliveryError,
    outbox::{ChannelCounts, Next, Outbox, SaveMark},
    pages::{Pages, Reached},
    rate_limit::RateLimit,
    routes::{Route, Routes},
    rule::{Rule, error_ratio::ErrorRatioRule, readings::Readings},
    time::Now,
    weekly_test::{Schedule, WeeklyTest},
};

/// The settings of a machine.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) source: Source,
    pub(crate) rules: Vec<Rule>,
    /// Names and limits of the notifiers, in the order of an escalation.
    pub(crate) channels: Vec<(String, RateLimit)>,
    pub(crate) routes: Vec<Route>,
    /// Time after which a critical alert that is not acknowledged goes to the next notifier; `None` without escalation.
    pub(crate) escalate_after: Option<Duration>,
    /// Time without an active critical alert after which an incident is closed.
    pub(crate) incident_quiet: Duration,
    /// The schedule of the test alert, if there is one.
    pub(crate) weekly_test: Option<Schedule>,
}

/// The state of all alerts and of their delivery.
///
/// A channel is one notifier. Its thread calls [`next`](Self::next) and takes the returned step; after a delivery it
/// calls [`finish`](Self::finish). To save, a thread calls [`begin_save`](Self::begin_save), then
/// [`take_changes`](Self::take_changes), then writes the changes in one batch, and at last
/// [`save_succeeded`](Self::save_succeeded) or [`save_failed`](Self::save_failed).
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    engine: Engine,
    pages: Pages,
    outbox: Outbox,
    incidents: Incidents,
}

/// The notifications that a call has added. If there are some, the threads of the channels have work.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub(crate) enum Pushed {
    Some,
    None,
}

impl Machine {
    /// Creates the machine of a program.
    ///
    /// # Errors
    ///
    /// Returns a sentence that says what to change.
    pub(crate) fn new(settings: Settings) -> Result<Self, String> {
        let Settings { source, rules, channels, routes, escalate_after, incident_quiet, weekly_test } = settings;
        Rule::check(&rules)?;
        let names: Vec<_> = channels.iter().map(|(name, _)| name.clone()).collect();
        check_names(&names)?;
        channels.iter().try_for_each(|(name, limit)| limit.check(name))?;
        let routes = Routes::new(names, routes);
        routes.check(rules.iter().map(Rule::name))?;
        let pages = Pages::new(routes, escalate_after);
        let incidents = Incidents::new(IncidentSettings { quiet: incident_quiet, ratio: ratio_of(&rules) });
        let engine = Engine::new(source, rules, weekly_test.map(WeeklyTest::new));
        Ok(Self { engine, pages, outbox: Outbox::new(channels), incidents })
    }

    /// Applies the rules to a change of an issue.
    pub(crate) fn observe(&mut self, fact: &Fact, now: Now) -> Pushed {
        self.incidents.note_fact(fact, now);
        let changes = self.engine.observe(fact, now);
        self.push(changes, now)
    }

    /// Applies the rules to the readings of the service. Called every second. Also returns the alerts that begin.
    pub(crate) fn evaluate(&mut self, readings: &dyn Readings, now: Now) -> (Pushed, Vec<Arc<Alert>>) {
        let mut changes = self.engine.evaluate(readings, now);
        let begun = changes.iter().filter(|change| change.transition == Transition::Triggered);
        let begun = begun.map(|change| Arc::clone(&change.alert)).collect();
        let pages = &self.pages;
        changes.extend(self.engine.test_weekly(|key| pages.acknowledgement(key).is_some(), now));
        let pushed = self.push(changes, now);
        self.incidents.second(readings, now);
        (if self.escalate(now) == Pushed::Some { Pushed::Some } else { pushed }, begun)
    }

    /// Returns the active alerts, ordered by their keys.
    pub(crate) fn active(&self) -> impl Iterator<Item = ActiveAlert> {
        self.engine.active().map(|Change { alert, episode, .. }| {
            let acknowledgement = self.pages.acknowledgement(&alert.key).cloned();
            ActiveAlert { alert, episode, acknowledgement }
        })
    }

    /// Returns the active alerts that this channel was given.
    pub(crate) fn active_on(&self, channel: &str) -> Vec<ActiveAlert> {
        self.active().filter(|active| self.pages.has_reached(&active.alert.key, channel)).collect()
    }

    /// Acknowledges the active alert that `is_it` accepts, unless it is acknowledged already. Returns its state
    /// afterwards, or `None` if there is no such alert.
    pub(crate) fn acknowledge(
        &mut self,
        is_it: impl Fn(&ActiveAlert) -> bool,
        by: String,
        now: Now,
    ) -> Option<ActiveAlert> {
        let mut active = self.active().find(is_it)?;
        if active.acknowledgement.is_none() {
            self.incidents.note_acknowledgement(&active.alert, &by, now);
        }
        self.pages.acknowledge(&active.alert.key, by, now);
        active.acknowledgement = self.pages.acknowledgement(&active.alert.key).cloned();
        // Nothing else is to be done about a test.
        let ended = self.engine.end_weekly_test(&active.alert.key, now);
        let _ = self.push(ended, now);
        Some(active)
    }

    /// Returns the alert by which a program tests its notifiers.
    pub(crate) fn test_alert(&self, now: Now) -> Alert {
        self.engine.test_alert(now)
    }

    /// Returns the names of the notifiers, in their order.
    pub(crate) fn notifiers(&self) -> &[String] {
        self.pages.notifiers()
    }

    /// Returns the next step of a channel's thread. Also gives up expired notifications.
    pub(crate) fn next(&mut self, channel: &str, now: Now) -> Next {
        self.outbox.next(channel, now)
    }

    /// Ends the delivery of the notification with this ID.
    pub(crate) fn finish(&mut self, channel: &str, id: &str, result: &Result<(), DeliveryError>, now: Now) {
        let delivered = self.outbox.finish(channel, id, result, now);
        if let Some(change) = delivered.filter(|change| change.transition == Transition::Triggered) {
            self.incidents.note_delivery(channel, &change.alert, now);
        }
    }

    /// Returns the incidents, for readers and editors.
    pub(crate) fn incidents(&self) -> &Incidents {
        &self.incidents
    }

    pub(crate) fn incidents_mut(&mut self) -> &mut Incidents {
        &mut self.incidents
    }

    /// Begins a save. The notifications that exist now are saved by it, provided that all changes are taken afterwards.
    pub(crate) fn begin_save(&self) -> SaveMark {
        self.outbox.begin_save()
    }

    /// Ends a save whose changes are durable.
    pub(crate) fn save_succeeded(&mut self, mark: SaveMark) {
        self.outbox.save_succeeded(mark);
    }

    /// Ends a save that failed, or was not possible. Its notifications are sent nevertheless, as not saved. The next
    /// save must write [`everything`](Self::everything).
    pub(crate) fn save_failed(&mut self, mark: SaveMark) {
        self.outbox.save_failed(mark);
    }

    /// Returns the changes since the last call. The store must write all of them or none.
    pub(crate) fn take_changes(&mut self) -> Vec<StoreWrite> {
        let mut changes = self.engine.take_changes();
        changes.append(&mut self.pages.take_changes());
        changes.append(&mut self.outbox.take_changes());
        changes.append(&mut self.incidents.take_changes());
        changes
    }

    /// Returns the whole state. Stored values with the prefixes `alert-` and `incident-` that are not among it must be
    /// removed, except those that [`merge`](Self::merge) could not read.
    pub(crate) fn everything(&mut self) -> Vec<StoreWrite> {
        let mut all = self.engine.everything();
        all.append(&mut self.pages.everything());
        all.append(&mut self.outbox.everything());
        all.append(&mut self.incidents.everything());
        all
    }

    /// Merges the stored state into this one: all values whose keys begin with `alert-` or `incident-`. Called once per
    /// process, when the store can first be used. Until then the process works from memory.
    ///
    /// Returns the values that cannot be read. Those that are JSON objects may be of a newer release and must stay in
    /// the store.
    pub(crate) fn merge(&mut self, mut stored: Vec<(String, Vec<u8>)>, now: Now) -> Vec<(String, Vec<u8>)> {
        self.incidents.merge(&mut stored, now);
        let overlaps = self.engine.merge(&mut stored);
        let reached = self.pages.merge(&mut stored, now);
        overlaps.iter().for_each(|overlap| self.end_elsewhere(overlap, &reached, now));
        let concerned = self.outbox.merge(&mut stored, &overlaps, &reached, now);
        self.pages.add(concerned);
        self.align_pages(now);
        let orphans = self.engine.resolve_orphans(now);
        let _ = self.push(orphans, now);
        let active: Vec<_> = self.engine.active().collect();
        self.incidents.align(&active, now);
        stored
    }

    /// Returns the counts of all channels, also of those that are no longer configured.
    pub(crate) fn counts(&self) -> Vec<ChannelCounts> {
        self.outbox.counts()
    }

    /// Returns whether a notification was never attempted, or is being attempted.
    pub(crate) fn has_unattempted(&self) -> bool {
        self.outbox.has_unattempted()
    }

    /// Returns the number of waiting notifications that could not be saved. They are lost if the process ends.
    pub(crate) fn unsaved_waiting(&self) -> usize {
        self.outbox.unsaved_waiting()
    }

    /// Returns the number of active alerts that were forgotten because there were too many. They are never resolved.
    pub(crate) fn forgotten(&self) -> u64 {
        self.engine.forgotten()
    }

    /// Masks all texts with `mask`, which returns the masked form of a text that mentions an erased user.
    pub(crate) fn erase(&mut self, mask: Mask<'_>) {
        self.engine.erase(&mut *mask);
        self.pages.erase(&mut *mask);
        self.outbox.erase(&mut *mask);
        self.incidents.erase(mask);
    }

    fn push(&mut self, changes: impl IntoIterator<Item = Change>, now: Now) -> Pushed {
        let mut pushed = Pushed::None;
        for change in changes {
            self.incidents.note_change(&change, now);
            let notifiers = self.pages.notifiers_of(&change, now);
            self.outbox.push(&change, &notifiers, now);
            pushed = Pushed::Some;
        }
        if self.pages.has_surplus() {
            self.align_pages(now);
        }
        pushed
    }

    /// Passes unacknowledged critical alerts to the next notifier.
    fn escalate(&mut self, now: Now) -> Pushed {
        let Self { engine, pages, outbox, .. } = self;
        let mut pushed = Pushed::None;
        for step in pages.escalate(|key| engine.active_of(key), now) {
            outbox.push(&step.change, slice::from_ref(&step.notifier), now);
            pushed = Pushed::Some;
        }
        pushed
    }

    /// Notifies the notifiers to which only the other process has sent an alert that this one has resolved.
    fn end_elsewhere(&mut self, overlap: &Overlap, reached: &Reached, now: Now) {
        let Some(begun) = overlap.stored.as_ref().filter(|_| overlap.active.is_none()) else { return };
        let notifiers = self.pages.not_ended(&overlap.key, reached.get(&overlap.key));
        self.outbox.push(&begun.end(now), &notifiers, now);
    }

    /// Makes the pages those of the active alerts, after a merge.
    fn align_pages(&mut self, now: Now) {
        let active: Vec<_> = self.engine.active().collect();
        self.pages.align(&active, now);
    }
}

/// Returns the rule on the error ratio of the whole service, by which an incident is mitigated: the program's first
/// one, or the default one.
fn ratio_of(rules: &[Rule]) -> ErrorRatioRule {
    let mut ratios = rules.iter().filter_map(|rule| match rule {
        Rule::ErrorRatio(rule) => Some(rule),
        _ => None,
    });
    ratios.find(|rule| rule.is_of_service()).cloned().unwrap_or_else(|| ErrorRatioRule::above(0.05))
}

fn check_names(names: &[String]) -> Result<(), String> {
    for (at, name) in names.iter().enumerate() {
        let is_well_formed = name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if name.is_empty() || !is_well_formed {
            return Err(format!("the notifier name `{name}` is malformed: use lower-case letters, digits and `-`"));
        }
        if names[..at].contains(name) {
            return Err(format!("two notifiers are called `{name}`: give each a name of its own"));
        }
    }
    Ok(())
}
