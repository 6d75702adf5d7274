//! Trace context: the trace that a unit of work belongs to, as defined by the W3C's [Trace Context Level 2] and sent in
//! the headers `traceparent` and `tracestate`.
//!
//! [Trace Context Level 2]: https://www.w3.org/TR/trace-context-2/

mod ids;
mod state;

use std::{fmt, sync::Arc};

use uuid::Uuid;

use self::ids::hex;
pub use self::ids::{SpanId, TraceId};
use super::request_id::RequestId;

/// The trace of a unit of work, and its own span within the trace.
///
/// Displayed as the value of a `traceparent` header.
///
/// # Example
///
/// ```
/// use monitor_kit::TraceContext;
///
/// let caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let ours = TraceContext::from_traceparent(caller).expect("it is valid").child();
/// assert_eq!(ours.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
/// assert_eq!(ours.parent_id().map(|id| id.to_string()).as_deref(), Some("00f067aa0ba902b7"));
/// assert_eq!(ours.to_string(), format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{}-01", ours.span_id()));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TraceContext {
    trace_id: TraceId,
    span_id: SpanId,
    parent_id: Option<SpanId>,
    flags: u8,
    state: Option<Arc<str>>,
}

// === impl TraceContext ===

impl TraceContext {
    /// Starts a trace that is not sampled. Its random flag is set.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "two of them are never equal")]
    pub fn new() -> Self {
        Self::begin(Uuid::new_v4())
    }

    /// Starts the trace of a request. If the request ID was created here, the trace ID has the same digits.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::{RequestId, TraceContext};
    ///
    /// let id = RequestId::new();
    /// let trace = TraceContext::of_request(&id);
    /// assert_eq!(trace.trace_id().to_string(), id.to_string().replace('-', ""));
    /// ```
    #[must_use]
    #[inline]
    pub fn of_request(id: &RequestId) -> Self {
        Self::begin(id.as_uuid().unwrap_or_else(Uuid::new_v4))
    }

    #[inline]
    fn begin(id: Uuid) -> Self {
        // A version 4 UUID is never zero, and its last 7 bytes are random, as the random flag promises.
        let trace_id = TraceId::of_uuid(id);
        let span_id = SpanId::first_of(id);
        Self { trace_id, span_id, parent_id: None, flags: RANDOM, state: None }
    }

    /// Returns the context with the IDs and [trace flags](Self::flags) of a tracer. In the same trace, it keeps its
    /// parent ID, random flag and `tracestate`; in another trace it drops them. Returns `None` if an ID is zero.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::TraceContext;
    ///
    /// let ours = TraceContext::new();
    /// let exported = ours.with_ids(ours.trace_id().to_bytes(), 0xb7_u64.to_be_bytes(), 1).expect("no ID is zero");
    /// assert_eq!(exported.to_string(), format!("00-{}-00000000000000b7-03", ours.trace_id()));
    /// assert_eq!(ours.with_ids([0; 16], [1; 8], 1), None);
    /// ```
    #[must_use]
    pub fn with_ids(&self, trace_id: [u8; 16], span_id: [u8; 8], flags: u8) -> Option<Self> {
        let (trace_id, span_id) = (u128::from_be_bytes(trace_id), u64::from_be_bytes(span_id));
        let (trace_id, span_id) = (TraceId::from_number(trace_id)?, SpanId::from_number(span_id)?);
        let flags = flags & KNOWN_FLAGS;
        Some(if trace_id == self.trace_id {
            Self { span_id, flags: flags | self.flags & RANDOM, ..self.clone() }
        } else {
            Self { trace_id, span_id, parent_id: None, flags, state: None }
        })
    }

