//! The desk: the machine, shared by the extension, the couriers and the saver.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc},
    time::{Duration, Instant, SystemTime},
};

use monitor_core::{AlertCounts, Durable, Eraser, KeyPrefix, MergeReport, StoreWrite, clock};

use crate::{
    active::ActiveAlert,
    alert::{Alert, Notification, Transition},
    delivery_test::{self, DeliveryTest, TestResult},
    fact::Fact,
    incident::{Incident, IncidentEvent},
    incidents::{self, Incidents},
    links::{AckLinks, Link},
    machine::{Machine, Pushed},
    notifier::DeliveryError,
    outbox::{ChannelCounts, Next},
    rule::readings::Readings,
    stored,
    time::Now,
};

/// The machine, and what wakes the couriers.
#[derive(Debug)]
pub(crate) struct Desk {
    state: Mutex<State>,
    /// Notified when couriers may have something to do.
    work: Condvar,
    /// Notified when a courier has done something, or has nothing to do. Apart from `work`, or two couriers without
    /// work would wake each other for ever.
    progress: Condvar,
    /// Held during a save, so that couriers do not save one after another.
    saving: Mutex<()>,
    /// The links in notifications, if alerts can be acknowledged by them.
    links: Option<AckLinks>,
    /// The origin of the machine's monotonic time.
    begun: Instant,
}

#[derive(Debug)]
struct State {
    machine: Machine,
    /// Tests that wait for their couriers, by channel.
    tests: Vec<(String, DeliveryTest)>,
    /// Number of couriers at work.
    couriers: usize,
    is_closed: bool,
}

/// The next step of a courier.
#[derive(Debug)]
pub(crate) enum Step {
    Save,
    Send(Notification),
    /// Repeat these alerts.
    Refresh(Vec<ActiveAlert>),
    Test(DeliveryTest),
    End,
}

impl Desk {
    pub(crate) fn new(machine: Machine, links: Option<AckLinks>) -> Self {
        let state = State { machine, tests: Vec::new(), couriers: 0, is_closed: false };
        Self {
            state: Mutex::new(state),
            work: Condvar::new(),
            progress: Condvar::new(),
            saving: Mutex::default(),
            links,
            begun: clock::now(),
        }
    }

    /// Applies the rules to a change of an issue.
    pub(crate) fn observe(&self, fact: &Fact) {
        let pushed = self.lock().machine.observe(fact, self.now());
        self.wake(pushed);
    }

    /// Applies the rules to the readings. Returns the alerts that begin.
    pub(crate) fn evaluate(&self, readings: &dyn Readings) -> Vec<Arc<Alert>> {
        let (pushed, begun) = self.lock().machine.evaluate(readings, self.now());
        self.wake(pushed);
        begun
    }

