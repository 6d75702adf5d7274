//! All issues of a process. Only the intake, the housekeeping and whoever reads or decides take its lock, never a request.

mod kept;

use std::{
    cmp::Reverse,
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError},
    time::{Duration, SystemTime},
};

use super::site::{Counted, Site};
use super::{
    Issue, IssueChange, IssueError, IssuePage, IssueQuery, IssueSignal, Record, Triage,
    changes::{Changes, record_key},
    eraser::Eraser,
    state::{IssueUpdate, State},
    status::Transition,
    timeline::{self, TimeLine},
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
    redact::Redaction,
};

pub(crate) struct Issues {
    table: Mutex<Table>,
    opened: [AtomicU64; EventKind::ALL.len()],
    limits: Limits,
    release: String,
    counted: Arc<Counted>,
    drops: Arc<DropCounter>,
}

/// How much is kept at most, and whether that is written down.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) issues: usize,
    /// Of all events together, about.
    pub(crate) sample_bytes: usize,
    /// How long after it was last seen an issue is forgotten.
    pub(crate) retention: Duration,
    pub(crate) is_kept: bool,
}

#[derive(Default)]
struct Table {
    states: HashMap<Fingerprint, State>,
    changes: Changes,
    bytes: usize,
    /// How many issues regressed, by kind.
    regressed: [u64; EventKind::ALL.len()],
    /// What nobody was there to tell.
    untold: Vec<IssueSignal>,
    /// Whose events are to be let go also when they come from where they were kept.
    erased: Vec<Eraser>,
    /// Who was erased of late, and when by the monotonic clock: their events may still be on their way.
    lately: Vec<(i64, Eraser)>,
    /// Set once what was stored is restored.
    line: Option<TimeLine>,
    /// Whether nothing more comes from there.
    is_complete: bool,
}

/// What became of an event.
#[derive(Debug)]
pub(crate) struct Added {
    /// What reporters are told; `None` where nobody wants to know.
    pub(crate) event: Option<Arc<ErrorEvent>>,
    pub(crate) signals: Vec<IssueSignal>,
}

// === impl Issues ===

impl Issues {
    pub(crate) fn new(limits: Limits, release: String, counted: Arc<Counted>, drops: Arc<DropCounter>) -> Self {
        Self { table: Mutex::default(), opened: Default::default(), limits, release, counted, drops }
    }

    /// Returns the issue `source` belongs to, where one of its events decided it.
    pub(crate) fn of(&self, source: &Site) -> Option<Fingerprint> {
        source.ledger(|ledger, _| ledger.issue)
    }

