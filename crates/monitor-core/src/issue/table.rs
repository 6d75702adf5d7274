//! All issues of a process. Only the intake, the housekeeping thread, queries and decisions take the table's lock;
//! requests never do.

mod persistence;

use std::{
    cmp::Reverse,
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError},
    time::{Duration, SystemTime},
};

use monitor_redact::Redaction;

use super::{
    Issue, IssueChange, IssueError, IssueMilestone, IssuePage, IssueQuery, IssueSignal, Record, Triage,
    changes::{Changes, record_key},
    error::Refusal,
    site::{Counted, Site},
    state::{IssueUpdate, State},
    status::Transition,
};
use crate::{
    base::{
        clock::{self, Moment},
        drops::{DropCounter, DropReason},
        sync::{
            Mutex, MutexGuard,
            atomic::{AtomicU64, Ordering},
        },
    },
    event::{ErrorEvent, EventKind},
    model::fingerprint::Fingerprint,
    persist::{
        eraser::Eraser,
        timeline::{self, TimeLine},
    },
};

pub(crate) struct Issues {
    table: Mutex<Table>,
    opened: [AtomicU64; EventKind::ALL.len()],
    limits: IssueLimits,
    release: String,
    counted: Arc<Counted>,
    drops: Arc<DropCounter>,
}

/// Upper bounds of the table, and whether it is persisted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IssueLimits {
    pub(crate) issues: usize,
    /// Bound of all events together, approximate.
    pub(crate) sample_bytes: usize,
    /// Time after the last event at which an issue expires.
    pub(crate) retention: Duration,
    pub(crate) is_persisted: bool,
}

#[derive(Default)]
struct Table {
    states: HashMap<Fingerprint, State>,
    changes: Changes,
    bytes: usize,
    /// Number of regressions, by kind.
    regressed: [u64; EventKind::ALL.len()],
    /// Signals of count updates that could not publish them; published by the next tick or decision.
    unpublished: Vec<IssueSignal>,
    /// Users erased lately, with the monotonic time of the erasure: their events may still be in the queues.
    lately: Vec<(i64, Eraser)>,
    /// Set once the store has been loaded.
    line: Option<TimeLine>,
}

/// The outcome of adding an event.
#[derive(Debug)]
pub(crate) struct Added {
    /// The event for reporters; `None` if the issue is ignored or the event's user was erased.
    pub(crate) event: Option<Arc<ErrorEvent>>,
    pub(crate) signals: Vec<IssueSignal>,
}

// === impl Issues ===

impl Issues {
    pub(crate) fn new(limits: IssueLimits, release: String, counted: Arc<Counted>, drops: Arc<DropCounter>) -> Self {
        Self { table: Mutex::default(), opened: Default::default(), limits, release, counted, drops }
    }

    /// Returns the issue of `source`, if one of its events has been grouped.
    pub(crate) fn issue_of(&self, source: &Site) -> Option<Fingerprint> {
        source.ledger(|ledger, _| ledger.issue)
    }

    /// Adds an event of `source` that was captured at this monotonic time.
    pub(crate) fn add(&self, mut event: ErrorEvent, source: &Arc<Site>, captured: i64) -> Added {
        let fingerprint = event.fingerprint;
        let mut table = self.lock();
        let is_new = !table.states.contains_key(&fingerprint);
        if is_new && table.states.len() >= self.limits.issues {
            self.evict(&mut table);
        }
        // An event of a user erased in the meantime is counted, but not stored.
        let late = table.late_eraser(&event, captured).cloned();
        let state = table.states.entry(fingerprint).or_insert_with(|| State::new(Record::new(&event), captured));
        let update = state.observe(&event, source);
        if let Some(eraser) = &late {
            state.forget(eraser);
        }
        let (is_ignored, is_muted) = (state.record.is_ignored() || late.is_some(), state.record.is_muted());
        let mut signals = Vec::new();
        if is_new {
            self.opened[event.failure.kind as usize].fetch_add(1, Ordering::Relaxed);
        }
        event.muted = is_muted;
        let event = Arc::new(event);
        if !is_ignored {
            let gone = state.keep(Arc::clone(&event));
            table.bytes += event.weight();
            table.changes.save_event(Arc::clone(&event));
            gone.into_iter().for_each(|event| table.forget_event(&event));
            self.bound(&mut table);
        }
        if is_new && let Some(state) = table.states.get(&fingerprint) {
            signals.push(IssueSignal::Opened(Arc::new(state.read())));
        }
        signals.extend(table.signals_of(fingerprint, update));
        self.discard_pending(&mut table);
        Added { event: (!is_ignored).then_some(event), signals }
    }

