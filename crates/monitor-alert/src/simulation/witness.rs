//! The witness of one process: it keeps its own books, and checks every step of the machine against them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{receiver::Answer, snapshot::Snapshot};
use crate::alert::{Notification, Transition};

/// The rate limit of every channel.
pub(super) const PER_MINUTE: u32 = 20;
pub(super) const BURST: u32 = 3;

#[derive(Debug, Default)]
pub(super) struct Witness {
    /// IDs of the entries of which a save was tried.
    tried: BTreeSet<String>,
    /// IDs of the entries that a reported save has written, or that were read from the store.
    durable: BTreeSet<String>,
    /// IDs of the entries that were accepted.
    pub(super) accepted: BTreeSet<String>,
    /// IDs of the entries that were rejected.
    rejected: BTreeSet<String>,
    /// Keys of the alerts that were recorded before the stored state was merged. Their episodes may be those of an
    /// earlier process.
    early: Option<BTreeSet<String>>,
    channels: BTreeMap<&'static str, Sent>,
    /// The last attempt of each entry that failed: how many failed, and when.
    failures: BTreeMap<String, (u32, Duration)>,
}

/// The attempts on one channel.
#[derive(Debug, Default)]
struct Sent {
    at: Vec<Duration>,
    held_until: Duration,
    in_flight: Option<String>,
}

impl Witness {
    pub(super) fn saw_save_tried(&mut self, ids: &BTreeSet<String>) {
        self.tried.extend(ids.iter().cloned());
    }

    pub(super) fn saw_save(&mut self, ids: &BTreeSet<String>) {
        self.saw_save_tried(ids);
        self.durable.extend(ids.iter().cloned());
    }

    pub(super) fn saw_merge(&mut self, own: &Snapshot, stored: &Snapshot) {
        self.early = Some(own.alerts.clone());
        self.saw_save(&stored.ids());
    }

    /// Returns whether this process may give up a stored entry of another process at the merge.
    pub(super) fn has_ended(&self, id: &str) -> bool {
        self.accepted.contains(id) || self.rejected.contains(id)
    }

    /// Returns whether entries of this alert may have the IDs of earlier ones: the process recorded the alert before it
    /// knew the stored episodes.
    pub(super) fn may_reuse_ids_of(&self, alert_key: &str) -> bool {
        self.early.as_ref().is_none_or(|keys| keys.contains(alert_key))
    }

    pub(super) fn saw_wait(&self, channel: &str, wait: Duration, now: Duration) {
        let held = self.channels.get(channel).map_or(Duration::ZERO, |sent| sent.held_until.saturating_sub(now));
        assert!(wait <= held.max(LONGEST_DELAY), "the channel waits for {wait:?}");
        assert!(held <= LONGEST_HOLD, "the channel is held for {held:?}");
    }

    /// `confirmed` are the IDs of accepted entries whose removal was written.
    pub(super) fn saw_attempt(
        &mut self,
        channel: &'static str,
        notification: &Notification,
        memory: &Snapshot,
        confirmed: &BTreeSet<String>,
        now: Duration,
    ) {
        let Notification { id, is_saved, .. } = notification;
        assert!(self.tried.contains(id), "attempted before a save was tried");
        assert!(!is_saved || self.durable.contains(id), "said to be saved");
        assert!(!self.accepted.contains(id), "sent again after it was accepted");
        assert!(!self.rejected.contains(id), "sent again after it was rejected");
        let may_repeat = self.may_reuse_ids_of(&notification.alert.key);
        assert!(
            may_repeat || !confirmed.contains(id),
            "{notification:?} was sent again by a process that has the store"
        );
        check_order(channel, notification, memory);
        self.check_delay(notification, now);
        self.channels.entry(channel).or_default().attempt(id, now);
    }

    pub(super) fn saw_answer(&mut self, channel: &'static str, id: &str, answer: Answer, now: Duration) {
        let sent = self.channels.entry(channel).or_default();
        assert_eq!(sent.in_flight.take().as_deref(), Some(id));
        match answer {
            Answer::Accepts => drop(self.accepted.insert(id.to_owned())),
            Answer::Rejects => drop(self.rejected.insert(id.to_owned())),
            _ => {
                let failure = self.failures.entry(id.to_owned()).or_default();
                *failure = (failure.0 + 1, now);
            }
        }
        if let Answer::Throttles { seconds } = answer {
            sent.held_until = now + Duration::from_secs(seconds).min(LONGEST_HOLD);
        }
    }

    fn check_delay(&self, notification: &Notification, now: Duration) {
        let Some((failures, at)) = self.failures.get(&notification.id) else { return };
        let base = 2_f64.powi(*failures as i32 - 1).min(300.0);
        let passed = (now - *at).as_secs_f64();
        assert!(passed >= base * 0.75, "retried {passed} s after failure {failures}");
        assert!(notification.attempt > *failures, "attempt {} after {failures} failures", notification.attempt);
    }
}

impl Sent {
    fn attempt(&mut self, id: &str, now: Duration) {
        assert!(self.in_flight.is_none(), "two attempts at once");
        assert!(now >= self.held_until, "an attempt before the end of Retry-After");
        self.in_flight = Some(id.to_owned());
        self.at.push(now);
        for (before, at) in self.at.iter().rev().enumerate().take(100) {
            let allowed = f64::from(BURST) + (now - *at).as_secs_f64() * f64::from(PER_MINUTE) / 60.0;
            assert!((before + 1) as f64 <= allowed + 0.001, "{} attempts since {at:?}", before + 1);
        }
    }
}

/// Checks that no entry of the same alert is passed, and no end of an alert comes before its beginning.
fn check_order(channel: &str, notification: &Notification, memory: &Snapshot) {
    let own = memory.waiting.iter().find(|waiting| waiting.id == notification.id).expect("it is waiting");
    assert_eq!(own.channel, channel);
    let others = memory.waiting.iter().filter(|other| other.channel == channel && other.alert_key == own.alert_key);
    for other in others.filter(|other| other.id != own.id) {
        assert!(other.order > own.order, "{notification:?} passed an earlier one of its alert");
        let is_end = notification.transition == Transition::Resolved;
        let begins = other.transition == Transition::Triggered.as_str() && other.episode == own.episode;
        assert!(!(is_end && begins), "{notification:?} was sent before its beginning");
    }
}

/// Five minutes, and a quarter of jitter.
const LONGEST_DELAY: Duration = Duration::from_secs(375);
const LONGEST_HOLD: Duration = Duration::from_secs(60 * 60);
