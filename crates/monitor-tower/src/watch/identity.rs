//! The identity of a request: its request ID and its trace.

use std::{borrow::Cow, net::IpAddr};

use http::HeaderMap;
use monitor_core::{
    RequestId, Scope, TraceContext, TraceHeaders, TraceId,
    instrument::{self, panic},
};

use super::read_headers::ReadHeaders;
use crate::{
    request::{head::RequestHead, own_headers::TRACESTATE},
    settings::Settings,
};

/// The identity of a request.
pub(crate) struct Identified<'a> {
    pub(crate) id: RequestId,
    pub(crate) trace: TraceContext,
    /// The request ID that the client sent, if it is valid and was not adopted; otherwise empty.
    pub(crate) client_id: &'a str,
    pub(crate) client_trace_id: Option<TraceId>,
}

impl<'a> Identified<'a> {
    /// Returns the identity of a request. Inside another layer of this crate, with the scope `around`, it is inherited.
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
        // An ID that redaction would mask is not adopted: the log shows it masked, next to a new ID.
        let is_harmless = |id: &&str| matches!(settings.monitor.redaction().text(id), Cow::Borrowed(_));
        let accepted_id = client_id.filter(|_| is_accepted).filter(is_harmless).and_then(RequestId::accept);
        let client_id = client_id.filter(|_| accepted_id.is_none()).unwrap_or_default();
        let id = accepted_id.unwrap_or_else(RequestId::new);
        // A repeated `traceparent` header is ignored: section 3.2 of the Recommendation allows only one.
        let client_trace = read.traceparent.text().and_then(TraceContext::from_traceparent);
        let formats = instrument::trace_headers(&settings.monitor);
        let client_trace = if client_trace.is_none() && !formats.is_empty() {
            of_other_headers(formats, head.headers)
        } else {
            client_trace
        };
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

/// Returns the caller's trace in one of the formats that the program has added.
#[cold]
fn of_other_headers(formats: &[Box<dyn TraceHeaders>], headers: &HeaderMap) -> Option<TraceContext> {
    let header = |name: &str| {
        let mut values = headers.get_all(name).iter();
        values.next().filter(|_| values.next().is_none())?.to_str().ok()
    };
    let read = panic::catch(|| formats.iter().find_map(|format| format.read(&header)));
    read.unwrap_or_else(|caught| {
        caught.drop_payload();
        None
    })
}

fn with_state(trace: TraceContext, headers: &HeaderMap) -> TraceContext {
    let values: Option<Vec<_>> = headers.get_all(&TRACESTATE).iter().map(|value| value.to_str().ok()).collect();
    trace.with_tracestate(values.unwrap_or_default())
}
