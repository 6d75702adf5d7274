//! A disabled route: its actor, reason and expiry, and its stored form.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use monitor_redact::{MAX_TEXT, Redaction};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    SwitchError,
    error::{Refusal, check_actor},
};
use crate::{
    base::{
        clock::{self, Deadline},
        error::BoxError,
        json::Unknown,
    },
    model::method::KnownMethod,
};

/// An order to disable a route. Passed to [`Monitor::disable_route`](crate::Monitor::disable_route).
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use monitor_kit::{DisableRoute, KnownMethod, Monitor};
///
/// let monitor = Monitor::builder("shop").routes([("GET", "/orders"), ("POST", "/orders")]).build()?;
/// let order = DisableRoute::new("/orders", "ada")
///     .method(KnownMethod::Post)
///     .reason("the payment provider is down")
///     .retry_after(Duration::from_secs(300));
/// let disabled = monitor.disable_route(order)?;
/// assert_eq!(disabled.name(), "POST /orders");
/// assert_eq!(disabled.to_json()["retry_after_seconds"], 300);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct DisableRoute {
    route: String,
    method: Option<KnownMethod>,
    reason: String,
    actor: String,
    expires_in: Option<Duration>,
    retry_after: Duration,
    allows_unknown: bool,
}

/// A disabled route.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DisabledRoute {
    /// The route's template.
    pub route: String,
    /// The only method that is disabled; `None` for all of them.
    pub method: Option<KnownMethod>,
    /// The reason, redacted.
    pub reason: String,
    /// The person or program that disabled it, redacted.
    pub actor: String,
    /// Time of the order.
    pub since: SystemTime,
    /// Time of expiry; `None` if it does not expire.
    pub until: Option<SystemTime>,
    /// Value of `Retry-After` for clients, if it does not expire.
    pub retry_after: Duration,
    /// The expiry by the monotonic clock.
    deadline: Option<Deadline>,
    /// Fields of a newer release, written back unchanged.
    unknown: Unknown,
}

/// A route that was enabled again.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EnabledRoute {
    /// The route while it was disabled.
    pub disabled: Arc<DisabledRoute>,
    /// The person or program that enabled it, redacted; `None` if it expired.
    pub actor: Option<String>,
    /// Time of the change.
    pub at: SystemTime,
}

// === impl DisableRoute ===

impl DisableRoute {
    /// Creates an order for a route, by its template, in the name of `actor`.
    pub fn new(route: impl Into<String>, actor: impl Into<String>) -> Self {
        Self {
            route: route.into(),
            method: None,
            reason: String::new(),
            actor: actor.into(),
            expires_in: None,
            retry_after: Duration::from_secs(60),
            allows_unknown: false,
        }
    }

    /// Allows a route that was neither declared nor requested so far. If no router has the route, the order has no
    /// effect. By default an unknown route is an error, [`SwitchError::is_unknown_route`].
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::{DisableRoute, Monitor};
    ///
    /// let monitor = Monitor::builder("shop").build()?;
    /// let order = DisableRoute::new("/exports/{id}", "deploy");
    /// let refused = monitor.disable_route(order.clone());
    /// assert!(refused.is_err_and(|error| error.is_unknown_route()));
    /// monitor.disable_route(order.allow_unknown())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn allow_unknown(mut self) -> Self {
        self.allows_unknown = true;
        self
    }

    /// Disables one method only; GET includes HEAD. Defaults to all methods.
    pub fn method(mut self, method: KnownMethod) -> Self {
        self.method = Some(method);
        self
    }

    /// Sets the reason, for operators; clients do not see it. Defaults to an empty text.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }

    /// Sets the time after which the route is enabled again, at most 366 days. Defaults to never.
    pub fn expires_in(mut self, time: Duration) -> Self {
        self.expires_in = Some(time);
        self
    }

    /// Sets the `Retry-After` for clients, if the order does not expire: from one second to 366 days. Defaults to 60
    /// seconds.
    pub fn retry_after(mut self, time: Duration) -> Self {
        self.retry_after = time;
        self
    }

    pub(super) fn route(&self) -> &str {
        &self.route
    }

    pub(super) fn allows_unknown(&self) -> bool {
        self.allows_unknown
    }

    pub(super) fn name(&self) -> String {
        name(self.method, &self.route)
    }

    pub(super) fn covers(&self, method: KnownMethod, route: &str) -> bool {
        covers((self.method, &self.route), method, route)
    }

    pub(super) fn check(&self) -> Result<(), SwitchError> {
        check_actor(&self.actor)?;
        let is_good = self.expires_in.is_none_or(|time| !time.is_zero() && time <= MAX_DURATION);
        if is_good { Ok(()) } else { Err(Refusal::Expiry.into()) }
    }

    pub(super) fn carry_out(self, redaction: &Redaction) -> DisabledRoute {
        let masked = |text: String| redaction.head(&text, MAX_TEXT).into_owned();
        let since = clock::wall();
        DisabledRoute {
            route: self.route,
            method: self.method,
            reason: masked(self.reason),
            actor: masked(self.actor),
            since,
            until: self.expires_in.and_then(|time| since.checked_add(time)),
            retry_after: self.retry_after.min(MAX_DURATION),
            deadline: self.expires_in.map(Deadline::after),
            unknown: Unknown::default(),
        }
    }
}

// === impl DisabledRoute ===

