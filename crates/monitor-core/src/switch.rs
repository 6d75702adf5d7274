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
    Method, Monitor, Persist, Signal, Traffic, clock,
    drops::{Drops, Reason},
    reporter::Outlets,
    sync::{
        Mutex, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// Which routes are disabled.
pub(crate) struct RouteSwitch {
    is_any: AtomicBool,
    /// Written only by whoever holds `changing`, and for no longer than it takes to put the new list in place.
    disabled: RwLock<Vec<Arc<DisabledRoute>>>,
    changing: Mutex<()>,
    protected: Vec<String>,
    persist: Option<Arc<dyn Persist>>,
    drops: Arc<Drops>,
}

impl RouteSwitch {
    /// Begins with what was kept from before, but for what has expired meanwhile.
    pub(crate) fn new(protected: Vec<String>, persist: Option<Arc<dyn Persist>>, drops: Arc<Drops>) -> Self {
        let kept = persist.as_deref().map(load).unwrap_or_default();
        Self {
            is_any: AtomicBool::new(!kept.is_empty()),
            disabled: RwLock::new(kept),
            changing: Mutex::new(()),
            protected,
            persist,
            drops,
        }
    }

    pub(crate) fn find(&self, method: Method, route: &str, now: Instant) -> Option<Arc<DisabledRoute>> {
        if !self.is_any.load(Ordering::Relaxed) {
            return None;
        }
        let disabled = self.disabled.read().unwrap_or_else(PoisonError::into_inner);
        disabled.iter().find(|disabled| disabled.covers(method, route) && !disabled.is_over(now)).map(Arc::clone)
    }

    /// Puts back what has expired, and says so.
    pub(crate) fn expire(&self, now: Instant, outlets: &Outlets) {
        if !self.is_any.load(Ordering::Relaxed) {
            return;
        }
        let over: Vec<_> = self.change(|list| list.extract_if(.., |disabled| disabled.is_over(now)).collect());
        for disabled in over {
            outlets.publish(Signal::RouteEnabled(Arc::new(EnabledRoute::new(disabled, None))));
        }
    }

    fn list(&self) -> Vec<Arc<DisabledRoute>> {
        self.disabled.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the list, and saves it where that made a difference.
    fn change<R>(&self, f: impl FnOnce(&mut Vec<Arc<DisabledRoute>>) -> R) -> R {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.list();
        let mut after = before.clone();
        let result = f(&mut after);
        if after.len() != before.len() || after.iter().zip(&before).any(|(after, before)| !Arc::ptr_eq(after, before)) {
            self.is_any.store(!after.is_empty(), Ordering::Relaxed);
            self.disabled.write().unwrap_or_else(PoisonError::into_inner).clone_from(&after);
            self.save(&after);
        }
        result
    }

    fn save(&self, disabled: &[Arc<DisabledRoute>]) {
        let Some(persist) = &self.persist else { return };
        if let Err(error) = persist.save(KEY, disabled::to_json(disabled).to_string().as_bytes()) {
            self.drops.count(Reason::NotPersisted);
            tracing::warn!(target: "monitor", %error, "which routes are disabled could not be saved, and will not outlive the process");
        }
    }

    fn is_protected(&self, route: &str) -> bool {
        self.protected.iter().any(|prefix| is_below(route, prefix))
    }
}

fn load(persist: &dyn Persist) -> Vec<Arc<DisabledRoute>> {
    let read = || match persist.load(KEY)? {
        Some(value) => disabled::from_json(&serde_json::from_slice(&value)?),
        None => Ok(Vec::new()),
    };
    read().unwrap_or_else(|error: crate::BoxError| {
        tracing::warn!(target: "monitor", %error, "which routes were disabled could not be read, so all of them are enabled");
        Vec::new()
    })
}

/// Returns whether `path` is `prefix` or below it.
pub(crate) fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Monitor {
    /// Takes a route out of service, at once and for every thread. Done again, it takes the place of what was said before.
    ///
    /// Requests to it are refused by the layers of `monitor-tower`: they are counted apart, with outcome `refused`, and stay
    /// out of the error ratio. Reporters are told by [`Signal::RouteDisabled`].
    ///
    /// # Errors
    ///
    /// When the route is not known, for it was neither declared nor asked for yet; when it is protected, as health,
    /// metrics and what was named in [`MonitorBuilder::protected_routes`] are; when nobody is named as the actor, or it
    /// would expire at once; when the monitor is disabled.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use monitor_core::{DisableRoute, Monitor};
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
        if self.is_untracked(order.route()) || shared.switch.is_protected(order.route()) {
            return Err(SwitchError::Protected { route: order.route().to_owned() });
        }
        if !is_known(&shared.traffic, &order) {
            let known = known(&shared.traffic);
            return Err(SwitchError::Unknown { route: order.name(), known });
        }
        let disabled = Arc::new(order.carry_out(&shared.redaction));
        shared.switch.change(|list| {
            list.retain(|other| !other.is_for(disabled.method, &disabled.route));
            list.push(Arc::clone(&disabled));
        });
        inner.outlets.publish(Signal::RouteDisabled(Arc::clone(&disabled)));
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
        let found = inner.shared.switch.change(|list| {
            let at = list.iter().position(|disabled| disabled.is_for(method, route));
            at.map(|at| list.remove(at)).ok_or_else(|| list.iter().map(|disabled| disabled.name()).collect())
        });
        let not_disabled = |disabled| SwitchError::NotDisabled { route: disabled::name(method, route), disabled };
        let disabled = found.map_err(not_disabled)?;
        let actor = inner.shared.redaction.text(actor).into_owned();
        let enabled = Arc::new(EnabledRoute::new(disabled, Some(actor)));
        inner.outlets.publish(Signal::RouteEnabled(Arc::clone(&enabled)));
        Ok(enabled)
    }

    /// Returns the routes that are disabled now, in the order in which they were.
    #[must_use]
    pub fn disabled_routes(&self) -> Vec<Arc<DisabledRoute>> {
        let (now, list) = (clock::now(), self.inner().map(|inner| inner.shared.switch.list()).unwrap_or_default());
        list.into_iter().filter(|disabled| !disabled.is_over(now)).collect()
    }

    /// Returns what disables this method and route at `now`, where something does. Costs one relaxed load while nothing is
    /// disabled at all.
    #[must_use]
    pub fn find_disabled(&self, method: Method, route: &str, now: Instant) -> Option<Arc<DisabledRoute>> {
        self.inner().and_then(|inner| inner.shared.switch.find(method, route, now))
    }
}

fn is_known(traffic: &Traffic, order: &DisableRoute) -> bool {
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

const KEY: &str = "disabled-routes";

#[cfg(test)]
mod tests;
