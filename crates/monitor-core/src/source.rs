//! Sources of errors: the place and route an error comes from and what it says, known before anything is resolved.
//!
//! A source counts every error exactly, and admits the first ten of each minute to be captured whole, as far as the gate that
//! all sources share lets them pass. All of it is atomic, so that an error storm costs its requests next to nothing.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    sync::{Arc, OnceLock, PoisonError},
    time::SystemTime,
};

use uuid::Uuid;

use crate::{
    Fingerprint, clock,
    drops::{Drops, Reason},
    grouping::template::template,
    issue::salt,
    sync::{
        Mutex, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// All sources of this process, up to a limit.
#[derive(Debug)]
pub(crate) struct Sources {
    /// Keyed by a hash of place, route and message: a chance of one in 2^40 that two of 4096 are taken for one.
    table: RwLock<HashMap<u64, Arc<Source>>>,
    hasher: RandomState,
    limit: usize,
    /// What marks of users are made with, the same in every process that shares what is kept.
    secret: Uuid,
    gate: Gate,
    counted: Arc<Counted>,
    drops: Arc<Drops>,
}

/// Lets so many errors of all sources pass in each second.
#[derive(Debug)]
struct Gate {
    per_second: u64,
    /// The second in the upper half, how many passed in it in the lower.
    window: AtomicU64,
}

/// Which sources have counted since somebody looked.
#[derive(Debug)]
pub(crate) struct Counted {
    all: RwLock<Vec<Arc<Source>>>,
    /// A bit for each source, by its number.
    marks: Box<[AtomicU64]>,
}

/// One source of errors.
#[derive(Debug, Default)]
pub(crate) struct Source {
    number: usize,
    total: AtomicU64,
    /// Errors that belong to no issue, because `before_report` dropped them.
    excluded: AtomicU64,
    /// The minute in the upper half, how many it admitted in the lower.
    window: AtomicU64,
    first_seen: AtomicU64,
    last_seen: AtomicU64,
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

/// Marks of users that were not counted yet. Open addressing, lock-free, bounded.
#[derive(Debug)]
struct UserSet {
    marks: Box<[AtomicU64; USERS]>,
    is_any: AtomicBool,
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
}

// === impl Sources ===

impl Sources {
    pub(crate) fn new(limit: usize, per_second: u32, secret: Uuid, counted: Arc<Counted>, drops: Arc<Drops>) -> Self {
        let (table, hasher) = (RwLock::new(HashMap::with_capacity(limit)), RandomState::new());
        let gate = Gate { per_second: per_second.into(), window: AtomicU64::new(0) };
        Self { table, hasher, limit, secret, gate, counted, drops }
    }

    /// Counts an error of `source`, and returns whether it is one of those to capture whole. `is_sampled` says whether it is
    /// one of the share of its kind that is.
    pub(crate) fn count(
        &self,
        source: &Source,
        at: SystemTime,
        is_sampled: impl FnOnce() -> bool,
    ) -> Result<Admission, Reason> {
        let is_within = source.count(at);
        self.counted.mark(source);
        let is_known = source.is_known.load(Ordering::Relaxed);
        let refused = match () {
            () if !is_within => Some(Reason::Throttled),
            () if !is_known => None,
            () if !is_sampled() => Some(Reason::Sampled),
            () if !self.gate.lets_pass(at) => Some(Reason::StormGate),
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
    pub(crate) fn find(&self, place: impl Hash, route: &str, message: &str) -> Option<Arc<Source>> {
        let (place, key) = self.keys(place, route, message);
        let known = self.table.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        known.or_else(|| self.insert(place, key))
    }

    /// Returns whether an error at `at` would be captured whole, without counting it and without making its source.
    pub(crate) fn would_admit(&self, place: impl Hash, route: &str, message: &str, at: SystemTime) -> bool {
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

    fn insert(&self, place: u64, key: u64) -> Option<Arc<Source>> {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = table.get(&key) {
            return Some(Arc::clone(known));
        }
        let room = self.limit.saturating_sub(table.len());
        let (is_known, messages) =
            table.get(&place).map_or((false, 0), |place| (true, place.messages.load(Ordering::Relaxed)));
        if room == 0 && !is_known {
            self.drops.count(Reason::SourceLimit);
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

impl Source {
    /// Counts an error, and returns whether it is one of those to capture whole.
    fn count(&self, at: SystemTime) -> bool {
        let now = clock::micros(at);
        let _ = self.first_seen.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
        self.last_seen.fetch_max(now, Ordering::Relaxed);
        self.total.fetch_add(1, Ordering::Relaxed);
        let take = |window| admitted(window, now).filter(|next| next & COUNT <= WHOLE_PER_MINUTE);
        self.window.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    fn would_admit(&self, at: SystemTime) -> bool {
        let next = admitted(self.window.load(Ordering::Relaxed), clock::micros(at));
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

    pub(crate) fn exclude(&self) {
        self.excluded.fetch_add(1, Ordering::Relaxed);
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
        };
        f(&mut ledger, totals)
    }
}

/// Returns the window with one more admitted.
fn admitted(window: u64, now: u64) -> Option<u64> {
    let minute = (now / 60_000_000) << 32;
    if window & !COUNT == minute { window.checked_add(1) } else { Some(minute + 1) }
}

// === impl UserSet ===

impl UserSet {
    fn new() -> Self {
        Self { marks: Box::new([const { AtomicU64::new(0) }; USERS]), is_any: AtomicBool::new(false) }
    }

    fn add(&self, mark: u64) {
        let begin = usize::try_from(mark % USERS as u64).unwrap_or(0);
        for at in (begin..USERS).chain(0..begin) {
            match self.marks[at].compare_exchange(0, mark, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return self.is_any.store(true, Ordering::Release),
                Err(known) if known == mark => return,
                Err(_) => {}
            }
        }
    }

    fn drain(&self) -> impl Iterator<Item = u64> {
        let marks = if self.is_any.swap(false, Ordering::Acquire) { &self.marks[..] } else { &[] };
        marks.iter().map(|mark| mark.swap(0, Ordering::Relaxed)).filter(|mark| *mark != 0)
    }
}

// === impl Gate ===

impl Gate {
    fn lets_pass(&self, at: SystemTime) -> bool {
        let second = (clock::micros(at) / 1_000_000) << 32;
        let next = |window: u64| {
            let next = if window & !COUNT == second { window.checked_add(1)? } else { second + 1 };
            (next & COUNT <= self.per_second).then_some(next)
        };
        self.window.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }
}

// === impl Counted ===

impl Counted {
    pub(crate) fn new(limit: usize) -> Self {
        Self { all: RwLock::default(), marks: (0..limit.div_ceil(64)).map(|_| AtomicU64::new(0)).collect() }
    }

    /// Makes a source with a number of its own.
    fn add(&self) -> Arc<Source> {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        let source = Arc::new(Source { number: all.len(), ..Source::default() });
        all.push(Arc::clone(&source));
        source
    }

    fn mark(&self, source: &Source) {
        if let Some(word) = self.marks.get(source.number / 64) {
            word.fetch_or(1 << (source.number % 64), Ordering::AcqRel);
        }
    }

    /// Returns those that have, from now on none.
    pub(crate) fn take(&self) -> Vec<Arc<Source>> {
        let mut taken = Vec::new();
        for (at, word) in self.marks.iter().enumerate().filter(|(_, word)| word.load(Ordering::Relaxed) != 0) {
            let mut left = word.swap(0, Ordering::AcqRel);
            let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
            while left != 0 {
                taken.extend(all.get(64 * at + left.trailing_zeros() as usize).map(Arc::clone));
                left &= left - 1;
            }
        }
        taken
    }
}

/// How many messages of one place are told apart.
const MESSAGES: u64 = 32;
const WHOLE_PER_MINUTE: u64 = 10;
const COUNT: u64 = u32::MAX as u64;
/// How many users of one source are remembered until somebody counts them, which happens once a second.
const USERS: usize = 256;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn sources(limit: usize) -> Sources {
        gated(limit, 100)
    }

    fn gated(limit: usize, per_second: u32) -> Sources {
        let (counted, drops) = (Arc::new(Counted::new(limit)), Arc::new(Drops::new("intake")));
        Sources::new(limit, per_second, Uuid::nil(), counted, drops)
    }

    #[test]
    fn ten_a_minute_are_admitted_and_all_are_counted() {
        let source = Source::default();
        let at = clock::from_micros(60_000_000);
        assert_eq!((0..25).filter(|_| source.count(at)).count(), 10);
        assert!(!source.would_admit(at));
        assert!(source.count(at + Duration::from_secs(60)));
        source.ledger(|_, totals| assert_eq!((totals.count, totals.first_seen), (26, at)));
    }

    #[test]
    fn a_clock_that_goes_back_loses_no_error_and_no_time() {
        let source = Source::default();
        let at = clock::from_micros(180_000_000);
        for back in [0, 60, 120, 30] {
            assert!(source.count(at - Duration::from_secs(back)));
        }
        source.ledger(|_, totals| assert_eq!((totals.count, totals.last_seen), (4, at)));
    }

    #[test]
    fn an_event_that_found_no_room_may_be_followed_by_another() {
        let (sources, source) = (sources(1), Source::default());
        let at = clock::from_micros(60_000_000);
        let count = || sources.count(&source, at, || true);
        let admitted: Vec<_> = (0..10).map(|_| count().expect("it is one of ten")).collect();
        source.readmit(admitted[9]);
        assert_eq!(count().map(|admission| admission.suppressed), Ok(1));
        assert_eq!(count().map(|_| ()), Err(Reason::Throttled));
    }

    #[test]
    fn past_the_limit_there_is_no_new_source() {
        let sources = sources(2);
        assert!(sources.find(1, "/a", "gone").is_some());
        assert!(sources.find(1, "/b", "gone").is_none());
        assert!(sources.find(1, "/a", "gone").is_some());
    }

    #[test]
    fn messages_of_a_place_are_told_apart_up_to_a_limit() {
        let sources = sources(1000);
        let find = |message: &str| sources.find(1, "/a", message).expect("there is room");
        let same = |first: &str, second: &str| Arc::ptr_eq(&find(first), &find(second));
        assert!(same("row 1 is gone", "row 2 is gone"));
        assert!(!same("row 1 is gone", "no space left"));
        let word = |number: u8| char::from(b'a' + number % 26).to_string().repeat(usize::from(number / 26) + 1);
        (0..100).for_each(|number| drop(find(&word(number))));
        assert!(same(&word(98), &word(99)), "what came past the limit shares the place's own source");
        assert!(!same(&word(0), &word(1)));
    }

    #[test]
    fn what_shares_the_rest_of_a_place_shares_what_is_admitted() {
        let (sources, at) = (sources(1000), clock::from_micros(60_000_000));
        let word = |number: u8| char::from(b'a' + number % 26).to_string().repeat(usize::from(number / 26) + 1);
        let admits = |number| sources.would_admit(1, "/a", &word(number), at);
        for number in 0..100 {
            let expected = number < 32 + 10;
            assert_eq!(admits(number), expected, "{number}: asked before");
            assert_eq!(sources.find(1, "/a", &word(number)).expect("there is room").count(at), expected, "{number}");
        }
    }

    #[test]
    fn where_there_is_no_room_nothing_new_is_admitted() {
        let (sources, at) = (sources(2), clock::from_micros(60_000_000));
        assert!(sources.would_admit(1, "/a", "gone", at));
        sources.find(1, "/a", "gone").expect("there is room");
        assert!(sources.would_admit(1, "/a", "no space left", at), "the place's own source takes it");
        assert!(!sources.would_admit(1, "/b", "gone", at));
    }

    #[test]
    fn past_the_gate_only_what_is_new_is_captured_whole() {
        let (sources, at) = (gated(64, 3), clock::from_micros(1));
        let all: Vec<_> = (0..8).map(|place| sources.find(place, "", "gone").expect("there is room")).collect();
        let admitted = |at| all.iter().filter(|source| sources.count(source, at, || true).is_ok()).count();
        assert_eq!((admitted(at), admitted(at), admitted(at)), (8, 3, 0), "the first of each, and three more");
        assert_eq!(admitted(at + Duration::from_secs(1)), 3);
        assert_eq!(sources.drops.read().collect::<Vec<_>>(), [(Reason::StormGate, 5 + 8 + 5)]);
    }

    #[test]
    fn the_first_error_of_a_source_is_captured_whole_whatever_its_share() {
        let (sources, source) = (sources(1), Source::default());
        let count = |is_sampled| sources.count(&source, clock::from_micros(1), || is_sampled);
        assert_eq!(count(false).map(|admission| admission.suppressed), Ok(0));
        assert_eq!(count(false).map(|_| ()), Err(Reason::Sampled));
        assert_eq!(count(true).map(|admission| admission.suppressed), Ok(1), "it says how many were not");
        source.ledger(|_, totals| assert_eq!(totals.count, 3));
    }

    #[test]
    fn who_has_counted_is_told_once() {
        let sources = sources(1000);
        let all: Vec<_> = (0..300).map(|place| sources.find(place, "", "gone").expect("there is room")).collect();
        let count = |at: usize| assert!(sources.count(&all[at], clock::from_micros(1), || true).is_ok());
        let taken = || sources.counted.take();
        [0, 1, 63, 64, 299, 63].into_iter().for_each(count);
        let expected: Vec<_> = [0, 1, 63, 64, 299].map(|at: usize| all[at].number).into();
        assert_eq!(taken().iter().map(|source| source.number).collect::<Vec<_>>(), expected);
        assert!(taken().is_empty());
        count(7);
        assert!(Arc::ptr_eq(&taken()[0], &all[7]));
    }

    #[test]
    fn users_are_counted_once() {
        let (sources, source) = (sources(1), Source::default());
        for user in ["1", "2", "1"] {
            source.add_user(sources.mark(user));
        }
        assert_eq!((source.drain_users().count(), source.drain_users().count()), (2, 0));
        source.add_user(sources.mark("1"));
        assert_eq!(source.drain_users().count(), 1);
    }
}
