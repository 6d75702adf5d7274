//! Issues: all events with one fingerprint.

use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    fmt,
    sync::{Arc, PoisonError},
    time::SystemTime,
};

use serde_json::{Value, json};

use crate::{
    CodeLocation, ErrorEvent, EventKind, Fingerprint, Grouping, clock,
    drops::{Drops, Reason},
    source::{Source, USERS},
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};

/// All events with one fingerprint, as they stand at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Issue {
    /// Which issue.
    pub fingerprint: Fingerprint,
    /// What its events are grouped by.
    pub grouping: Grouping,
    /// What kind of failure.
    pub kind: EventKind,
    /// The error's type.
    pub type_name: String,
    /// What the first event says.
    pub message: String,
    /// Where the first event happened, where known.
    pub location: Option<CodeLocation>,
    /// When it was first seen.
    pub first_seen: SystemTime,
    /// When it was last seen.
    pub last_seen: SystemTime,
    /// How often it happened: exact, also when not every event was kept.
    pub count: u64,
    /// How many users it happened to. Past 256 a source it is a lower bound.
    pub users_affected: usize,
    /// The routes it happened on.
    pub routes: Vec<String>,
    /// The releases it happened in.
    pub releases: Vec<String>,
    /// The first event and the latest ones, in that order.
    pub samples: Vec<Arc<ErrorEvent>>,
}

/// All issues of this process, up to a limit. Only the intake and whoever reads them take its lock, never a request.
pub(crate) struct Issues {
    table: Mutex<HashMap<Fingerprint, State>>,
    opened: [AtomicU64; EventKind::ALL.len()],
    limit: usize,
    drops: Arc<Drops>,
}

struct State {
    first: Arc<ErrorEvent>,
    latest: VecDeque<Arc<ErrorEvent>>,
    first_seen: SystemTime,
    last_seen: SystemTime,
    count: u64,
    users: HashSet<u64>,
    routes: BTreeSet<String>,
    releases: BTreeSet<String>,
    sources: Vec<Arc<Source>>,
}

// === impl Issue ===

impl Issue {
    /// Says in words why its events are one issue.
    #[must_use]
    pub fn explain(&self) -> String {
        self.grouping.to_string()
    }

    /// Returns the issue as JSON, without its samples.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "fingerprint": self.fingerprint.to_string(),
            "kind": self.kind.as_str(),
            "type": self.type_name,
            "message": self.message,
            "location": self.location.as_ref().map(ToString::to_string),
            "first_seen": clock::rfc3339(self.first_seen),
            "last_seen": clock::rfc3339(self.last_seen),
            "count": self.count,
            "users_affected": self.users_affected,
            "routes": self.routes,
            "releases": self.releases,
        })
    }
}

// === impl Issues ===

impl Issues {
    pub(crate) fn new(limit: usize, drops: Arc<Drops>) -> Self {
        Self { table: Mutex::default(), opened: Default::default(), limit, drops }
    }

    /// Returns the issue `source` belongs to, where one of its events decided it.
    pub(crate) fn of(&self, source: &Source) -> Option<Fingerprint> {
        source.ledger(|ledger, _| ledger.issue)
    }

    /// Adds an event of `source`, and returns the issue where the event opened it.
    pub(crate) fn add(&self, event: &Arc<ErrorEvent>, source: Option<&Arc<Source>>) -> Option<Issue> {
        let mut table = self.lock();
        let is_new = !table.contains_key(&event.fingerprint);
        if is_new && table.len() >= self.limit {
            self.evict(&mut table);
        }
        let state = table.entry(event.fingerprint).or_insert_with(|| State::new(Arc::clone(event)));
        state.add(event, source);
        if !is_new {
            return None;
        }
        self.opened[event.kind as usize].fetch_add(1, Ordering::Relaxed);
        Some(state.read())
    }