    /// Updates all counts, removes expired issues, and returns the signals to publish.
    pub(crate) fn tick(&self, now: Moment) -> Vec<IssueSignal> {
        let mut table = self.lock();
        let mut signals = self.sync_counts(&mut table);
        table.lately.retain(|(at, _)| timeline::age(now.steady, *at) < LATE);
        let ended = |(fingerprint, state): (&Fingerprint, &mut State)| {
            state.record.bring_decision_back();
            let transition = state.record.end_mute(now.wall)?;
            Some((*fingerprint, IssueUpdate { has_changed: true, transition: Some(transition), milestone: None }))
        };
        let ended: Vec<_> = table.states.iter_mut().filter_map(ended).collect();
        for (fingerprint, update) in ended {
            signals.extend(table.signals_of(fingerprint, update));
        }
        let is_old = |state: &State| state.age(now.steady) > self.limits.retention;
        let old: Vec<_> = table.states.iter().filter(|(_, state)| is_old(state)).map(|(key, _)| *key).collect();
        for fingerprint in old {
            table.remove(fingerprint);
            self.drops.count(DropReason::Expired);
        }
        self.discard_pending(&mut table);
        signals
    }

    /// Returns the issues that match `query`.
    pub(crate) fn find(&self, query: &IssueQuery) -> IssuePage {
        let mut table = self.lock();
        // Status changes are published at the next tick, because this call publishes no signals.
        self.sync_counts_silently(&mut table);
        query.run(table.states.values())
    }

    pub(crate) fn get(&self, fingerprint: Fingerprint) -> Option<Issue> {
        let mut table = self.lock();
        self.sync_counts_silently(&mut table);
        self.discard_pending(&mut table);
        table.states.get(&fingerprint).map(State::read)
    }

    /// Makes a decision on an issue, and returns the signals to publish.
    pub(crate) fn triage(
        &self,
        fingerprint: Fingerprint,
        order: Triage,
        actor: &str,
        at: SystemTime,
        redaction: &Redaction,
    ) -> Result<Vec<IssueSignal>, IssueError> {
        let mut table = self.lock();
        self.sync_counts_silently(&mut table);
        let state = table.states.get_mut(&fingerprint).ok_or(Refusal::Unknown(fingerprint))?;
        let status = order.decide(&state.record, actor, at, redaction)?;
        let before = state.set_status(status);
        let issue = Arc::new(state.read());
        table.changes.records.insert(fingerprint);
        self.discard_pending(&mut table);
        // Signals of earlier events are published before the decision's own.
        let mut signals = std::mem::take(&mut table.unpublished);
        signals.push(IssueSignal::Changed(Arc::new(IssueChange { issue, before })));
        Ok(signals)
    }

    /// Removes all events of a user.
    ///
    /// Returns the number of changed issues and of removed events.
    pub(crate) fn erase(&self, eraser: Eraser) -> (usize, usize) {
        let mut table = self.lock();
        self.sync_counts_silently(&mut table);
        let erased = table.erase(&eraser);
        table.lately.push((clock::steady(), eraser));
        self.discard_pending(&mut table);
        erased
    }

    /// Returns the number of events of each issue.
    pub(crate) fn counts(&self) -> Vec<(Fingerprint, u64)> {
        let mut table = self.lock();
        self.sync_counts_silently(&mut table);
        table.states.iter().map(|(fingerprint, state)| (*fingerprint, state.record.count)).collect()
    }

    /// Returns the number of issues opened, by kind.
    pub(crate) fn opened(&self) -> impl Iterator<Item = (EventKind, u64)> {
        EventKind::ALL.iter().copied().zip(self.opened.iter().map(|count| count.load(Ordering::Relaxed)))
    }

    /// Returns the number of regressions, by kind.
    pub(crate) fn regressed(&self) -> impl Iterator<Item = (EventKind, u64)> {
        EventKind::ALL.iter().copied().zip(self.lock().regressed)
    }

    /// Updates the counts from all sites that have counted since the last call, and returns the signals to publish.
    fn sync_counts(&self, table: &mut Table) -> Vec<IssueSignal> {
        let mut signals = std::mem::take(&mut table.unpublished);
        for source in self.counted.take() {
            // A site whose first event is still in a queue has no issue yet.
            let Some(fingerprint) = self.issue_of(&source) else { continue };
            let Some(state) = table.states.get_mut(&fingerprint) else { continue };
            let update = state.sync_counts(&source, &self.release);
            signals.extend(table.signals_of(fingerprint, update));
        }
        signals
    }

