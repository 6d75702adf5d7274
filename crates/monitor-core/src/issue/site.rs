//! Sources of errors: the place and route an error comes from and what it says, known before anything is resolved.
//!
//! A source counts every error exactly, and admits the first ten of each minute to be captured whole, as far as the gate that
//! all sources share lets them pass. All of it is atomic, so that an error storm costs its requests next to nothing.

mod counted;
mod gate;
mod users;

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    sync::{Arc, OnceLock, PoisonError},
    time::SystemTime,
};

use uuid::Uuid;

pub(crate) use self::counted::Counted;
use self::{gate::Gate, users::UserSet};
use super::salt;
use crate::{
    base::{
        clock::{self, Moment},
        drops::{DropCounter, DropReason},
        sync::{
            Mutex, RwLock,
            atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
        },
    },
    event::grouping::template::template,
    model::fingerprint::Fingerprint,
};

/// All sources of this process, up to a limit.
#[derive(Debug)]
pub(crate) struct Sites {
    /// Keyed by a hash of place, route and message: a chance of one in 2^40 that two of 4096 are taken for one.
    table: RwLock<HashMap<u64, Arc<Site>>>,
    hasher: RandomState,
    limit: usize,
    /// What marks of users are made with, the same in every process that shares what is kept.
    secret: Uuid,
    gate: Gate,
    counted: Arc<Counted>,
    drops: Arc<DropCounter>,
}

/// One source of errors.
#[derive(Debug)]
pub(crate) struct Site {
    number: usize,
    total: AtomicU64,
    /// Errors that belong to no issue, because `before_report` dropped them.
    excluded: AtomicU64,
    /// The minute in the upper half, how many it admitted in the lower.
    window: AtomicU64,
    /// By the wall clock, in microseconds since the Unix epoch.
    first_seen: AtomicU64,
    last_seen: AtomicU64,
    /// When it was last seen by the monotonic clock, see [`clock::steady`].
    steady: AtomicI64,
    /// How many were counted but not admitted since the last one that was.
    suppressed: AtomicU64,
    /// Whether any was admitted.
    is_known: AtomicBool,
    users: OnceLock<UserSet>,
    /// How many messages of this place have a source of their own; this one stands for the rest.
    messages: AtomicU64,
    /// Which issue the source's errors belong to, and how many of them it has counted.
    ledger: Mutex<Ledger>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) issue: Option<Fingerprint>,
    pub(crate) counted: u64,
}

/// An error that is to be captured whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Admission {
    /// How many came before it that were not.
    pub(crate) suppressed: u64,
    is_first: bool,
}

/// What a source has seen since the ledger was last brought up to date.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Totals {
    pub(crate) count: u64,
    pub(crate) first_seen: SystemTime,
    pub(crate) last_seen: SystemTime,
    /// The same by the monotonic clock, see [`clock::steady`].
    pub(crate) steady: i64,
}

// === impl Sources ===

impl Sites {
    pub(crate) fn new(
        limit: usize,
        per_second: u32,
        secret: Uuid,
        counted: Arc<Counted>,
        drops: Arc<DropCounter>,
    ) -> Self {
        let (table, hasher) = (RwLock::new(HashMap::with_capacity(limit)), RandomState::new());
        let gate = Gate::new(per_second);
        Self { table, hasher, limit, secret, gate, counted, drops }
    }

    /// Counts an error of `source`, and returns whether it is one of those to capture whole. `is_sampled` says whether it is
    /// one of the share of its kind that is.
    pub(crate) fn count(
        &self,
        source: &Site,
        at: Moment,
        is_sampled: impl FnOnce() -> bool,
    ) -> Result<Admission, DropReason> {
        let is_within = source.count(at);
        self.counted.mark(source);
        let is_known = source.is_known.load(Ordering::Relaxed);
        let refused = match () {
            () if !is_within => Some(DropReason::Throttled),
            () if !is_known => None,
            () if !is_sampled() => Some(DropReason::Sampled),
            () if !self.gate.lets_pass(at.steady) => Some(DropReason::StormGate),
            () => None,
        };
        if let Some(reason) = refused {
            source.suppressed.fetch_add(1, Ordering::Relaxed);
            self.drops.count(reason);
            return Err(reason);
        }
        let is_first = !source.is_known.swap(true, Ordering::Relaxed);
        Ok(Admission { suppressed: source.suppressed.swap(0, Ordering::Relaxed), is_first })
    }

    /// Returns the source of errors at `place` and `route` that say `message`, but for what changes from one to the next.
    /// Past the limit of messages of a place it is the place's own source, past the limit of sources `None`.
    pub(crate) fn find(&self, place: impl Hash, route: &str, message: &str) -> Option<Arc<Site>> {
        let (place, key) = self.keys(place, route, message);
        let known = self.table.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        known.or_else(|| self.insert(place, key))
    }

    /// Returns whether an error at this moment of the monotonic clock would be captured whole, without counting it and without
    /// making its source.
    pub(crate) fn would_admit(&self, place: impl Hash, route: &str, message: &str, at: i64) -> bool {
        let (place, key) = self.keys(place, route, message);
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        let is_full = table.len() >= self.limit;
        match (table.get(&key), table.get(&place)) {
            (Some(source), _) => source.would_admit(at),
            (None, Some(rest)) if is_full || rest.messages.load(Ordering::Relaxed) >= MESSAGES => rest.would_admit(at),
            (None, Some(_)) => true,
            (None, None) => !is_full,
        }
    }

    fn keys(&self, place: impl Hash, route: &str, message: &str) -> (u64, u64) {
        let place = self.hasher.hash_one((place, route));
        (place, self.hasher.hash_one((place, template(message))))
    }

