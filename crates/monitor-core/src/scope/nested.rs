//! Nested scopes: data added in one is dropped at its end.

use std::sync::{Arc, Mutex, OnceLock, atomic::AtomicBool};

use super::{Inner, MAX_DEPTH, Scope, current, slot::ScopeSlot};

/// Runs `f` in a nested scope. It starts with the data of the current scope; tags, breadcrumbs and other data added in
/// it are dropped at its end. Outside a scope, `f` runs without one.
///
/// [`in_nested_scope`](super::ScopeFutureExt::in_nested_scope) does the same for a future.
///
/// # Example
///
/// ```
/// use monitor_kit::{Level, capture_message, scope};
///
/// for partner in ["acme", "umbrella"] {
///     scope::with_scope(|| {
///         scope::set_tag("partner", partner);
///         capture_message("no answer", Level::Warn);
///     });
/// }
/// ```
pub fn with_scope<R>(f: impl FnOnce() -> R) -> R {
    match current() {
        Some(scope) => ScopeSlot::new(scope.nested()).in_scope(f),
        None => f(),
    }
}

impl Scope {
    /// Returns a nested scope with a copy of this scope's data.
    pub(super) fn nested(&self) -> Self {
        let around = &self.0;
        let notes = self.noted().map(|notes| notes.clone());
        Self(Arc::new(Inner {
            monitor: around.monitor.clone(),
            parent: Some(self.clone()).filter(|_| around.depth < MAX_DEPTH),
            id: around.id.clone(),
            trace: around.trace.clone(),
            client_trace_id: around.client_trace_id,
            method: around.method,
            route: Some(self.route().into()),
            untracked: around.untracked,
            is_unmatched: self.0.is_unmatched,
            series: None,
            work: around.work,
            depth: around.depth.saturating_add(1),
            remote_addr: around.remote_addr,
            texts: around.texts.clone(),
            captured: AtomicBool::new(self.has_captured()),
            end: Mutex::new(None),
            notes: notes.map_or_else(OnceLock::new, |notes| OnceLock::from(Box::new(Mutex::new(notes)))),
        }))
    }
}
