//! The route switch: disables and enables routes while the program runs.
//!
//! Layers consult it for every request; while no route is disabled, that costs one relaxed load.

mod api;
mod disabled;
mod error;

use std::{
    fmt,
    sync::{Arc, PoisonError},
    time::Instant,
};

pub use self::{
    disabled::{DisableRoute, DisabledRoute, EnabledRoute},
    error::SwitchError,
};
use crate::{
    base::{
        error::BoxError,
        escape,
        json::Unknown,
        prefixes::Prefixes,
        sync::{
            Mutex, RwLock,
            atomic::{AtomicBool, Ordering},
        },
    },
    model::method::KnownMethod,
    persist::StoreWrite,
};

/// The disabled routes.
pub(crate) struct RouteSwitch {
    is_any: AtomicBool,
    /// Written only while `changing` is held, and only to swap in a new list.
    disabled: RwLock<Vec<Arc<DisabledRoute>>>,
    changing: Mutex<()>,
    is_unsaved: AtomicBool,
    /// Routes enabled before the store was loaded; restoring must not disable them again.
    enabled: Mutex<Vec<Arc<DisabledRoute>>>,
    /// Fields of a newer release beside the list, written back unchanged.
    unknown: Mutex<Unknown>,
    protected: Prefixes,
}

impl RouteSwitch {
    pub(crate) fn new(protected: Vec<String>) -> Self {
        Self {
            is_any: AtomicBool::new(false),
            disabled: RwLock::default(),
            changing: Mutex::new(()),
            is_unsaved: AtomicBool::new(false),
            enabled: Mutex::default(),
            unknown: Mutex::default(),
            protected: Prefixes::new(protected),
        }
    }

    /// Restores the persisted routes, except protected ones and those with a later decision. Returns the routes this
    /// disables. Routes that have expired in the meantime are reported and enabled by the next
    /// [`expire`](Self::expire).
    pub(crate) fn restore(&self, stored: &[u8]) -> Vec<Arc<DisabledRoute>> {
        let read = || disabled::from_json(&serde_json::from_slice(stored)?);
        let (mut restored, unknown) = read().unwrap_or_else(|error: BoxError| {
            tracing::warn!(
                target: "monitor",
                %error,
                "the stored list of disabled routes is unreadable, so all routes are enabled"
            );
            Default::default()
        });
        *self.unknown.lock().unwrap_or_else(PoisonError::into_inner) = unknown;
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut list = self.list();
        let enabled = std::mem::take(&mut *self.enabled.lock().unwrap_or_else(PoisonError::into_inner));
        restored.retain(|disabled| {
            // Decisions made while the store was not loaded take precedence.
            let is_decided = list.iter().chain(&enabled).any(|other| other.is_for(disabled.method, &disabled.route));
            is_route(&disabled.route) && !self.protects(&disabled.route) && !is_decided
        });
        list.extend(restored.iter().map(Arc::clone));
        self.put(list);
        // After a reboot the deadline may have been restarted: it is saved, so that the next process knows the rest of
        // it.
        if restored.iter().any(|disabled| disabled.has_deadline()) {
            self.is_unsaved.store(true, Ordering::Release);
        }
        restored
    }

    pub(crate) fn is_any_disabled(&self) -> bool {
        self.is_any.load(Ordering::Relaxed)
    }

    pub(crate) fn find(&self, method: KnownMethod, route: &str, now: Instant) -> Option<Arc<DisabledRoute>> {
        if !self.is_any_disabled() {
            return None;
        }
        let disabled = self.disabled.read().unwrap_or_else(PoisonError::into_inner);
        let covering = disabled.iter().filter(|disabled| disabled.covers(method, route) && !disabled.is_over(now));
        // A route can be disabled for its method and for all methods; the longer wait holds.
        covering.max_by_key(|disabled| disabled.retry_after_at(now)).map(Arc::clone)
    }

    /// Enables expired routes, and calls `notify` for each, in order with other changes. Nothing is saved, because the
    /// persisted form has the time of expiry.
    pub(crate) fn expire(&self, now: Instant, notify: impl Fn(EnabledRoute)) {
        if !self.is_any_disabled() {
            return;
        }
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut list = self.list();
        let over: Vec<_> = list.extract_if(.., |disabled| disabled.is_over(now)).collect();
        if !over.is_empty() {
            self.put(list);
        }
        over.into_iter().for_each(|disabled| notify(EnabledRoute::new(disabled, None)));
    }

    pub(crate) fn list(&self) -> Vec<Arc<DisabledRoute>> {
        self.disabled.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the list and calls `notify`. Changes and their signals have the same order.
    fn change<R, E>(
        &self,
        change: impl FnOnce(&mut Vec<Arc<DisabledRoute>>) -> Result<R, E>,
        notify: impl FnOnce(&R),
    ) -> Result<R, E> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut list = self.list();
        let changed = change(&mut list)?;
        self.put(list);
        notify(&changed);
        self.is_unsaved.store(true, Ordering::Release);
        Ok(changed)
    }

    fn put(&self, list: Vec<Arc<DisabledRoute>>) {
        self.is_any.store(!list.is_empty(), Ordering::Relaxed);
        let before = std::mem::replace(&mut *self.disabled.write().unwrap_or_else(PoisonError::into_inner), list);
        drop(before);
    }

    fn note_enabled(&self, route: &Arc<DisabledRoute>) {
        let mut enabled = self.enabled.lock().unwrap_or_else(PoisonError::into_inner);
        enabled.retain(|other| !other.is_for(route.method, &route.route));
        enabled.push(Arc::clone(route));
    }

    /// Returns the list to save, if it has changed since the last call.
    pub(crate) fn take_change(&self) -> Option<StoreWrite> {
        self.is_unsaved.swap(false, Ordering::AcqRel).then(|| self.to_change())
    }

    /// Returns the present list to save.
    pub(crate) fn to_change(&self) -> StoreWrite {
        let unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        let value = escape::json(&disabled::to_json(&self.list(), &unknown)).into_bytes();
        StoreWrite::Put { key: KEY.to_owned(), value }
    }

    /// Returns whether this route or path is protected.
    pub(crate) fn protects(&self, path: &str) -> bool {
        self.protected.cover(path)
    }

    /// Protects these routes, and all routes below them, as from now.
    pub(crate) fn protect(&self, routes: Vec<String>) {
        self.protected.add(routes);
    }
}

/// Returns whether `route` is a real route. The names for unmatched and overflowed requests are not.
fn is_route(route: &str) -> bool {
    route.starts_with('/')
}

impl fmt::Debug for RouteSwitch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouteSwitch").field("disabled", &self.list()).finish_non_exhaustive()
    }
}

pub(crate) const KEY: &str = "disabled-routes";

#[cfg(test)]
mod tests;
