//! The route switch: takes a route out of service while the program runs, and puts it back.
//!
//! A layer asks it for every request; while nothing is disabled that costs one relaxed load.

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
    clock, escape,
    json::Unknown,
    method::Method,
    monitor::{BoxError, Monitor},
    persist::Change,
    redact::Redaction,
    reporter::Outlets,
    scope::TEXT,
    signal::Signal,
    sync::{
        Mutex, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    traffic::Traffic,
};

/// Which routes are disabled.
pub(crate) struct RouteSwitch {
    is_any: AtomicBool,
    /// Written only by whoever holds `changing`, and for no longer than it takes to put the new list in place.
    disabled: RwLock<Vec<Arc<DisabledRoute>>>,
    changing: Mutex<()>,
    is_unsaved: AtomicBool,
    /// What was enabled before it was known what is kept.
    enabled: Mutex<Vec<Arc<DisabledRoute>>>,
    /// Fields of a newer release beside the list, written back as they are.
    unknown: Mutex<Unknown>,
    protected: Vec<String>,
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
            protected,
        }
    }

    /// Takes in what was kept from before, but for what must stay in service by now and for what was decided on since. Returns
    /// what is disabled by that. What has expired meanwhile is told and put back like anything else that does.
    pub(crate) fn restore(&self, kept: &[u8]) -> Vec<Arc<DisabledRoute>> {
        let read = || disabled::from_json(&serde_json::from_slice(kept)?);
        let (mut restored, unknown) = read().unwrap_or_else(|error: BoxError| {
            tracing::warn!(
                target: "monitor",
                %error,
                "which routes were disabled could not be read, so all of them are enabled"
            );
            Default::default()
        });
        *self.unknown.lock().unwrap_or_else(PoisonError::into_inner) = unknown;
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut list = self.list();
        let enabled = std::mem::take(&mut *self.enabled.lock().unwrap_or_else(PoisonError::into_inner));
        restored.retain(|disabled| {
            let is_decided = list.iter().chain(&enabled).any(|other| other.is_for(disabled.method, &disabled.route));
            is_route(&disabled.route) && !self.protects(&disabled.route) && !is_decided
        });
        list.extend(restored.iter().map(Arc::clone));
        self.put(list);
        // A deadline may have begun anew, after a reboot: the next process is to know how much of it was left.
        if restored.iter().any(|disabled| disabled.has_deadline()) {
            self.is_unsaved.store(true, Ordering::Release);
        }
        restored
    }

    pub(crate) fn is_any_disabled(&self) -> bool {
        self.is_any.load(Ordering::Relaxed)
    }

    pub(crate) fn find(&self, method: Method, route: &str, now: Instant) -> Option<Arc<DisabledRoute>> {
        if !self.is_any_disabled() {
            return None;
        }
        let disabled = self.disabled.read().unwrap_or_else(PoisonError::into_inner);
        let covering = disabled.iter().filter(|disabled| disabled.covers(method, route) && !disabled.is_over(now));
        covering.max_by_key(|disabled| disabled.retry_after_at(now)).map(Arc::clone)
    }

    /// Puts back what has expired, and says so. Nothing is saved, for what is kept says by itself when it is over.
    pub(crate) fn expire(&self, now: Instant, outlets: &Outlets) {
        if !self.is_any_disabled() {
            return;
        }
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut list = self.list();
        let over: Vec<_> = list.extract_if(.., |disabled| disabled.is_over(now)).collect();
        if !over.is_empty() {
            self.put(list);
        }
        for disabled in over {
            outlets.publish(Signal::RouteEnabled(Arc::new(EnabledRoute::new(disabled, None))));
        }
    }

    pub(crate) fn list(&self) -> Vec<Arc<DisabledRoute>> {
        self.disabled.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the list and tells of it, one change after another.
    fn change<R, E>(
        &self,
        change: impl FnOnce(&mut Vec<Arc<DisabledRoute>>) -> Result<R, E>,
        tell: impl FnOnce(&R),
    ) -> Result<R, E> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut list = self.list();
        let changed = change(&mut list)?;
        self.put(list);
        tell(&changed);
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

    /// Returns what is to be saved, where anything changed since it was asked last.
    pub(crate) fn take_change(&self) -> Option<Change> {
        self.is_unsaved.swap(false, Ordering::AcqRel).then(|| self.to_change())
    }

    /// Returns what holds now, to be saved.
    pub(crate) fn to_change(&self) -> Change {
        let unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        let value = escape::json(&disabled::to_json(&self.list(), &unknown)).into_bytes();
        Change::Put { key: KEY.to_owned(), value }
    }

    /// Returns whether this route or path must stay in service.
    pub(crate) fn protects(&self, path: &str) -> bool {
        self.protected.iter().any(|prefix| is_below(path, prefix))
    }
}