    /// Updates all counts without publishing signals; they are published on the next call of `sync_counts`.
    fn sync_counts_silently(&self, table: &mut Table) {
        table.unpublished = self.sync_counts(table);
    }

    /// Evicts the least recently seen issue.
    fn evict(&self, table: &mut Table) {
        self.sync_counts_silently(table);
        let now = clock::steady();
        let oldest = table.states.iter().max_by_key(|(_, state)| state.age(now)).map(|(key, _)| *key);
        if let Some(fingerprint) = oldest {
            table.remove(fingerprint);
            self.drops.count(DropReason::IssueLimit);
        }
    }

    /// Drops events until their size is within the bound: those of the least recently seen issues, first events last.
    fn bound(&self, table: &mut Table) {
        let now = clock::steady();
        while table.bytes > self.limits.sample_bytes {
            let has_more = |state: &&mut State| !state.latest.is_empty() || state.first.is_some();
            let key = |state: &&mut State| (state.latest.is_empty(), Reverse(state.age(now)));
            let Some(state) = table.states.values_mut().filter(has_more).min_by_key(key) else { return };
            let mut gone: Vec<_> = state.latest.drain(..).collect();
            if gone.is_empty() {
                gone.extend(state.first.take());
            }
            self.drops.count_many(DropReason::SampleLimit, gone.len() as u64);
            gone.iter().for_each(|event| table.forget_event(event));
        }
    }

    /// Discards pending changes if there is no store to write them to.
    fn discard_pending(&self, table: &mut Table) {
        if !self.limits.is_persisted {
            table.changes = Changes::default();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Issues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issues").field("len", &self.lock().states.len()).finish_non_exhaustive()
    }
}

// === impl Table ===

impl Table {
    /// Records that an issue has changed, and returns the signals to publish.
    fn signals_of(&mut self, fingerprint: Fingerprint, update: IssueUpdate) -> Vec<IssueSignal> {
        let IssueUpdate { has_changed, transition, milestone } = update;
        if has_changed || transition.is_some() {
            self.changes.records.insert(fingerprint);
        }
        if transition.is_none() && milestone.is_none() {
            return Vec::new();
        }
        let Some(issue) = self.states.get(&fingerprint).map(|state| Arc::new(state.read())) else { return Vec::new() };
        let changed = transition.map(|transition| match transition {
            Transition::Regressed => {
                self.regressed[issue.kind as usize] += 1;
                IssueSignal::Regressed(Arc::clone(&issue))
            }
            Transition::MuteOver { before } => {
                IssueSignal::Changed(Arc::new(IssueChange { issue: Arc::clone(&issue), before }))
            }
        });
        let reached = milestone.map(|events| IssueSignal::Milestone(Arc::new(IssueMilestone { issue, events })));
        changed.into_iter().chain(reached).collect()
    }

    fn forget_event(&mut self, event: &ErrorEvent) {
        self.bytes = self.bytes.saturating_sub(event.weight());
        self.changes.remove_event(event);
    }

    fn remove(&mut self, fingerprint: Fingerprint) {
        let Some(state) = self.states.remove(&fingerprint) else { return };
        state.release_sources();
        state.samples().for_each(|event| self.forget_event(event));
        self.changes.records.remove(&fingerprint);
        self.changes.removed.push(record_key(fingerprint));
    }

    /// Returns the eraser of a user whose event was captured before the erasure and arrived after it.
    fn late_eraser(&self, event: &ErrorEvent, captured: i64) -> Option<&Eraser> {
        let late = self.lately.iter().find(|(at, eraser)| captured <= *at && eraser.knows(event));
        late.map(|(_, eraser)| eraser)
    }

    fn erase(&mut self, eraser: &Eraser) -> (usize, usize) {
        let mut all = Vec::new();
        let mut issues = 0;
        for (fingerprint, state) in &mut self.states {
            if let Some(events) = state.erase(eraser) {
                self.changes.records.insert(*fingerprint);
                issues += 1;
                all.extend(events);
            }
        }
        all.iter().for_each(|event| self.forget_event(event));
        (issues, all.len())
    }
}

/// Maximum time between an event's capture and its arrival here.
const LATE: Duration = Duration::from_secs(10 * 60);

#[cfg(test)]
mod tests;