    /// Parses the value of a `traceparent` header: the context of the sender. Returns `None` if it is not valid; the
    /// caller must then start a new trace.
    ///
    /// Of an unknown later version, the fields of version 00 are parsed (section 3.2.4).
    #[must_use]
    pub fn from_traceparent(value: &str) -> Option<Self> {
        let value = value.trim_matches([' ', '\t']).as_bytes();
        let (known, rest) = value.split_at_checked(KNOWN)?;
        let version = hex(&known[..2])?;
        // A later version may append fields after a hyphen; version ff is invalid.
        let is_whole = if version == 0 { rest.is_empty() } else { rest.first().is_none_or(|byte| *byte == b'-') };
        let is_divided = [2, 35, 52].into_iter().all(|at| known[at] == b'-');
        if version == 0xff || !is_whole || !is_divided {
            return None;
        }
        Some(Self {
            trace_id: TraceId::from_number(hex(&known[3..35])?)?,
            span_id: SpanId::from_number(u64::try_from(hex(&known[36..52])?).ok()?)?,
            parent_id: None,
            flags: u8::try_from(hex(&known[53..])?).ok()? & KNOWN_FLAGS,
            state: None,
        })
    }

    /// Parses the values of all `tracestate` headers, which must come from the same request as the `traceparent`. An
    /// invalid list is discarded.
    ///
    /// Keys follow the grammar of Level 2, which includes that of Level 1. Of a repeated key, the first member is used.
    /// Beyond 512 characters, members longer than 128 characters are removed first, then the last ones (section
    /// 3.3.1.5).
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::TraceContext;
    ///
    /// let (traceparent, tracestate) =
    ///     ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", ["rojo=00f067aa0ba902b7", "congo=t61rcWkgMzE"]);
    /// let caller = TraceContext::from_traceparent(traceparent).expect("it is valid").with_tracestate(tracestate);
    /// assert_eq!(caller.child().tracestate(), "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
    /// ```
    #[must_use]
    pub fn with_tracestate<'a>(mut self, values: impl IntoIterator<Item = &'a str>) -> Self {
        self.state = state::read(values);
        self
    }

    /// Returns the same context with the sampled flag set or cleared.
    ///
    /// # Example
    ///
    /// ```
    /// use monitor_kit::TraceContext;
    ///
    /// assert!(!TraceContext::new().is_sampled());
    /// assert!(TraceContext::new().with_sampled(true).is_sampled());
    /// ```
    #[must_use]
    #[inline]
    pub fn with_sampled(mut self, sampled: bool) -> Self {
        self.flags = self.flags & !SAMPLED | u8::from(sampled);
        self
    }

    /// Returns the context of work that this work causes: the same trace with a new span.
    #[must_use]
    pub fn child(&self) -> Self {
        Self { span_id: SpanId::new(), parent_id: Some(self.span_id), ..self.clone() }
    }

    /// Returns the ID of the trace.
    #[must_use]
    pub fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// Returns the ID of this work's own span.
    #[must_use]
    pub fn span_id(&self) -> SpanId {
        self.span_id
    }

    /// Returns the ID of the parent span, or `None` if the trace started here.
    #[must_use]
    pub fn parent_id(&self) -> Option<SpanId> {
        self.parent_id
    }

    /// Returns `true` if the trace is marked as sampled.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// Returns the trace flags: 1 if the trace is sampled, plus 2 if the last 7 bytes of its ID are random.
    #[must_use]
    pub fn flags(&self) -> u8 {
        self.flags
    }

    /// Returns the value of the `tracestate` header, with the data of other tracing systems; empty if there is none.
    #[must_use]
    pub fn tracestate(&self) -> &str {
        self.state.as_deref().unwrap_or_default()
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{:02x}", self.trace_id, self.span_id, self.flags)
    }
}

/// Length of a `traceparent` of version 00, in bytes. Later versions begin with the same fields.
const KNOWN: usize = 55;
const SAMPLED: u8 = 0b01;
/// Flag of Level 2: the last 7 bytes of the trace ID are random.
const RANDOM: u8 = 0b10;
const KNOWN_FLAGS: u8 = SAMPLED | RANDOM;
#[cfg(test)]
mod tests;