    /// Waits for the next step of a courier, which is a refresh at the latest at `refresh_at`. There is one at the
    /// latest when the desk is closed.
    pub(crate) fn step(&self, channel: &str, refresh_at: Option<Instant>) -> Step {
        let mut state = self.lock();
        loop {
            if state.is_closed {
                return Step::End;
            }
            if let Some(at) = state.tests.iter().position(|(of, _)| of == channel) {
                return Step::Test(state.tests.swap_remove(at).1);
            }
            let until_refresh = refresh_at.map(|at| at.saturating_duration_since(clock::now()));
            if until_refresh == Some(Duration::ZERO) {
                return Step::Refresh(state.machine.active_on(channel));
            }
            let wait = match state.machine.next(channel, self.now()) {
                Next::Save => return Step::Save,
                Next::Send(notification) => return Step::Send(self.with_link(channel, notification)),
                Next::Wait(wait) => wait,
                Next::Idle => Duration::MAX,
            };
            self.progress.notify_all();
            let wait = wait.min(until_refresh.unwrap_or(MAX_WAIT)).min(MAX_WAIT);
            state = self.work.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Records an event of the service for its incident.
    pub(crate) fn note(&self, event: IncidentEvent, at: Option<SystemTime>) {
        let now = self.now();
        self.lock().machine.incidents_mut().note_signal(event, at.unwrap_or(now.wall), now);
    }

    /// Counts the requests of the last moment for the open incident.
    pub(crate) fn count_last(&self, readings: &dyn Readings) {
        self.lock().machine.incidents_mut().count_last(readings, self.now());
    }

    /// Returns all incidents, the latest first.
    pub(crate) fn incidents(&self) -> Vec<Incident> {
        self.lock().machine.incidents().all().cloned().collect()
    }

    /// Changes an incident. Returns `None` if there is none with this ID.
    pub(crate) fn edit_incident(&self, id: &str, edit: impl FnOnce(&mut Incidents, Now)) -> Option<Incident> {
        let mut state = self.lock();
        let incidents = state.machine.incidents_mut();
        incidents.all().find(|incident| incident.id == id)?;
        edit(incidents, self.now());
        incidents.all().find(|incident| incident.id == id).cloned()
    }

    /// Returns the active alerts, ordered by their keys.
    pub(crate) fn active(&self) -> Vec<ActiveAlert> {
        self.lock().machine.active().collect()
    }

    /// Acknowledges the active alert that `is_it` accepts. Returns its state afterwards.
    pub(crate) fn acknowledge(&self, is_it: impl Fn(&ActiveAlert) -> bool, by: String) -> Option<ActiveAlert> {
        let acknowledged = self.lock().machine.acknowledge(is_it, by, self.now());
        // An acknowledged test alert is over.
        self.work.notify_all();
        acknowledged
    }

    /// Tests each notifier, and waits for the results for at most `timeout`.
    pub(crate) fn test(&self, timeout: Duration) -> Vec<TestResult> {
        let (sender, receiver) = mpsc::channel();
        let (now, mut state) = (self.now(), self.lock());
        let alert = Arc::new(state.machine.test_alert(now));
        let notifiers = state.machine.notifiers().to_vec();
        if !state.is_closed {
            let test = |name: &String| (name.clone(), DeliveryTest::new(name, &alert, now, sender.clone()));
            state.tests.extend(notifiers.iter().map(test));
        }
        drop((state, sender));
        self.work.notify_all();
        let deadline = clock::now() + timeout.min(MAX_TEST);
        let mut results = Vec::new();
        while let Ok(result) = receiver.recv_timeout(deadline.saturating_duration_since(clock::now())) {
            results.push(result);
        }
        delivery_test::in_order(notifiers, results, timeout)
    }

    pub(crate) fn links(&self) -> Option<&AckLinks> {
        self.links.as_ref()
    }

    /// Ends the delivery of a notification.
    pub(crate) fn finish(&self, channel: &str, id: &str, result: &Result<(), DeliveryError>) {
        self.lock().machine.finish(channel, id, result, self.now());
        self.progress.notify_all();
    }

    /// Saves the state by calling `save`, which returns whether it succeeded. Notifications that could not be saved are
    /// sent nevertheless.
    pub(crate) fn save(&self, save: impl FnOnce() -> bool) {
        let _saving = self.saving.lock().unwrap_or_else(PoisonError::into_inner);
        let mark = self.lock().machine.begin_save();
        // Not under the lock of the state: the saver takes the changes meanwhile.
        let is_saved = save();
        let mut state = self.lock();
        if is_saved { state.machine.save_succeeded(mark) } else { state.machine.save_failed(mark) }
    }

    /// Returns the counts of all notifiers.
    pub(crate) fn counts(&self) -> Vec<AlertCounts> {
        let counts = self.lock().machine.counts().into_iter();
        let public = |ChannelCounts { channel, fired, delivered, waiting, given_up, unsaved }| AlertCounts {
            notifier: channel,
            fired,
            delivered,
            waiting,
            given_up,
            unsaved,
        };
        counts.map(public).collect()
    }

    /// Returns the number of active alerts that were forgotten because there were too many, in all processes.
    pub(crate) fn forgotten(&self) -> u64 {
        self.lock().machine.forgotten()
    }

    /// Waits until each notification has been attempted once, for at most `timeout`. Returns `false` on a time-out.
    pub(crate) fn wait_for_attempts(&self, timeout: Duration) -> bool {
        let has_untried = |state: &mut State| !state.is_closed && state.machine.has_unattempted();
        self.wait_while(timeout, has_untried)
    }

    /// Ends all couriers that are not in the middle of an attempt, and waits for the others for at most `timeout`.
    /// Returns the number of notifications that are neither delivered nor saved.
    pub(crate) fn close(&self, timeout: Duration) -> usize {
        let mut state = self.lock();
        state.is_closed = true;
        // Ends the wait for their results.
        state.tests.clear();
        drop(state);
        self.work.notify_all();
        self.progress.notify_all();
        self.wait_while(timeout, |state| state.couriers > 0);
        self.lock().machine.unsaved_waiting()
    }

    pub(crate) fn enter(&self) {
        self.lock().couriers += 1;
    }

    pub(crate) fn leave(&self) {
        self.lock().couriers -= 1;
        self.progress.notify_all();
    }

    /// Adds the link that acknowledges the alert.
    fn with_link(&self, channel: &str, mut notification: Notification) -> Notification {
        if notification.transition == Transition::Triggered {
            let link = Link::new(&notification.alert.key, notification.episode, channel);
            notification.acknowledge_url = self.links.as_ref().map(|links| links.url(&link));
        }
        notification
    }

    fn wait_while(&self, timeout: Duration, condition: impl FnMut(&mut State) -> bool) -> bool {
        let waited = self.progress.wait_timeout_while(self.lock(), timeout, condition);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    fn wake(&self, pushed: Pushed) {
        if pushed == Pushed::Some {
            self.work.notify_all();
        }
    }

    fn now(&self) -> Now {
        Now { steady: clock::now().saturating_duration_since(self.begun), wall: clock::wall() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Durable for Desk {
    fn prefixes(&self) -> Vec<KeyPrefix> {
        // Without a `/`: a store must not evict a notification.
        vec![KeyPrefix::new(stored::PREFIX), KeyPrefix::new(incidents::PREFIX)]
    }

    fn merge(&self, stored: Vec<(String, Vec<u8>)>) -> MergeReport {
        let unread = self.lock().machine.merge(stored, self.now());
        let mut report = MergeReport::default();
        for (key, value) in unread {
            report.unreadable(key, &value);
        }
        self.work.notify_all();
        report
    }

    fn take_changes(&self) -> Vec<StoreWrite> {
        self.lock().machine.take_changes()
    }

    fn everything(&self) -> Vec<StoreWrite> {
        self.lock().machine.everything()
    }

    fn erase(&self, eraser: &Eraser) {
        let mut mask = |text: &str| eraser.is_named_in(text).then(|| eraser.without_name(text));
        self.lock().machine.erase(&mut mask);
    }
}

/// Maximum time that a test waits. Adding the longest duration to a clock reading would overflow.
const MAX_TEST: Duration = Duration::from_secs(60 * 60);
/// Maximum time between two looks at the machine, for what waits for the time of another process.
const MAX_WAIT: Duration = Duration::from_secs(60);
