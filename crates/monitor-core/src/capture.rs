//! Capture: the way of a failure from the thread it happens on to the intake.
//!
//! Capture runs on the thread of the error, often on a request's path. It therefore only counts the error at its site
//! and, if the site admits it, copies the scope and the stack's return addresses; the intake does the rest.

mod caught_panic;
pub(crate) mod error;
pub(crate) mod failed_response;
pub(crate) mod job;
pub(crate) mod message;
mod observed;
pub(crate) mod panic_hook;
mod panic_payload;
mod place;
mod read;
#[cfg(feature = "tokio")]
pub(crate) mod spawn;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use uuid::Uuid;

use crate::{
    base::{clock::Moment, drops::DropReason},
    event::{EventKind, Failure},
    issue::site::{Admission, Site},
    monitor::{Inner, Monitor, intake::RawEvent},
    scope::Scope,
    symbols::Stack,
};

/// The capture of one failure: the monitor that reports it, and the scope it happened in.
#[derive(Clone, Copy)]
struct Capture<'a> {
    monitor: &'a Monitor,
    inner: &'a Inner,
    /// `None` outside of any scope.
    scope: Option<&'a Scope>,
}

impl<'a> Capture<'a> {
    /// Returns `None` if the monitor is disabled.
    fn new(monitor: &'a Monitor, scope: Option<&'a Scope>) -> Option<Self> {
        Some(Self { monitor, inner: monitor.inner()?, scope })
    }

    /// Creates a capture in `scope`, by the scope's own monitor.
    fn within(scope: &'a Scope) -> Option<Self> {
        Self::new(scope.monitor(), Some(scope))
    }

    /// Counts a failure at its site, and sends it to the intake if the site admits it. `stack` is called only then.
    fn submit(self, failure: Failure, stack: impl FnOnce() -> Stack) {
        if let Some(reason) = self.filtered(&failure) {
            return self.count_drop(reason);
        }
        let at = Moment::now();
        let Some(site) = self.site_of(&failure) else { return };
        // Before the throttle: a site knows all of its users.
        let user_mark = self.count_user(&site);
        let Some(admission) = self.count(&site, at, failure.kind) else { return };
        let event = RawEvent {
            id: Uuid::new_v4(),
            at,
            failure,
            stack: stack(),
            scope: self.scope.map(Scope::record).unwrap_or_default(),
            user_mark,
            suppressed: admission.suppressed,
            source: Arc::clone(&site),
        };
        // The queue is full. The site may admit another error in place of this one.
        if !self.inner.intake.push(event) {
            site.readmit(admission);
        }
    }

    /// Returns why the settings exclude a failure; `None` for one that is counted.
    fn filtered(self, failure: &Failure) -> Option<DropReason> {
        if self.scope.is_some_and(Scope::is_untracked) {
            return Some(DropReason::Untracked);
        }
        let is_ignored = self.inner.shared.ignore.has(failure.kind, self.route(), &failure.message);
        is_ignored.then_some(DropReason::Ignored)
    }

    /// Returns the site of a failure; `None` if there are too many sites, which is counted.
    fn site_of(self, failure: &Failure) -> Option<Arc<Site>> {
        let (kind, place, sites) = (failure.kind, place::hash(failure, self.scope), &self.inner.shared.sources);
        let find = |given: &[String]| sites.find((kind, place, given), self.route(), &failure.message);
        self.scope.map_or_else(|| find(&[]), |scope| scope.with_fingerprint(find))
    }

    /// Counts the scope's user at the site. Returns the user's mark.
    fn count_user(self, site: &Site) -> Option<u64> {
        let mark = self.inner.shared.sources.mark(&self.scope?.user()?);
        site.add_user(mark);
        Some(mark)
    }

    /// Counts a failure at its site. Returns the admission if the failure is captured whole.
    fn count(self, site: &Site, at: Moment, kind: EventKind) -> Option<Admission> {
        let shared = &self.inner.shared;
        let admission = shared.sources.count(site, at, || shared.sampling.takes(kind));
        shared.note_change();
        admission.ok()
    }

    /// Marks the scope: the error with this mark is captured, and explains a failed response.
    fn mark(self, mark: u64) {
        if let Some(scope) = self.scope {
            scope.mark_captured(self.monitor, mark);
        }
    }

    fn count_drop(self, reason: DropReason) {
        self.inner.shared.intake_drops.count(reason);
    }

    fn route(self) -> &'a str {
        self.scope.map_or("", Scope::route)
    }
}
