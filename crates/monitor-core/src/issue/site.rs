//! Sites of errors. A site is a place, a route and a message template, all known on the thread of the error, before any
//! symbol is resolved.
//!
//! A site counts every error exactly, and admits the first ten of each minute to be captured whole, if the gate that
//! all sites share lets them pass. All of this is atomic, so an error storm costs its requests next to nothing.

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

/// All sites of this process, up to a limit.
#[derive(Debug)]
pub(crate) struct Sites {
    /// Keyed by a hash of place, route and message. The chance that two of 4096 sites collide is one in 2^40.
    table: RwLock<HashMap<u64, Arc<Site>>>,
    hasher: RandomState,
    limit: usize,
    /// The secret for marks of users, the same in all processes that share a store.
    secret: Uuid,
    gate: Gate,
    counted: Arc<Counted>,
    drops: Arc<DropCounter>,
}

/// One site of errors.
#[derive(Debug)]
pub(crate) struct Site {
    number: usize,
    total: AtomicU64,
    /// Errors that belong to no issue, because `before_report` dropped them.
    excluded: AtomicU64,
    /// The minute in the upper half, the number admitted in that minute in the lower half.
    window: AtomicU64,
    /// Time of the first error by the wall clock, in microseconds since the Unix epoch. `last_seen` is in the same
    /// unit.
    first_seen: AtomicU64,
    last_seen: AtomicU64,
    /// Time of the last error by the monotonic clock, see [`clock::steady`].
    steady: AtomicI64,
    /// Number of errors that were counted but not admitted since the last admitted one.
    suppressed: AtomicU64,
    /// Whether an error was ever admitted.
    is_known: AtomicBool,
    users: OnceLock<UserSet>,
    /// Number of this place's messages that have a site of their own; this site counts the rest.
    messages: AtomicU64,
    /// The issue of the site's errors, and the number of them it has counted.
    ledger: Mutex<Ledger>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) issue: Option<Fingerprint>,
    pub(crate) counted: u64,
}

/// The permission to capture an error whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Admission {
    /// Number of errors that were not admitted since the last admitted one.
    pub(crate) suppressed: u64,
    is_first: bool,
}

/// The totals of a site.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Totals {
    pub(crate) count: u64,
    pub(crate) first_seen: SystemTime,
    pub(crate) last_seen: SystemTime,
    /// The last time by the monotonic clock, see [`clock::steady`].
    pub(crate) steady: i64,
}

// === impl Sites ===

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

    /// Counts an error of `source`, and returns whether to capture it whole. `is_sampled` returns whether the error is
    /// in the sample of its kind; it is called only for errors within the site's limit, except the first.
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
            // The first error of a site is always admitted, or its issue would be missing.
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

    /// Returns the site of errors at `place` and `route` with the template of `message`. Past the limit of messages of
    /// a place, returns the place's own site; past the limit of sites, returns `None`.
    pub(crate) fn find(&self, place: impl Hash, route: &str, message: &str) -> Option<Arc<Site>> {
        let (place, key) = self.keys(place, route, message);
        let known = self.table.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        known.or_else(|| self.insert(place, key))
    }

    /// Returns whether an error at the monotonic time `at` would be admitted. Neither counts it nor creates its site.
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

    /// Returns the mark of `user`, from which the user cannot be recovered without the secret.
    pub(crate) fn mark(&self, user: &str) -> u64 {
        salt(self.secret, user).max(1)
    }

    /// Creates a site for errors that an earlier process counted.
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
        // A new place needs room for two sites: its own, and the message's.
        if messages >= MESSAGES || room < 2 - usize::from(is_known) {
            return Some(Arc::clone(rest));
        }
        rest.messages.fetch_add(1, Ordering::Relaxed);
        Some(Arc::clone(table.entry(key).or_insert_with(|| self.counted.add())))
    }
}

// === impl Site ===

impl Site {
    /// Counts an error, and returns whether it is within the limit of its minute.
    fn count(&self, at: Moment) -> bool {
        let now = clock::micros(at.wall);
        // If the wall clock was ahead and has been set back, both times follow it.
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

    /// Reverts an admission, for an event that found the queue full.
    pub(crate) fn readmit(&self, admission: Admission) {
        self.suppressed.fetch_add(admission.suppressed + 1, Ordering::Relaxed);
        if admission.is_first {
            self.is_known.store(false, Ordering::Relaxed);
        }
        let give = |window: u64| (window & COUNT > 0).then(|| window - 1);
        let _ = self.window.fetch_update(Ordering::Relaxed, Ordering::Relaxed, give);
    }

    /// Detaches the site from its issue. Its next error is handled like a first one.
    pub(crate) fn leave_issue(&self) {
        self.ledger(|ledger, _| ledger.issue = None);
        self.is_known.store(false, Ordering::Relaxed);
    }

    /// Uncounts an event that `before_report` dropped. Its suppressed count is carried over to the next event.
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

    /// Returns the users that were added since the last call.
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

/// Returns the window with one more admission.
fn admitted(window: u64, now: i64) -> Option<u64> {
    let minute = (now.unsigned_abs() / 60_000_000) << 32;
    if window & !COUNT == minute { window.checked_add(1) } else { Some(minute + 1) }
}

/// Maximum number of a place's messages with a site of their own.
const MESSAGES: u64 = 32;
const WHOLE_PER_MINUTE: u64 = 10;
const COUNT: u64 = u32::MAX as u64;
/// Tolerated disorder between threads that count at the same time, in microseconds. A larger step back is a clock that
/// was set.
const RACE: u64 = 1_000_000;

#[cfg(test)]
mod tests;
