//! The interface of trace formats other than `traceparent`.

use std::fmt;

use super::trace_context::TraceContext;

/// A format in which services pass traces on, besides `traceparent`, which is always read and written. Set by
/// [`MonitorBuilder::trace_headers`](crate::MonitorBuilder::trace_headers).
///
/// The layers of `monitor-tower` call it for each request that has no valid `traceparent`, and for each outgoing one,
/// so it must not block. A panic in it is caught; the request then begins a trace of its own, or is sent without these
/// headers.
///
/// # Example: the single header of B3
///
/// ```
/// use monitor_kit::{Monitor, TraceContext, TraceHeaders};
///
/// struct B3;
///
/// impl TraceHeaders for B3 {
///     fn read<'h>(&self, header: &dyn Fn(&str) -> Option<&'h str>) -> Option<TraceContext> {
///         let mut parts = header("b3")?.split('-');
///         let (trace, span) = (parts.next()?, parts.next()?);
///         let flags = if parts.next() == Some("1") { "01" } else { "00" };
///         TraceContext::from_traceparent(&format!("00-{trace:0>32}-{span}-{flags}"))
///     }
///
///     fn write(&self, trace: &TraceContext, set: &mut dyn FnMut(&'static str, String)) {
///         let sampled = u8::from(trace.is_sampled());
///         set("b3", format!("{}-{}-{sampled}", trace.trace_id(), trace.span_id()));
///     }
/// }
///
/// let monitor = Monitor::builder("shop").trace_headers(B3).build()?;
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
pub trait TraceHeaders: Send + Sync + 'static {
    /// Returns the caller's trace, with the caller's span; `None` if its headers are missing or malformed.
    ///
    /// `header` returns the value of an incoming header by its lower-case name, if there is exactly one and it is text.
    fn read<'h>(&self, header: &dyn Fn(&str) -> Option<&'h str>) -> Option<TraceContext>;

    /// Passes the headers of an outgoing request to `set`, by name and value. Existing ones are replaced.
    fn write(&self, trace: &TraceContext, set: &mut dyn FnMut(&'static str, String));
}

/// The formats of a monitor.
#[derive(Default)]
pub(crate) struct TraceFormats(pub(crate) Vec<Box<dyn TraceHeaders>>);

impl fmt::Debug for TraceFormats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TraceFormats").field(&self.0.len()).finish()
    }
}