    /// Returns every issue, the one last seen first.
    pub(crate) fn list(&self) -> Vec<Issue> {
        let mut issues: Vec<_> = self.lock().values_mut().map(State::read).collect();
        issues.sort_by_key(|issue| std::cmp::Reverse((issue.last_seen, issue.fingerprint)));
        issues
    }

    pub(crate) fn get(&self, fingerprint: Fingerprint) -> Option<Issue> {
        self.lock().get_mut(&fingerprint).map(State::read)
    }

    /// Returns how many issues were opened, for the kinds of which there were any.
    pub(crate) fn opened(&self) -> impl Iterator<Item = (EventKind, u64)> {
        EventKind::ALL.into_iter().zip(self.opened.iter().map(|count| count.load(Ordering::Relaxed)))
    }

    fn evict(&self, table: &mut HashMap<Fingerprint, State>) {
        table.values_mut().for_each(State::catch_up);
        let oldest = table.iter().min_by_key(|(_, state)| state.last_seen).map(|(fingerprint, _)| *fingerprint);
        if let Some(state) = oldest.and_then(|fingerprint| table.remove(&fingerprint)) {
            for source in &state.sources {
                source.ledger(|ledger, _| ledger.issue = None);
            }
            self.drops.count(Reason::IssueLimit);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Fingerprint, State>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Issues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issues").field("len", &self.lock().len()).finish_non_exhaustive()
    }
}

// === impl State ===

impl State {
    fn new(first: Arc<ErrorEvent>) -> Self {
        Self {
            first_seen: first.at,
            last_seen: first.at,
            first,
            latest: VecDeque::new(),
            count: 0,
            users: HashSet::new(),
            routes: BTreeSet::new(),
            releases: BTreeSet::new(),
            sources: Vec::new(),
        }
    }

    fn add(&mut self, event: &Arc<ErrorEvent>, source: Option<&Arc<Source>>) {
        if !Arc::ptr_eq(event, &self.first) {
            if self.latest.len() == LATEST {
                self.latest.pop_front();
            }
            self.latest.push_back(Arc::clone(event));
        }
        if !event.scope.route.is_empty() && self.routes.len() < ROUTES {
            self.routes.insert(event.scope.route.clone());
        }
        self.releases.insert(event.identity.release().to_owned());
        self.last_seen = self.last_seen.max(event.at);
        match source {
            Some(source) => {
                source.ledger(|ledger, _| ledger.issue = Some(event.fingerprint));
                if !self.sources.iter().any(|known| Arc::ptr_eq(known, source)) {
                    self.sources.push(Arc::clone(source));
                }
                self.catch_up();
            }
            None => self.count += 1,
        }
    }

    /// Brings the counts up to what the sources have seen.
    fn catch_up(&mut self) {
        for source in &self.sources {
            let totals = source.ledger(|ledger, totals| {
                self.count += totals.count.saturating_sub(ledger.counted);
                // An event that was counted before `before_report` dropped it is not counted a second time.
                ledger.counted = ledger.counted.max(totals.count);
                totals
            });
            self.first_seen = self.first_seen.min(totals.first_seen);
            self.last_seen = self.last_seen.max(totals.last_seen);
            self.users.extend(source.users().take(USERS));
        }
    }

    fn read(&mut self) -> Issue {
        self.catch_up();
        Issue {
            fingerprint: self.first.fingerprint,
            grouping: self.first.grouping.clone(),
            kind: self.first.kind,
            type_name: self.first.type_name.clone(),
            message: self.first.message.clone(),
            location: self.first.location.clone(),
            first_seen: self.first_seen,
            last_seen: self.last_seen,
            count: self.count,
            users_affected: self.users.len(),
            routes: self.routes.iter().cloned().collect(),
            releases: self.releases.iter().cloned().collect(),
            samples: [Arc::clone(&self.first)].into_iter().chain(self.latest.iter().cloned()).collect(),
        }
    }
}

const LATEST: usize = 20;
const ROUTES: usize = 50;