impl DisabledRoute {
    /// Returns the `Retry-After` for clients at `now`, in whole seconds and at least one: the time until the route is
    /// enabled again, or [`retry_after`](Self::retry_after) if it does not expire.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use monitor_kit::{DisableRoute, Monitor, clock};
    ///
    /// let monitor = Monitor::builder("shop").routes([("POST", "/orders")]).build()?;
    /// let order = DisableRoute::new("/orders", "ada").expires_in(Duration::from_secs(600));
    /// let disabled = monitor.disable_route(order)?;
    /// let now = clock::now();
    /// assert!(disabled.retry_after_at(now + Duration::from_secs(590)) <= Duration::from_secs(10));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn retry_after_at(&self, now: Instant) -> Duration {
        let rest = self.deadline.as_ref().map_or(self.retry_after, |deadline| deadline.rest(now));
        // Rounded up, or clients would come back too early.
        let seconds = rest.as_secs() + u64::from(rest.subsec_nanos() > 0);
        Duration::from_secs(seconds.max(1))
    }

    /// Returns the method and route, or the route alone if all methods are disabled.
    #[must_use]
    pub fn name(&self) -> String {
        name(self.method, &self.route)
    }

    /// Returns the disabled route as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "route": self.route,
            "method": self.method.map(KnownMethod::as_str),
            "reason": self.reason,
            "actor": self.actor,
            "since": clock::rfc3339(self.since),
            "until": self.until.map(clock::rfc3339),
            "retry_after_seconds": self.retry_after.as_secs(),
        })
    }

    fn from_json(value: &Value) -> Option<Self> {
        let text = |key: &str| value[key].as_str().map(str::to_owned);
        let time = |key: &str| value[key].as_str()?.parse::<jiff::Timestamp>().ok().map(SystemTime::from);
        let until = if value["until"].is_null() { None } else { Some(time("until")?) };
        let since = time("since")?;
        let stored = Deadline::deserialize(&value[DEADLINE]).ok();
        let mut read = Self {
            route: text("route")?,
            method: if value["method"].is_null() {
                None
            } else {
                Some(KnownMethod::from_name(value["method"].as_str()?))
            },
            reason: text("reason")?,
            actor: text("actor")?,
            since: clock::brought_back(since),
            until,
            retry_after: Duration::from_secs(value["retry_after_seconds"].as_u64()?),
            deadline: until.map(|until| Deadline::restore(stored.as_ref(), since, until)),
            unknown: Unknown::default(),
        };
        read.unknown = Unknown::of(value, &read.to_stored());
        Some(read)
    }

    pub(super) fn covers(&self, method: KnownMethod, route: &str) -> bool {
        covers((self.method, &self.route), method, route)
    }

    pub(super) fn is_for(&self, method: Option<KnownMethod>, route: &str) -> bool {
        self.method == method && self.route == route
    }

    pub(crate) fn is_over(&self, now: Instant) -> bool {
        self.deadline.as_ref().is_some_and(|deadline| deadline.is_over(now))
    }

    pub(super) fn has_deadline(&self) -> bool {
        self.deadline.is_some()
    }

    /// Returns the route with `until` in terms of the present wall clock.
    pub(super) fn shown(self: Arc<Self>) -> Arc<Self> {
        let until = self.until.zip(self.deadline.as_ref()).map(|(until, deadline)| deadline.until(until));
        if until == self.until { self } else { Arc::new(Self { until, ..(*self).clone() }) }
    }

    /// Returns the stored form.
    fn to_stored(&self) -> Value {
        let mut stored = self.to_json();
        if let Some(deadline) = &self.deadline {
            stored[DEADLINE] = json!(deadline);
        }
        self.unknown.add_to(&mut stored);
        stored
    }
}

// === impl EnabledRoute ===

impl EnabledRoute {
    pub(super) fn new(disabled: Arc<DisabledRoute>, actor: Option<String>) -> Self {
        Self { disabled, actor, at: clock::wall() }
    }
}

pub(super) fn name(method: Option<KnownMethod>, route: &str) -> String {
    method.map_or_else(|| route.to_owned(), |method| format!("{} {route}", method.as_str()))
}

fn covers((only, template): (Option<KnownMethod>, &str), method: KnownMethod, route: &str) -> bool {
    let is_head_of = |only| only == KnownMethod::Get && method == KnownMethod::Head;
    only.is_none_or(|only| only == method || is_head_of(only)) && template == route
}

/// Returns the stored form of the list, with the `unknown` fields of a newer release.
pub(super) fn to_json(disabled: &[Arc<DisabledRoute>], unknown: &Unknown) -> Value {
    let disabled: Vec<_> = disabled.iter().map(|disabled| disabled.to_stored()).collect();
    let mut value = json!({ "version": VERSION, "disabled": disabled });
    unknown.add_to(&mut value);
    value
}

/// Reads the stored form, and the fields beside the list that this release does not know.
pub(super) fn from_json(value: &Value) -> Result<(Vec<Arc<DisabledRoute>>, Unknown), BoxError> {
    if value["version"] != VERSION {
        return Err(format!("it is of version {}, and only version {VERSION} is known", value["version"]).into());
    }
    let entries = value["disabled"].as_array().ok_or("it has no list of disabled routes")?;
    let read = entries.iter().filter_map(|entry| {
        let disabled = DisabledRoute::from_json(entry);
        if disabled.is_none() {
            tracing::warn!(target: "monitor", %entry, "a stored disabled route is unreadable, so it is enabled");
        }
        disabled
    });
    Ok((read.map(Arc::new).collect(), Unknown::of(value, &to_json(&[], &Unknown::default()))))
}

const VERSION: u32 = 1;
const DEADLINE: &str = "deadline";
const MAX_DURATION: Duration = Duration::from_secs(366 * 24 * 60 * 60);
