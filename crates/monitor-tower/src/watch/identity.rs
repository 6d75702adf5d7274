//! What a request is called by, and which trace it belongs to.

use std::{borrow::Cow, net::IpAddr};

use http::HeaderMap;
use monitor_core::{RequestId, Scope, TraceContext, TraceId};

use super::facts::ReadHeaders;
use crate::{
    request::{head::RequestHead, headers::TRACESTATE},
    settings::Settings,
};

/// How a request is identified.
pub(crate) struct Identified<'a> {
    pub(crate) id: RequestId,
    pub(crate) trace: TraceContext,
    /// What the client sent and was not taken over, where it is valid.
    pub(crate) client_id: &'a str,
    pub(crate) client_trace_id: Option<TraceId>,
}

impl<'a> Identified<'a> {
    /// Inside another layer of ours, whose scope is `around`, the request has its identity already.
    #[inline]
    pub(crate) fn new(
        head: &RequestHead<'a>,
        read: &ReadHeaders<'a>,
        settings: &Settings,
        peer: Option<IpAddr>,
        around: Option<&'a Scope>,
    ) -> Self {
        if let Some(around) = around.filter(|around| around.is_request()) {
            return Self {
                id: around.id().clone(),
                trace: around.trace().clone(),
                client_id: around.client_request_id(),
                client_trace_id: around.client_trace_id(),
            };
        }
        let client_id = read.id.text().filter(|id| RequestId::is_acceptable(id));
        let (is_accepted, is_obeyed) = settings.id_policy.judge(peer);
        // One that holds what is to be masked is shown masked, beside one of our own.
        let is_harmless = |id: &&str| matches!(settings.monitor.redaction().text(id), Cow::Borrowed(_));
        let accepted_id = client_id.filter(|_| is_accepted).filter(is_harmless).and_then(RequestId::accept);
        let client_id = client_id.filter(|_| accepted_id.is_none()).unwrap_or_default();
        let id = accepted_id.unwrap_or_else(RequestId::new);
        // Two `traceparent` headers are none: section 3.2 of the Recommendation knows but one.
        let client_trace = read.traceparent.text().and_then(TraceContext::from_traceparent);
        let (trace, client_trace_id) = match client_trace {
            Some(trace) if is_accepted => {
                let trace = with_state(trace, head.headers).child();
                (if is_obeyed { trace } else { settings.monitor.sample(trace) }, None)
            }
            client => (settings.monitor.sample(TraceContext::of_request(&id)), client.map(|trace| trace.trace_id())),
        };
        Self { id, trace, client_id, client_trace_id }
    }
}

fn with_state(trace: TraceContext, headers: &HeaderMap) -> TraceContext {
    let values: Option<Vec<_>> = headers.get_all(&TRACESTATE).iter().map(|value| value.to_str().ok()).collect();
    trace.with_tracestate(values.unwrap_or_default())
}
