//! One issue in memory: what is kept of it, its events, and the sources its counts come from.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::site::Site;
use super::{
    Issue,
    eraser::Eraser,
    record::Record,
    status::{IssueDecision, IssueStatus, Transition},
    timeline::{self, TimeLine},
};
use crate::{base::clock, event::ErrorEvent};

pub(super) struct State {
    pub(super) record: Record,
    /// `None` where it is kept no more.
    pub(super) first: Option<Arc<ErrorEvent>>,
    pub(super) latest: VecDeque<Arc<ErrorEvent>>,
    sources: Vec<Arc<Site>>,
    /// When it was last seen, see [`clock::steady`]; negative where that was before the process began.
    seen: i64,
    /// All that a search looks through, in lower case.
    pub(super) haystack: String,
}

/// What became of an issue while its counts were brought up to date.
#[derive(Debug, Default)]
pub(super) struct IssueUpdate {
    pub(super) has_changed: bool,
    pub(super) turn: Option<Transition>,
}

impl State {
    pub(super) fn new(record: Record, seen: i64) -> Self {
        let mut state =
            Self { record, first: None, latest: VecDeque::new(), sources: Vec::new(), seen, haystack: String::new() };
        state.index();
        state
    }

    /// Takes in that `event` happened, which came from `source`.
    pub(super) fn notice(&mut self, event: &ErrorEvent, source: &Arc<Site>) -> IssueUpdate {
        if self.record.notice(event) {
            self.index();
        }
        self.record.whole += 1;
        source.ledger(|ledger, _| ledger.issue = Some(self.record.fingerprint));
        if !self.sources.iter().any(|known| Arc::ptr_eq(known, source)) {
            self.sources.push(Arc::clone(source));
        }
        IssueUpdate { has_changed: true, ..self.sync_counts(source, event.identity.release()) }
    }

    /// Keeps `event`, and returns the one that goes for it.
    pub(super) fn keep(&mut self, event: Arc<ErrorEvent>) -> Option<Arc<ErrorEvent>> {
        if self.first.is_none() && self.record.first.is_none() {
            self.record.first = Some(event.id);
            self.first = Some(event);
            return None;
        }
        let out = if self.latest.len() == LATEST { self.latest.pop_front() } else { None };
        self.latest.push_back(event);
        out
    }

    /// Brings the counts up to what a source of it has seen.
    pub(super) fn sync_counts(&mut self, source: &Site, release: &str) -> IssueUpdate {
        let (more, totals) = source.ledger(|ledger, totals| {
            let more = totals.count.saturating_sub(ledger.counted);
            // An event that was counted before `before_report` dropped it is not counted a second time.
            ledger.counted = ledger.counted.max(totals.count);
            (more, totals)
        });
        if more > 0 {
            self.seen = self.seen.max(totals.steady);
            self.record.first_seen = self.record.first_seen.min(totals.first_seen);
        }
        let has_changed = self.record.users.add(source.drain_users()) || more > 0;
        IssueUpdate { has_changed, turn: self.record.grow(more, totals.last_seen, release) }
    }

    /// Takes in what was kept of the same issue by another process.
    pub(super) fn merge(&mut self, record: Record, seen: i64) -> Option<Transition> {
        self.seen = self.seen.max(seen);
        let turn = self.record.merge(record);
        self.index();
        turn
    }

    /// Puts events in their places among those that are there, and returns those for which there is none.
    pub(super) fn put(&mut self, events: Vec<Arc<ErrorEvent>>) -> Vec<Arc<ErrorEvent>> {
        let here = self.first.take().into_iter().chain(self.latest.drain(..));
        let mut all: Vec<_> = here.chain(events).collect();
        // What was captured while the clock was ahead goes first, or it would push out all that came later.
        all.sort_by_cached_key(|event| (!clock::is_ahead(event.at), event.at));
        let first = all.iter().position(|event| Some(event.id) == self.record.first);
        self.first = first.map(|at| all.remove(at));
        self.latest = all.split_off(all.len().saturating_sub(LATEST)).into();
        all
    }

    /// Lets all events of a user go, and all that says of what they did: returns what was let go. `None` where nothing was.
    pub(super) fn erase(&mut self, eraser: &Eraser) -> Option<Vec<Arc<ErrorEvent>>> {
        let was_counted = self.record.users.remove(eraser.mark);
        let (mut erased, kept): (Vec<_>, Vec<_>) = self.latest.drain(..).partition(|event| eraser.knows(event));
        self.latest = kept.into();
        erased.extend(self.first.take_if(|first| eraser.knows(first)));
        let is_named = eraser.is_named_in(&self.record.message);
        if !was_counted && erased.is_empty() && !is_named {
            return None;
        }
        self.forget_name(eraser);
        Some(erased)
    }

    /// Forgets whose an event is that came too late, and what it says where nothing else was said yet.
    pub(super) fn forget(&mut self, eraser: &Eraser) {
        self.record.users.remove(eraser.mark);
        self.forget_name(eraser);
    }

    /// The first event may have been theirs also where it is kept no more, and it gave the issue its message.
    fn forget_name(&mut self, eraser: &Eraser) {
        if self.first.is_none() {
            let next = self.latest.front();
            self.record.message = next.map_or_else(|| self.record.grouping.message(), |next| next.message.clone());
        }
        self.record.message = eraser.without_name(&self.record.message);
        self.record.grouping.change_message(|message| eraser.without_name(message));
        self.index();
    }

    /// Says what becomes of an issue from now on.
    pub(super) fn decide(&mut self, status: IssueDecision) -> IssueDecision {
        self.record.decide(status)
    }

    /// Lets its sources go, which then may belong to another issue.
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

    /// Returns the time since it was last seen, by the monotonic clock.
    pub(super) fn age(&self, now: i64) -> Duration {
        timeline::age(now, self.seen)
    }

    /// Returns the record as it is persisted.
    pub(super) fn written(&self, line: TimeLine) -> Record {
        let mut record = self.record.clone();
        record.line = Some(line.place(self.seen));
        record
    }

    /// Returns the time it was last seen, or the present where that is in the future.
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

const LATEST: usize = 20;
