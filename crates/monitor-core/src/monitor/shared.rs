//! The state shared by a monitor and its threads.

use std::sync::{Arc, OnceLock, PoisonError, RwLock, Weak, atomic::AtomicBool};

use monitor_redact::Redaction;

use super::wake::Wake;
use crate::{
    alerts::AlertCounts,
    base::{
        clock::Moment,
        drops::{DropCount, DropCounter, DropReason},
        prefixes::Prefixes,
        queue::Queue,
        source::Source,
    },
    event::{
        grouping::in_app::InApp,
        rules::{Ignore, Sampling},
        type_names::TypeNames,
    },
    health::HealthReading,
    history::{HistorySlots, Totals},
    issue::{Issues, Unresolved, UnresolvedEvents, site::Sites},
    model::{identity::Identity, trace_headers::TraceFormats},
    persist::{durables::Durables, eraser::Eraser},
    switch::RouteSwitch,
    traffic::{Jobs, Traffic, outgoing::Outgoing},
};

/// The state shared by a monitor and its threads. Holds no strong reference to a queue, so the threads end when the
/// monitor is dropped.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Unique in the process.
    pub(crate) id: u64,
    pub(crate) identity: Arc<Identity>,
    pub(crate) redaction: Redaction,
    pub(crate) raw_paths: bool,
    pub(crate) show_full_ips: bool,
    pub(crate) trace_sampling: f64,
    pub(crate) trace_headers: TraceFormats,
    pub(crate) untracked: Prefixes,
    pub(crate) ignore: Ignore,
    pub(crate) traffic: Traffic,
    pub(crate) history: HistorySlots,
    pub(crate) outgoing: Outgoing,
    pub(crate) switch: RouteSwitch,
    pub(crate) jobs: Jobs,
    pub(crate) health: Source<HealthReading>,
    pub(crate) alerts: Source<Vec<AlertCounts>>,
    pub(crate) error_types: TypeNames,
    pub(crate) in_app: InApp,
    pub(crate) sources: Sites,
    pub(crate) issues: Issues,
    pub(crate) unresolved: UnresolvedEvents,
    /// Set once the resolver runs. Weak, so that the threads end with the monitor.
    pub(crate) resolver: OnceLock<Weak<Queue<Unresolved>>>,
    pub(crate) sampling: Sampling,
    /// Set if there is a store.
    pub(crate) wake: OnceLock<Wake>,
    /// Whether the saver's last attempt saved everything.
    pub(crate) is_saved: AtomicBool,
    /// Whether the store must be purged, so that nothing remains of an erased user.
    pub(crate) is_purge_due: AtomicBool,
    pub(crate) durables: Durables,
    pub(crate) intake_drops: Arc<DropCounter>,
    pub(crate) drops: RwLock<Vec<Arc<DropCounter>>>,
}

impl Shared {
    /// Reads what the history records.
    pub(crate) fn totals(&self) -> Totals {
        Totals { routes: self.traffic.read(), issues: self.issues.counts() }
    }

    /// Closes the minute of the history that is over, if there is one.
    pub(crate) fn tick_history(&self, now: Moment) {
        if let Some(dropped) = self.history.tick(|| self.totals(), now) {
            self.count_dropped_history(dropped);
            self.note_change();
        }
    }

    /// Adds the open minute of the history, as far as it has come, to its slots.
    pub(crate) fn close_history(&self) {
        let dropped = self.history.close(|| self.totals());
        self.count_dropped_history(dropped);
    }

    /// Counts hours of the history that were dropped for lack of space.
    pub(crate) fn count_dropped_history(&self, hours: u64) {
        self.drops_of(HISTORY).count_many(DropReason::HistoryLimit, hours);
    }

    /// Wakes the saver, if there is one, because an issue has changed.
    pub(crate) fn note_change(&self) {
        if let Some(wake) = self.wake.get() {
            wake.up();
        }
    }

    /// Erases a user from memory. Returns the number of changed issues and of removed events.
    pub(crate) fn erase(&self, eraser: &Eraser) -> (usize, usize) {
        self.durables.erase(eraser);
        self.unresolved.erase(eraser);
        self.issues.erase(eraser.clone())
    }

    /// Passes the events that an earlier process left unresolved to the resolver, once that runs. Events that find the
    /// queue full stay stored for the next process.
    pub(crate) fn resolve_left_behind(&self) {
        if let Some(resolver) = self.resolver.get().and_then(Weak::upgrade) {
            for left in self.unresolved.take_left_behind() {
                let _ = resolver.push(left);
            }
        }
    }

    /// Returns the counts of all drop counters.
    pub(crate) fn dropped(&self) -> Vec<DropCount> {
        let all = self.drops.read().unwrap_or_else(PoisonError::into_inner);
        let read = all.iter().flat_map(|drops| drops.read().map(|(reason, count)| (drops.owner(), reason, count)));
        read.map(|(owner, reason, count)| DropCount { reporter: owner.to_owned(), reason, count }).collect()
    }

    pub(crate) fn drops_of(&self, owner: &str) -> Arc<DropCounter> {
        let mut all = self.drops.write().unwrap_or_else(PoisonError::into_inner);
        let known = all.iter().find(|drops| drops.owner() == owner).map(Arc::clone);
        known.unwrap_or_else(|| {
            let drops = Arc::new(DropCounter::new(owner));
            all.push(Arc::clone(&drops));
            drops
        })
    }
}

/// Name of the history, used as the `reporter` label of its drop counter.
const HISTORY: &str = "history";
