//! A snapshot of a scope, for the event of an error.

use super::Scope;
use crate::event::ScopeRecord;

impl Scope {
    /// Returns a snapshot of the scope.
    pub(crate) fn record(&self) -> ScopeRecord {
        let notes = self.noted().map(|notes| notes.clone()).unwrap_or_default();
        ScopeRecord {
            request_id: Some(self.id().clone()),
            trace_id: Some(self.trace().trace_id()),
            span_id: Some(self.trace().span_id()),
            client_trace_id: self.client_trace_id(),
            client_request_id: self.client_request_id().to_owned(),
            method: self.is_request().then(|| self.method()),
            route: self.route().to_owned(),
            path: self.path().to_owned(),
            user_agent: self.user_agent().to_owned(),
            remote_addr: self.remote_addr().map(|addr| addr.to_string()).unwrap_or_default(),
            user: notes.user,
            tags: notes.tags,
            contexts: notes.contexts,
            breadcrumbs: notes.breadcrumbs.into(),
            fingerprint: notes.fingerprint,
        }
    }
}
