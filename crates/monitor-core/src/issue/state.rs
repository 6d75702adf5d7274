//! One issue in memory: its record, its events, and the sites its counts come from.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{
    Issue,
    record::Record,
    site::Site,
    status::{IssueDecision, IssueStatus, Transition},
};
use crate::{
    base::clock,
    event::ErrorEvent,
    persist::{
        eraser::Eraser,
        timeline::{self, TimeLine},
    },
};

pub(super) struct State {
    pub(super) record: Record,
    /// `None` once it was dropped.
    pub(super) first: Option<Arc<ErrorEvent>>,
    pub(super) latest: VecDeque<Arc<ErrorEvent>>,
    sources: Vec<Arc<Site>>,
    /// Time of the last event, see [`clock::steady`]; negative if it was before the process began.
    seen: i64,
    /// All searchable text, in lower case.
    pub(super) haystack: String,
}

/// The effect of new counts on an issue.
#[derive(Debug, Default)]
pub(super) struct IssueUpdate {
    pub(super) has_changed: bool,
    pub(super) transition: Option<Transition>,
    /// The highest milestone that the issue has passed.
    pub(super) milestone: Option<u64>,
}

impl State {
    pub(super) fn new(record: Record, seen: i64) -> Self {
        let mut state =
            Self { record, first: None, latest: VecDeque::new(), sources: Vec::new(), seen, haystack: String::new() };
        state.index();
        state
    }

    /// Records that `event` happened at `source`.
    pub(super) fn observe(&mut self, event: &ErrorEvent, source: &Arc<Site>) -> IssueUpdate {
        if self.record.observe(event) {
            self.index();
        }
        self.record.whole += 1;
        source.ledger(|ledger, _| ledger.issue = Some(self.record.fingerprint));
        if !self.sources.iter().any(|known| Arc::ptr_eq(known, source)) {
            self.sources.push(Arc::clone(source));
        }
        IssueUpdate { has_changed: true, ..self.sync_counts(source, event.identity.release()) }
    }

    /// Stores `event`, and returns the event it evicts.
    pub(super) fn keep(&mut self, event: Arc<ErrorEvent>) -> Option<Arc<ErrorEvent>> {
        if self.first.is_none() && self.record.first.is_none() {
            self.record.first = Some(event.id);
            self.first = Some(event);
            return None;
        }
        let out = if self.latest.len() == MAX_LATEST { self.latest.pop_front() } else { None };
        self.latest.push_back(event);
        out
    }

    /// Updates the counts from one of the issue's sites.
    pub(super) fn sync_counts(&mut self, source: &Site, release: &str) -> IssueUpdate {
        let (more, totals) = source.ledger(|ledger, totals| {
            let more = totals.count.saturating_sub(ledger.counted);
            // The total shrinks if `before_report` drops an event that was already counted. The next event then takes
            // its place in the count.
            ledger.counted = ledger.counted.max(totals.count);
            (more, totals)
        });
        if more > 0 {
            self.seen = self.seen.max(totals.steady);
            self.record.first_seen = self.record.first_seen.min(totals.first_seen);
        }
        let has_changed = self.record.users.add(source.drain_users()) || more > 0;
        let before = self.record.count;
        let transition = self.record.add_count(more, totals.last_seen, release);
        IssueUpdate { has_changed, transition, milestone: self.record.milestone(before) }
    }

    /// Merges the record of the same issue in another process.
    pub(super) fn merge(&mut self, record: Record, seen: i64) -> IssueUpdate {
        self.seen = self.seen.max(seen);
        // Each process has published its own milestones.
        let before = self.record.count.max(record.count);
        let transition = self.record.merge(record);
        self.index();
        IssueUpdate { has_changed: true, transition, milestone: self.record.milestone(before) }
    }

    /// Merges `events` with those that are there, and returns the events past the limit.
    pub(super) fn put(&mut self, events: Vec<Arc<ErrorEvent>>) -> Vec<Arc<ErrorEvent>> {
        let here = self.first.take().into_iter().chain(self.latest.drain(..));
        let mut all: Vec<_> = here.chain(events).collect();
        // Events captured while the clock was ahead sort first; otherwise they would evict all later ones.
        all.sort_by_cached_key(|event| (!clock::is_ahead(event.at), event.at));
        let first = all.iter().position(|event| Some(event.id) == self.record.first);
        self.first = first.map(|at| all.remove(at));
        self.latest = all.split_off(all.len().saturating_sub(MAX_LATEST)).into();
        all
    }