    /// Adds an event of `source`, which was captured at this moment of the monotonic clock.
    pub(crate) fn add(&self, mut event: ErrorEvent, source: &Arc<Site>, captured: i64) -> Added {
        let fingerprint = event.fingerprint;
        let mut table = self.lock();
        let is_new = !table.states.contains_key(&fingerprint);
        if is_new && table.states.len() >= self.limits.issues {
            self.evict(&mut table);
        }
        let late = table.late_eraser(&event, captured).cloned();
        let state = table.states.entry(fingerprint).or_insert_with(|| State::new(Record::new(&event), captured));
        let growth = state.notice(&event, source);
        if let Some(eraser) = &late {
            state.forget(eraser);
        }
        let (is_ignored, is_muted) = (state.record.is_ignored() || late.is_some(), state.record.is_muted());
        let mut signals = Vec::new();
        if is_new {
            self.opened[event.kind as usize].fetch_add(1, Ordering::Relaxed);
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
        signals.extend(table.take_in(fingerprint, growth));
        self.settle(&mut table);
        Added { event: (!is_ignored).then_some(event), signals }
    }

    /// Brings every count up to date, lets go what is too old, and returns what became of whom.
    pub(crate) fn tick(&self, now: Moment) -> Vec<IssueSignal> {
        let mut table = self.lock();
        let mut signals = self.sync_counts(&mut table);
        table.lately.retain(|(at, _)| timeline::age(now.steady, *at) < LATE);
        let ended = |(fingerprint, state): (&Fingerprint, &mut State)| {
            state.record.bring_decision_back();
            let turn = state.record.end_mute(now.wall)?;
            Some((*fingerprint, IssueUpdate { has_changed: true, turn: Some(turn) }))
        };
        let ended: Vec<_> = table.states.iter_mut().filter_map(ended).collect();
        for (fingerprint, growth) in ended {
            signals.extend(table.take_in(fingerprint, growth));
        }
        let is_old = |state: &State| state.age(now.steady) > self.limits.retention;
        let old: Vec<_> = table.states.iter().filter(|(_, state)| is_old(state)).map(|(key, _)| *key).collect();
        for fingerprint in old {
            table.remove(fingerprint);
            self.drops.count(DropReason::Expired);
        }
        self.settle(&mut table);
        signals
    }

    /// Returns those that are asked for.
    pub(crate) fn find(&self, query: &IssueQuery) -> IssuePage {
        let mut table = self.lock();
        // Who turned is told at the next tick, by whoever tells.
        self.sync_counts_silently(&mut table);
        query.run(table.states.values())
    }

    pub(crate) fn get(&self, fingerprint: Fingerprint) -> Option<Issue> {
        let mut table = self.lock();
        self.sync_counts_silently(&mut table);
        self.settle(&mut table);
        table.states.get(&fingerprint).map(State::read)
    }

    /// Carries out what somebody decided.
    pub(crate) fn decide(
        &self,
        fingerprint: Fingerprint,
        order: Triage,
        actor: &str,
        at: SystemTime,
        redaction: &Redaction,
    ) -> Result<Vec<IssueSignal>, IssueError> {
        let mut table = self.lock();
        self.sync_counts_silently(&mut table);
        let state = table.states.get_mut(&fingerprint).ok_or(IssueError::Unknown(fingerprint))?;
        let status = order.decide(&state.record, actor, at, redaction)?;
        let before = state.decide(status);
        let issue = Arc::new(state.read());
        table.changes.records.insert(fingerprint);
        self.settle(&mut table);
        // What was counted before it, is told before it.
        let mut signals = std::mem::take(&mut table.untold);
        signals.push(IssueSignal::Changed(Arc::new(IssueChange { issue, before })));
        Ok(signals)
    }

    /// Lets go all events of a user.
    ///
    /// Returns how many issues were changed, and how many events are gone.
    pub(crate) fn erase(&self, user: &str, mark: u64) -> (usize, usize) {
        let mut table = self.lock();
        self.sync_counts_silently(&mut table);
        let eraser = Eraser { user: user.to_owned(), mark };
        let erased = table.erase(&eraser);
        table.lately.push((clock::steady(), eraser.clone()));
        if self.limits.is_kept && !table.is_complete {
            table.erased.push(eraser);
        }
        self.settle(&mut table);
        erased
    }

    /// Returns how many issues were opened, for the kinds of which there were any.
    pub(crate) fn opened(&self) -> impl Iterator<Item = (EventKind, u64)> {
        EventKind::ALL.into_iter().zip(self.opened.iter().map(|count| count.load(Ordering::Relaxed)))
    }

    /// Returns how many issues regressed, by kind.
    pub(crate) fn regressed(&self) -> impl Iterator<Item = (EventKind, u64)> {
        EventKind::ALL.into_iter().zip(self.lock().regressed)
    }

    /// Brings every count up to date, where anything was counted since, and returns what became of whom.
    fn sync_counts(&self, table: &mut Table) -> Vec<IssueSignal> {
        let mut signals = std::mem::take(&mut table.untold);
        for source in self.counted.take() {
            // A source whose first event is still on its way has no issue yet.
            let Some(fingerprint) = self.of(&source) else { continue };
            let Some(state) = table.states.get_mut(&fingerprint) else { continue };
            let growth = state.sync_counts(&source, &self.release);
            signals.extend(table.take_in(fingerprint, growth));
        }
        signals
    }

    /// Brings every count up to date for somebody who tells nobody what became of whom.
    fn sync_counts_silently(&self, table: &mut Table) {
        table.untold = self.sync_counts(table);
    }

    /// Lets the issue go that was seen least recently.
    fn evict(&self, table: &mut Table) {
        self.sync_counts_silently(table);
        let now = clock::steady();
        let oldest = table.states.iter().max_by_key(|(_, state)| state.age(now)).map(|(key, _)| *key);
        if let Some(fingerprint) = oldest {
            table.remove(fingerprint);
            self.drops.count(DropReason::IssueLimit);
        }
    }

    /// Lets events go until the rest is not too large: those of the issues seen least recently, their first ones last.
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

    /// Forgets what nobody will write down.
    fn settle(&self, table: &mut Table) {
        if !self.limits.is_kept {
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
    /// Notes that an issue has changed, and returns who is to be told of it.
    fn take_in(&mut self, fingerprint: Fingerprint, growth: IssueUpdate) -> Option<IssueSignal> {
        if growth.has_changed || growth.turn.is_some() {
            self.changes.records.insert(fingerprint);
        }
        let (turn, state) = (growth.turn?, self.states.get(&fingerprint)?);
        let issue = Arc::new(state.read());
        match turn {
            Transition::Regressed => {
                self.regressed[issue.kind as usize] += 1;
                Some(IssueSignal::Regressed(issue))
            }
            Transition::MuteOver { before } => Some(IssueSignal::Changed(Arc::new(IssueChange { issue, before }))),
        }
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

/// How long an event may be on its way.
const LATE: Duration = Duration::from_secs(10 * 60);

#[cfg(test)]
mod tests;
