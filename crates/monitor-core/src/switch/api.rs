//! Methods of the monitor for the route switch: disable, enable, list and find routes.

use std::{sync::Arc, time::Instant};

use monitor_redact::{MAX_TEXT, Redaction};

use super::{
    DisableRoute, DisabledRoute, EnabledRoute, SwitchError, disabled,
    error::{self, Refusal},
    is_route,
};
use crate::{
    base::{clock, error::BuildError, prefixes},
    model::method::KnownMethod,
    monitor::Monitor,
    signal::Signal,
    traffic::Traffic,
};

impl Monitor {
    /// Disables a route, at once and for all threads. Replaces an earlier order for the same route and method.
    ///
    /// The layers of `monitor-tower` refuse its requests: these have the outcome `refused`, and do not count in the
    /// error ratio. Reporters receive [`Signal::RouteDisabled`]. Waits until the order is
    /// [persisted](crate::MonitorBuilder::persist), for at most 5 s.
    ///
    /// # Errors
    ///
    /// Returns an error if the route is unknown, that is, neither declared nor requested so far, unless the order
    /// [allows that](DisableRoute::allow_unknown); if the route is protected, as untracked routes and those of
    /// [`MonitorBuilder::protected_routes`] are; if the actor is empty; if the order would expire at once or in more
    /// than 366 days; or if the monitor is disabled.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use monitor_kit::{DisableRoute, Monitor};
    ///
    /// let monitor = Monitor::builder("shop").routes([("GET", "/error")]).build()?;
    /// let order = DisableRoute::new("/error", "ada").reason("divides by zero").expires_in(Duration::from_secs(3600));
    /// monitor.disable_route(order)?;
    /// assert_eq!(monitor.disabled_routes()[0].route, "/error");
    /// monitor.enable_route("/error", None, "ada")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// [`MonitorBuilder::protected_routes`]: crate::MonitorBuilder::protected_routes
    pub fn disable_route(&self, order: DisableRoute) -> Result<Arc<DisabledRoute>, SwitchError> {
        let inner = self.inner().ok_or(Refusal::MonitorDisabled)?;
        let shared = &inner.shared;
        order.check()?;
        if shared.switch.protects(order.route()) {
            return Err(Refusal::Protected { route: shown(&shared.redaction, order.route()) }.into());
        }
        if !is_known(&shared.traffic, &order) {
            let known = known(&shared.traffic);
            return Err(Refusal::Unknown { route: shown(&shared.redaction, &order.name()), known }.into());
        }
        let disabled = Arc::new(order.carry_out(&shared.redaction));
        let put = |list: &mut Vec<_>| -> Result<_, SwitchError> {
            list.retain(|other: &Arc<DisabledRoute>| !other.is_for(disabled.method, &disabled.route));
            list.push(Arc::clone(&disabled));
            Ok(Arc::clone(&disabled))
        };
        let notify = |disabled: &Arc<_>| inner.reporters.publish(Signal::RouteDisabled(Arc::clone(disabled)));
        let disabled = shared.switch.change(put, notify)?;
        self.wait_for_saver();
        Ok(disabled)
    }

    /// Enables a route that was disabled for the same method, or for all methods if `method` is `None`. Reporters
    /// receive [`Signal::RouteEnabled`].
    ///
    /// # Errors
    ///
    /// Returns an error if the route is not disabled for exactly this method, if the actor is empty, or if the monitor
    /// is disabled.
    pub fn enable_route(
        &self,
        route: &str,
        method: Option<KnownMethod>,
        actor: &str,
    ) -> Result<Arc<EnabledRoute>, SwitchError> {
        let inner = self.inner().ok_or(Refusal::MonitorDisabled)?;
        error::check_actor(actor)?;
        let now = clock::now();
        let actor = shown(&inner.shared.redaction, actor);
        let take = |list: &mut Vec<Arc<DisabledRoute>>| -> Result<_, SwitchError> {
            let is_it = |disabled: &Arc<DisabledRoute>| disabled.is_for(method, route) && !disabled.is_over(now);
            let at = list.iter().position(is_it).ok_or_else(|| {
                let disabled = list.iter().map(|disabled| disabled.name()).collect();
                Refusal::NotDisabled { route: shown(&inner.shared.redaction, &disabled::name(method, route)), disabled }
            })?;
            Ok(Arc::new(EnabledRoute::new(list.remove(at), Some(actor))))
        };
        let switch = &inner.shared.switch;
        let notify = |enabled: &Arc<EnabledRoute>| {
            switch.note_enabled(&enabled.disabled);
            inner.reporters.publish(Signal::RouteEnabled(Arc::clone(enabled)));
        };
        let enabled = switch.change(take, notify)?;
        self.wait_for_saver();
        Ok(enabled)
    }

    /// Protects these routes, and all routes below them, like
    /// [`MonitorBuilder::protected_routes`](crate::MonitorBuilder::protected_routes), but as from now. A service that
    /// is mounted on a router after the monitor was built protects its own path.
    ///
    /// # Errors
    ///
    /// Returns an error if a route does not begin with `/`, or is the root; none is protected then.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::{DisableRoute, Monitor};
    ///
    /// let monitor = Monitor::builder("shop").routes([("POST", "/admin/routes")]).build()?;
    /// monitor.protect_routes(["/admin"])?;
    /// let refused = monitor.disable_route(DisableRoute::new("/admin/routes", "ada"));
    /// assert!(refused.is_err_and(|error| error.is_protected()));
    /// # Ok::<(), monitor_kit::BuildError>(())
    /// ```
    pub fn protect_routes<'a>(&self, routes: impl IntoIterator<Item = &'a str>) -> Result<(), BuildError> {
        let routes = routes.into_iter().map(|route| prefixes::checked("protected route", route));
        let routes = routes.collect::<Result<_, _>>()?;
        if let Some(inner) = self.inner() {
            inner.shared.switch.protect(routes);
        }
        Ok(())
    }

    /// Returns the disabled routes, in the order in which they were disabled.
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

    /// Returns the order that disables a request of this method, route and path at `now`, if there is one. Costs one
    /// relaxed load while no route is disabled. A protected path is never disabled, whatever its route template.
    ///
    /// The layers of `monitor-tower` call it for each request.
    ///
    /// # Example: a server without these layers
    ///
    /// ```
    /// use std::time::Duration;
    /// use monitor_kit::{DisableRoute, KnownMethod, Monitor, clock};
    ///
    /// let monitor = Monitor::builder("shop").routes([("GET", "/orders/{id}")]).build()?;
    /// monitor.disable_route(DisableRoute::new("/orders/{id}", "ada").retry_after(Duration::from_secs(300)))?;
    ///
    /// let now = clock::now();
    /// let disabled = monitor.find_disabled(KnownMethod::Get, "/orders/{id}", "/orders/7", now);
    /// assert_eq!(disabled.map(|disabled| disabled.retry_after_at(now)), Some(Duration::from_secs(300)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn find_disabled(
        &self,
        method: KnownMethod,
        route: &str,
        path: &str,
        now: Instant,
    ) -> Option<Arc<DisabledRoute>> {
        let switch = &self.inner()?.shared.switch;
        switch.find(method, route, now).filter(|_| !switch.protects(path))
    }
}

/// Masks and cuts a text of the caller, which may have come from a stranger.
fn shown(redaction: &Redaction, text: &str) -> String {
    redaction.head(text, MAX_TEXT).into_owned()
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
