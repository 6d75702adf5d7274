//! Traces of ours in OpenTelemetry's terms.

use monitor_core::TraceContext;
use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Makes the caller's span the parent of `span`, where the trace was continued and no span of it is around this one.
pub(crate) fn adopt(span: &Span, trace: &TraceContext) {
    let Some(parent) = trace.parent_id() else { return };
    if Span::current().context().span().span_context().trace_id().to_bytes() == trace.trace_id().to_bytes() {
        return;
    }
    let flags = if trace.is_sampled() { TraceFlags::SAMPLED } else { TraceFlags::default() };
    let parent = SpanContext::new(
        TraceId::from_bytes(trace.trace_id().to_bytes()),
        SpanId::from_bytes(parent.to_bytes()),
        flags,
        true,
        trace.tracestate().parse().unwrap_or_else(|_| TraceState::default()),
    );
    // It has begun nowhere yet; and where nobody takes spans there is nothing to set.
    let _ = span.set_parent(Context::new().with_remote_span_context(parent));
}

/// Returns `trace` with the identifiers of `span`, where OpenTelemetry takes spans.
pub(crate) fn in_span(span: &Span, trace: &TraceContext) -> TraceContext {
    let context = span.context();
    let of_span = context.span().span_context().clone();
    let (trace_id, span_id) = (of_span.trace_id().to_bytes(), of_span.span_id().to_bytes());
    trace.with_ids(trace_id, span_id, of_span.is_sampled()).unwrap_or_else(|| trace.clone())
}
