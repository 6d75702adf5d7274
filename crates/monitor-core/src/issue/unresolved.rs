//! Events that wait for their symbols, stored so that a process killed in the meantime loses none of them.
//!
//! Loading symbols takes milliseconds to seconds. An event that is resolved before the saver's next batch is never
//! written here. An event left behind by a process is resolved by the next one if that runs the same build; otherwise
//! it stays grouped by place.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::site::Site;
use crate::{
    base::{clock, escape},
    event::{ErrorEvent, frames::Trace},
    persist::{StoreWrite, eraser::Eraser},
    symbols::StoredFrame,
};

/// An event whose functions are not resolved yet.
#[derive(Debug)]
pub(crate) struct Unresolved {
    /// Redacted, and grouped by place.
    pub(crate) event: ErrorEvent,
    pub(crate) trace: Option<Trace>,
    pub(crate) source: Arc<Site>,
    /// Time of the capture, by the monotonic clock.
    pub(crate) captured: i64,
}

/// The events between the intake and the resolver.
#[derive(Default)]
pub(crate) struct UnresolvedEvents(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    events: BTreeMap<Uuid, Entry>,
    removed: Vec<String>,
    left_behind: Vec<Unresolved>,
}

struct Entry {
    stored: StoredEvent,
    source: Arc<Site>,
    is_written: bool,
}

/// The stored form of an unresolved event.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct StoredEvent {
    #[serde(flatten)]
    pub(crate) event: ErrorEvent,
    pub(crate) frames: Vec<StoredFrame>,
    /// Number of errors that this event represents, including those of its site that no other event represents.
    pub(crate) count: u64,
}

impl UnresolvedEvents {
    /// Holds an event until [`release`](Self::release).
    pub(crate) fn hold(&self, event: &ErrorEvent, frames: Vec<StoredFrame>, source: &Arc<Site>) {
        let stored = StoredEvent { event: event.clone(), frames, count: 1 };
        self.insert(Entry { stored, source: Arc::clone(source), is_written: false });
    }

    /// Holds an event left behind by an earlier process, for the resolver to take.
    pub(crate) fn hold_again(&self, stored: StoredEvent, source: Arc<Site>) {
        let (event, trace) = (stored.event.clone(), Some(Trace::Stored(stored.frames.clone())));
        self.insert(Entry { stored, source: Arc::clone(&source), is_written: true });
        self.lock().left_behind.push(Unresolved { event, trace, source, captured: clock::steady() });
    }

    fn insert(&self, entry: Entry) {
        self.lock().events.insert(entry.stored.event.id, entry);
    }

    /// Releases an event that is resolved and counted by its issue.
    pub(crate) fn release(&self, id: Uuid) {
        let waiting = &mut *self.lock();
        if waiting.events.remove(&id).is_some_and(|entry| entry.is_written) {
            waiting.removed.push(key(id));
        }
    }

    /// Returns the changes for the store: all waiting events with their present counts, and the keys of released ones.
    pub(crate) fn take_changes(&self) -> Vec<StoreWrite> {
        let waiting = &mut *self.lock();
        let removed = std::mem::take(&mut waiting.removed).into_iter().map(|key| StoreWrite::Remove { key });
        removed.chain(waiting.put()).collect()
    }

    /// Returns all waiting events, for a store that is written anew.
    pub(crate) fn take_everything(&self) -> Vec<StoreWrite> {
        let waiting = &mut *self.lock();
        waiting.removed.clear();
        waiting.put().collect()
    }

    /// Takes the events of an earlier process that no resolver has taken yet.
    pub(crate) fn take_left_behind(&self) -> Vec<Unresolved> {
        std::mem::take(&mut self.lock().left_behind)
    }

    pub(crate) fn erase(&self, eraser: &Eraser) {
        let waiting = &mut *self.lock();
        waiting.left_behind.retain(|left| !eraser.knows(&left.event));
        let theirs = waiting.events.iter().filter(|(_, entry)| eraser.knows(&entry.stored.event));
        let theirs: Vec<_> = theirs.map(|(id, _)| *id).collect();
        for id in theirs {
            waiting.events.remove(&id);
            waiting.removed.push(key(id));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn put(&mut self) -> impl Iterator<Item = StoreWrite> {
        let mut others = HashMap::<_, u64>::new();
        for entry in self.events.values() {
            *others.entry(Arc::as_ptr(&entry.source)).or_default() += 1;
        }
        self.events.values_mut().map(move |entry| {
            entry.is_written = true;
            // The first event of a site also represents the errors that were only counted.
            let others = others.remove(&Arc::as_ptr(&entry.source));
            let uncounted = entry.source.ledger(|ledger, totals| totals.count.saturating_sub(ledger.counted));
            entry.stored.count = others.map_or(1, |events| uncounted.saturating_sub(events - 1).max(1));
            let value = escape::json(&entry.stored).into_bytes();
            StoreWrite::Put { key: key(entry.stored.event.id), value }
        })
    }
}

impl fmt::Debug for UnresolvedEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnresolvedEvents").field("len", &self.lock().events.len()).finish_non_exhaustive()
    }
}

fn key(id: Uuid) -> String {
    format!("{UNRESOLVED}{id}")
}

pub(crate) const UNRESOLVED: &str = "unresolved/";