    /// Removes all events of a user, and the user's ID from the issue. Returns the removed events, or `None` if the
    /// issue is unaffected.
    pub(super) fn erase(&mut self, eraser: &Eraser) -> Option<Vec<Arc<ErrorEvent>>> {
        let was_counted = self.record.users.remove(eraser.mark);
        let (mut erased, others): (Vec<_>, Vec<_>) = self.latest.drain(..).partition(|event| eraser.knows(event));
        self.latest = others.into();
        erased.extend(self.first.take_if(|first| eraser.knows(first)));
        let is_named = eraser.is_named_in(&self.record.message);
        if !was_counted && erased.is_empty() && !is_named {
            return None;
        }
        self.forget_name(eraser);
        Some(erased)
    }

    /// Removes an erased user from an issue whose event arrived after the erasure, including from the issue's message.
    pub(super) fn forget(&mut self, eraser: &Eraser) {
        self.record.users.remove(eraser.mark);
        self.forget_name(eraser);
    }

    /// Removes the user's ID from the message. If the first event is gone, it may have been the user's, so the message
    /// is replaced, too.
    fn forget_name(&mut self, eraser: &Eraser) {
        if self.first.is_none() {
            let next = self.latest.front();
            self.record.message =
                next.map_or_else(|| self.record.grouping.message(), |next| next.failure.message.clone());
        }
        self.record.message = eraser.without_name(&self.record.message);
        self.record.grouping.change_message(|message| eraser.without_name(message));
        self.index();
    }

    /// Sets the decision on the issue, and returns the one before.
    pub(super) fn set_status(&mut self, status: IssueDecision) -> IssueDecision {
        self.record.set_status(status)
    }

    /// Detaches its sites, which may then belong to another issue.
    pub(super) fn release_sources(&self) {
        for source in &self.sources {
            source.leave_issue();
        }
    }

    pub(super) fn samples(&self) -> impl Iterator<Item = &Arc<ErrorEvent>> {
        self.first.iter().chain(&self.latest)
    }

    pub(super) fn state(&self) -> IssueStatus {
        self.record.status.state
    }

    /// Returns the time since the last event, by the monotonic clock.
    pub(super) fn age(&self, now: i64) -> Duration {
        timeline::age(now, self.seen)
    }

    /// Returns the record as it is persisted.
    pub(super) fn written(&self, line: TimeLine) -> Record {
        let mut record = self.record.clone();
        record.line = Some(line.place(self.seen));
        record
    }

    /// Returns the time of the last event, or the present if that is in the future.
    pub(super) fn last_seen(&self) -> SystemTime {
        clock::brought_back(self.record.last_seen)
    }

    pub(super) fn read(&self) -> Issue {
        let (record, last_seen) = (&self.record, self.last_seen());
        Issue {
            fingerprint: record.fingerprint,
            grouping: record.grouping.clone(),
            kind: record.kind,
            type_name: record.type_name.clone(),
            message: record.message.clone(),
            location: record.location.clone(),
            status: record.status.shown(),
            regression: record.regression.clone(),
            first_seen: record.first_seen.min(last_seen),
            last_seen,
            count: record.count,
            suppressed: record.count.saturating_sub(record.whole),
            hours: record.hours(),
            users_affected: record.users.count(),
            routes: record.routes.iter().cloned().collect(),
            releases: record.releases.clone(),
            samples: self.samples().cloned().collect(),
        }
    }

    fn index(&mut self) {
        let record = &self.record;
        let (fingerprint, place) = (record.fingerprint.to_string(), record.location.as_ref().map(ToString::to_string));
        let fixed = [record.kind.as_str(), &record.type_name, &record.message, &fingerprint];
        let listed = record.routes.iter().chain(&record.releases).chain(&place).map(String::as_str);
        self.haystack = fixed.into_iter().chain(listed).collect::<Vec<_>>().join("\n").to_lowercase();
    }
}

const MAX_LATEST: usize = 20;