    /// Returns a mark of `user`, which tells nobody who it is.
    pub(crate) fn mark(&self, user: &str) -> u64 {
        salt(self.secret, user).max(1)
    }

    /// Makes a source of errors that an earlier process counted.
    pub(crate) fn counted_before(&self, count: u64, at: SystemTime) -> Arc<Site> {
        let source = self.counted.add();
        source.total.store(count, Ordering::Relaxed);
        source.first_seen.store(clock::micros(at), Ordering::Relaxed);
        source.last_seen.store(clock::micros(at), Ordering::Relaxed);
        source
    }

    fn insert(&self, place: u64, key: u64) -> Option<Arc<Site>> {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = table.get(&key) {
            return Some(Arc::clone(known));
        }
        let room = self.limit.saturating_sub(table.len());
        let (is_known, messages) =
            table.get(&place).map_or((false, 0), |place| (true, place.messages.load(Ordering::Relaxed)));
        if room == 0 && !is_known {
            self.drops.count(DropReason::SourceLimit);
            return None;
        }
        let rest = table.entry(place).or_insert_with(|| self.counted.add());
        if messages >= MESSAGES || room < 2 - usize::from(is_known) {
            return Some(Arc::clone(rest));
        }
        rest.messages.fetch_add(1, Ordering::Relaxed);
        Some(Arc::clone(table.entry(key).or_insert_with(|| self.counted.add())))
    }
}

// === impl Source ===

impl Site {
    /// Counts an error, and returns whether it is one of those to capture whole.
    fn count(&self, at: Moment) -> bool {
        let now = clock::micros(at.wall);
        // A clock that was ahead and is set back takes both times back with it.
        self.first_seen.fetch_min(now, Ordering::Relaxed);
        let later = |last: u64| (now > last || last - now > RACE).then_some(now);
        let _ = self.last_seen.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later);
        self.steady.fetch_max(at.steady, Ordering::Relaxed);
        self.total.fetch_add(1, Ordering::Relaxed);
        let take = |window| admitted(window, at.steady).filter(|next| next & COUNT <= WHOLE_PER_MINUTE);
        self.window.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    fn would_admit(&self, at: i64) -> bool {
        let next = admitted(self.window.load(Ordering::Relaxed), at);
        next.is_some_and(|next| next & COUNT <= WHOLE_PER_MINUTE)
    }

    /// Takes an admission back, for an event that found the queue full.
    pub(crate) fn readmit(&self, admission: Admission) {
        self.suppressed.fetch_add(admission.suppressed + 1, Ordering::Relaxed);
        if admission.is_first {
            self.is_known.store(false, Ordering::Relaxed);
        }
        let give = |window: u64| (window & COUNT > 0).then(|| window - 1);
        let _ = self.window.fetch_update(Ordering::Relaxed, Ordering::Relaxed, give);
    }

    /// Belongs to no issue any more: the next error of it is as if it were the first.
    pub(crate) fn leave_issue(&self) {
        self.ledger(|ledger, _| ledger.issue = None);
        self.is_known.store(false, Ordering::Relaxed);
    }

    /// Takes back that an error was counted which the program drops; those that were suppressed before it are told by the next.
    pub(crate) fn exclude(&self, suppressed: u64) {
        self.excluded.fetch_add(1, Ordering::Relaxed);
        self.suppressed.fetch_add(suppressed, Ordering::Relaxed);
        if self.ledger(|ledger, _| ledger.issue.is_none()) {
            self.is_known.store(false, Ordering::Relaxed);
        }
    }

    pub(crate) fn add_user(&self, mark: u64) {
        self.users.get_or_init(UserSet::new).add(mark);
    }

    /// Returns the users that were added since it was asked last.
    pub(crate) fn drain_users(&self) -> impl Iterator<Item = u64> {
        self.users.get().into_iter().flat_map(UserSet::drain)
    }

    pub(crate) fn ledger<R>(&self, f: impl FnOnce(&mut Ledger, Totals) -> R) -> R {
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let excluded = self.excluded.load(Ordering::Relaxed);
        let totals = Totals {
            count: self.total.load(Ordering::Relaxed).saturating_sub(excluded),
            first_seen: clock::from_micros(self.first_seen.load(Ordering::Relaxed)),
            last_seen: clock::from_micros(self.last_seen.load(Ordering::Relaxed)),
            steady: self.steady.load(Ordering::Relaxed),
        };
        f(&mut ledger, totals)
    }
}

impl Default for Site {
    fn default() -> Self {
        Self {
            number: 0,
            total: AtomicU64::new(0),
            excluded: AtomicU64::new(0),
            window: AtomicU64::new(0),
            first_seen: AtomicU64::new(u64::MAX),
            last_seen: AtomicU64::new(0),
            steady: AtomicI64::new(i64::MIN),
            suppressed: AtomicU64::new(0),
            is_known: AtomicBool::new(false),
            users: OnceLock::new(),
            messages: AtomicU64::new(0),
            ledger: Mutex::default(),
        }
    }
}

/// Returns the window with one more admitted.
fn admitted(window: u64, now: i64) -> Option<u64> {
    let minute = (now.unsigned_abs() / 60_000_000) << 32;
    if window & !COUNT == minute { window.checked_add(1) } else { Some(minute + 1) }
}

/// How many messages of one place are told apart.
const MESSAGES: u64 = 32;
const WHOLE_PER_MINUTE: u64 = 10;
const COUNT: u64 = u32::MAX as u64;
/// Two threads that count at once may do so in the wrong order; in microseconds.
const RACE: u64 = 1_000_000;

#[cfg(test)]
mod tests;
