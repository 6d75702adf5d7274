//! Conversion between traces of this crate and OpenTelemetry's.

use monitor_core::{Scope, TraceContext};
use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Sets the parent of `span`: the caller's span if the trace is continued, or the span ID of the layer around. If the
/// current span belongs to the same trace, it is a closer relative, and already the parent.
pub(crate) fn adopt(span: &Span, trace: &TraceContext, around: Option<&Scope>) {
    let is_inside = around.is_some_and(Scope::is_request);
    let parent = if is_inside { Some(trace.span_id()) } else { trace.parent_id() };
    let Some(parent) = parent else { return };
    if is_in(&Span::current(), trace) {
        return;
    }
    let parent = SpanContext::new(
        TraceId::from_bytes(trace.trace_id().to_bytes()),
        SpanId::from_bytes(parent.to_bytes()),
        TraceFlags::new(trace.flags()),
        !is_inside,
        trace.tracestate().parse().unwrap_or_else(|_| TraceState::default()),
    );
    // The span has not started yet, and without a layer of OpenTelemetry in the subscriber there is no parent to set.
    let _ = span.set_parent(Context::new().with_remote_span_context(parent));
}

/// Returns `trace` with the IDs of `span`, if the subscriber has a layer of OpenTelemetry.
pub(crate) fn of_span(span: &Span, trace: &TraceContext) -> TraceContext {
    let of_span = context_of(span);
    let (trace_id, span_id) = (of_span.trace_id().to_bytes(), of_span.span_id().to_bytes());
    trace.with_ids(trace_id, span_id, of_span.trace_flags().to_u8()).unwrap_or_else(|| trace.clone())
}

/// Returns `trace` with the IDs of the current span, if that belongs to the same trace.
pub(crate) fn of_current_span(trace: &TraceContext) -> Option<TraceContext> {
    let current = Span::current();
    is_in(&current, trace).then(|| of_span(&current, trace))
}

fn is_in(span: &Span, trace: &TraceContext) -> bool {
    context_of(span).trace_id().to_bytes() == trace.trace_id().to_bytes()
}

fn context_of(span: &Span) -> SpanContext {
    span.context().span().span_context().clone()
}