/// Returns whether `path` is `prefix` or below it.
pub(crate) fn is_below(path: &str, prefix: &str) -> bool {
    // Both begin with a slash, and most differ in what is behind it.
    path.as_bytes().get(1) == prefix.as_bytes().get(1)
        && path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Monitor {
    /// Takes a route out of service, at once and for every thread. Done again, it takes the place of what was said before.
    ///
    /// Requests to it are refused by the layers of `monitor-tower`: they are counted apart, with outcome `refused`, and stay
    /// out of the error ratio. Reporters are told by [`Signal::RouteDisabled`].
    ///
    /// # Errors
    ///
    /// When the route is not known, for it was neither declared nor asked for yet, unless the order
    /// [allows that](DisableRoute::allow_unknown); when it is protected, as the untracked ones
    /// and what was named in [`MonitorBuilder::protected_routes`] are; when no actor is named; when it would expire at once or
    /// in more than 366 days; when the monitor is disabled.
    ///
    /// It returns when that is [saved](crate::MonitorBuilder::persist), or after 5 s.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use monitor_kit::{DisableRoute, Monitor};
    ///
    /// let monitor = Monitor::builder("shop").routes([("GET", "/error")]).build()?;
    /// monitor.disable_route(DisableRoute::new("/error", "ada").reason("divides by zero").expires_in(Duration::from_secs(3600)))?;
    /// assert_eq!(monitor.disabled_routes()[0].route, "/error");
    /// monitor.enable_route("/error", None, "ada")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// [`MonitorBuilder::protected_routes`]: crate::MonitorBuilder::protected_routes
    pub fn disable_route(&self, order: DisableRoute) -> Result<Arc<DisabledRoute>, SwitchError> {
        let inner = self.inner().ok_or(SwitchError::MonitorDisabled)?;
        let shared = &inner.shared;
        order.check()?;
        if shared.switch.protects(order.route()) {
            return Err(SwitchError::Protected { route: shown(&shared.redaction, order.route()) });
        }
        if !is_known(&shared.traffic, &order) {
            let known = known(&shared.traffic);
            return Err(SwitchError::Unknown { route: shown(&shared.redaction, &order.name()), known });
        }
        let disabled = Arc::new(order.carry_out(&shared.redaction));
        let put = |list: &mut Vec<_>| {
            list.retain(|other: &Arc<DisabledRoute>| !other.is_for(disabled.method, &disabled.route));
            list.push(Arc::clone(&disabled));
            Ok(Arc::clone(&disabled))
        };
        let tell = |disabled: &Arc<_>| inner.outlets.publish(Signal::RouteDisabled(Arc::clone(disabled)));
        let disabled = shared.switch.change(put, tell)?;
        self.keep();
        Ok(disabled)
    }

    /// Puts a route back into service, which was disabled with the same method, or with none. Reporters are told by
    /// [`Signal::RouteEnabled`].
    ///
    /// # Errors
    ///
    /// When it is not disabled so; when nobody is named as the actor; when the monitor is disabled.
    pub fn enable_route(
        &self,
        route: &str,
        method: Option<Method>,
        actor: &str,
    ) -> Result<Arc<EnabledRoute>, SwitchError> {
        let inner = self.inner().ok_or(SwitchError::MonitorDisabled)?;
        error::check_actor(actor)?;
        let now = clock::now();
        let actor = shown(&inner.shared.redaction, actor);
        let take = |list: &mut Vec<Arc<DisabledRoute>>| {
            let is_it = |disabled: &Arc<DisabledRoute>| disabled.is_for(method, route) && !disabled.is_over(now);
            let at = list.iter().position(is_it).ok_or_else(|| {
                let disabled = list.iter().map(|disabled| disabled.name()).collect();
                SwitchError::NotDisabled {
                    route: shown(&inner.shared.redaction, &disabled::name(method, route)),
                    disabled,
                }
            })?;
            Ok(Arc::new(EnabledRoute::new(list.remove(at), Some(actor))))
        };
        let switch = &inner.shared.switch;
        let tell = |enabled: &Arc<EnabledRoute>| {
            switch.note_enabled(&enabled.disabled);
            inner.outlets.publish(Signal::RouteEnabled(Arc::clone(enabled)));
        };
        let enabled = switch.change(take, tell)?;
        self.keep();
        Ok(enabled)
    }

    /// Returns the routes that are disabled now, in the order in which they were.
    #[must_use]
    pub fn disabled_routes(&self) -> Vec<Arc<DisabledRoute>> {
        let (now, list) = (clock::now(), self.inner().map(|inner| inner.shared.switch.list()).unwrap_or_default());
        list.into_iter().filter(|disabled| !disabled.is_over(now)).map(DisabledRoute::shown).collect()
    }

    /// Returns whether any route is disabled. Costs one relaxed load.
    #[must_use]
    pub fn has_disabled_routes(&self) -> bool {
        self.inner().is_some_and(|inner| inner.shared.switch.is_any_disabled())
    }

    /// Returns what disables a request of this method, route and path at `now`, where something does. Costs one relaxed load
    /// while no route is disabled. A path that must stay in service is not disabled, whatever template it goes by.
    #[must_use]
    pub fn find_disabled(&self, method: Method, route: &str, path: &str, now: Instant) -> Option<Arc<DisabledRoute>> {
        let switch = &self.inner()?.shared.switch;
        switch.find(method, route, now).filter(|_| !switch.protects(path))
    }
}

/// What was asked for may be a stranger's text.
fn shown(redaction: &Redaction, text: &str) -> String {
    redaction.head(text, TEXT).into_owned()
}

fn is_known(traffic: &Traffic, order: &DisableRoute) -> bool {
    if order.allows_unknown() {
        return is_route(order.route());
    }
    traffic.read().iter().any(|counts| is_route(&counts.route) && order.covers(counts.method, &counts.route))
}

fn known(traffic: &Traffic) -> Vec<String> {
    let read = traffic.read();
    let routes = read.iter().filter(|counts| is_route(&counts.route));
    let mut names: Vec<_> = routes.map(|counts| disabled::name(Some(counts.method), &counts.route)).collect();
    names.sort_unstable();
    names
}

/// What matched no route, and what overflowed, is no route of its own.
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
