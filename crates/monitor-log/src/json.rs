//! Writes one JSON object per line, straight from the event.
//!
//! A generic formatter builds a tree or a map for every event and serializes it. Here the keys of a callsite are
//! rendered once, and values are appended to one buffer per thread, redacted and escaped on the way.

mod buffer;
mod escape;
mod fields;
mod keys;
mod line_cache;
mod names;
mod request;
mod spans;
mod timestamp;

use std::{fmt, io, rc::Rc, time::Duration};

use monitor_core::{Monitor, Scope, clock, instrument::RequestEnd, scope};
use tracing::{
    Event, Level, Metadata, Subscriber,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    fmt::MakeWriter,
    layer::{Context, Layer},
    registry::LookupSpan,
};

pub use self::names::FieldNames;
use self::{
    escape::JsonText,
    fields::Fields,
    keys::{CallsiteKeys, Keys},
    names::{Names, Style},
    spans::{Recorder, SpanFields},
};
use crate::direct::Direct;

/// Writes every `tracing` event as one JSON object on its own line.
///
/// | key | value |
/// | --- | --- |
/// | `timestamp` | RFC 3339 in UTC with microseconds |
/// | `level`, `target` | the event's |
/// | `file`, `line` | source location, at WARN and above unless [`locations`](Self::locations) sets another level |
/// | `message` and the event's fields | under their own names; one that clashes with another key is called `name_2` |
/// | `request_id`, `trace_id` | of the [scope](monitor_core::scope), unless the event has a field of that name |
/// | `spans` | name and fields of the enclosing spans, outermost first; absent outside of spans |
/// | `service`, `release`, `environment` | the monitor's |
///
/// A record of the `log` crate, forwarded by tracing-log, has the record's own target and source location. The line of
/// a captured error has the location of the error; other lines of the monitor have none.
///
/// Every string is redacted with the monitor's rules, and the value of a key that names a secret is masked. Numbers
/// that JSON cannot represent are written as strings: `"NaN"`, `"Infinity"`, `"-Infinity"`. A text longer than 16 KiB
/// is cut and ends with its full length: `…[cut, 1048576 bytes]`.
///
/// The thread that logs also writes the line, unless the writer is a [`NonBlocking`](crate::NonBlocking). A line that
/// cannot be written is counted in `monitor_dropped_total` with reporter `log_writer`. A writer that would block is
/// retried for up to 100 ms.
///
/// # Example
///
/// ```
/// use monitor_kit::Monitor;
/// use monitor_kit::log::JsonLayer;
/// use tracing_subscriber::prelude::*;
///
/// let monitor = Monitor::builder("shop").build()?;
/// let subscriber = tracing_subscriber::registry().with(JsonLayer::new(&monitor).writer(std::io::stderr));
/// tracing::subscriber::with_default(subscriber, || tracing::info!(order_id = 123, "order_processed"));
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
///
/// # Example: names of OpenTelemetry, and locations at every level
///
/// ```
/// use monitor_kit::Monitor;
/// use monitor_kit::log::{FieldNames, JsonLayer};
/// use tracing::Level;
///
/// let monitor = Monitor::builder("shop").build()?;
/// let json = JsonLayer::new(&monitor).field_names(FieldNames::OpenTelemetry).locations(Level::TRACE);
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
pub struct JsonLayer<W = fn() -> io::Stdout> {
    lines: Direct<W>,
    texts: JsonText,
    style: Style,
    /// The constant end of every line, rendered once.
    tail: Box<str>,
    keys: CallsiteKeys,
}

impl JsonLayer {
    /// Creates a layer that writes to stdout, with service, release, environment and redaction of `monitor`.
    #[must_use]
    pub fn new(monitor: &Monitor) -> Self {
        let identity = monitor.identity().map_or_else(Default::default, |identity| {
            [identity.service(), identity.release(), identity.environment()].map(str::to_owned)
        });
        let texts = JsonText::new(monitor.redaction().clone());
        let style = Style { names: Names::of(FieldNames::Plain), locations: None, identity };
        Self {
            lines: Direct::new(io::stdout, monitor.drops_of("log_writer")),
            tail: tail(&style, &texts),
            texts,
            style,
            keys: CallsiteKeys::new(),
        }
    }
}

impl<W> JsonLayer<W> {
    /// Sets the writer, which receives each line in one call. Defaults to stdout.
    #[must_use]
    pub fn writer<W2>(self, writer: W2) -> JsonLayer<W2>
    where
        W2: for<'a> MakeWriter<'a> + 'static,
    {
        let Self { lines, texts, style, tail, keys } = self;
        JsonLayer { lines: lines.with_writer(writer), texts, style, tail, keys }
    }

    /// Sets the naming scheme of the keys. Defaults to [`FieldNames::Plain`].
    #[must_use]
    pub fn field_names(mut self, names: FieldNames) -> Self {
        self.style.names = Names::of(names);
        self.tail = tail(&self.style, &self.texts);
        self
    }

    /// Sets the most verbose level at which file and line are written; [`Level::TRACE`] means always. Defaults to
    /// [`Level::WARN`], or to [`Level::TRACE`] with [`FieldNames::Python`].
    #[must_use]
    pub fn locations(mut self, from: Level) -> Self {
        self.style.locations = Some(from);
        self
    }

    /// Writes the line of one event.
    fn event<S>(&self, line: &mut Vec<u8>, event: &Event<'_>, scope: Option<&Scope>, context: &Context<'_, S>)
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let keys = self.keys_of(event.metadata());
        let request = keys.request.as_ref().zip(scope.and_then(|scope| Some((scope, RequestEnd::of(scope)?))));
        match request {
            Some((keys, (scope, finished))) => {
                // The timestamp is the end of the request, not the time of the logging call.
                self.begin(line, clock::unix_time_at(finished.at));
                request::write(line, self.style.names, &self.texts, keys, scope, &finished);
            }
            None => {
                self.begin(line, clock::unix_time());
                line.extend_from_slice(&keys.head);
                event.record(&mut Fields { line, keys: &keys, texts: &self.texts });
                if let Some(scope) = scope.filter(|_| !keys.has_request_id) {
                    self.request_id(line, scope);
                }
                if let Some(scope) = scope.filter(|_| !keys.has_trace_id) {
                    self.trace_id(line, scope);
                }
            }
        }
        self.spans(line, event, context);
        line.extend_from_slice(self.tail.as_bytes());
    }

    fn begin(&self, line: &mut Vec<u8>, at: Duration) {
        line.extend_from_slice(self.style.names.begin.as_bytes());
        timestamp::write(line, at);
    }

    fn keys_of(&self, metadata: &'static Metadata<'static>) -> Rc<Keys> {
        self.keys.of(metadata, || Keys::new(metadata, &self.style, &self.texts))
    }

    fn request_id(&self, line: &mut Vec<u8>, scope: &Scope) {
        line.extend_from_slice(self.style.names.request_id.as_bytes());
        scope.id().append_to(line);
        line.push(b'"');
    }

    fn trace_id(&self, line: &mut Vec<u8>, scope: &Scope) {
        line.extend_from_slice(self.style.names.trace_id.as_bytes());
        scope.trace().trace_id().append_to(line);
        line.push(b'"');
    }

    fn spans<S>(&self, line: &mut Vec<u8>, event: &Event<'_>, context: &Context<'_, S>)
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let Some(around) = context.event_scope(event) else { return };
        for (number, span) in around.from_root().enumerate() {
            line.extend_from_slice(if number == 0 { self.style.names.spans.as_bytes() } else { b"," });
            if number == 0 {
                line.push(b'[');
            }
            match span.extensions().get::<SpanFields>() {
                Some(fields) => fields.write(line, span.metadata()),
                None => SpanFields::default().write(line, span.metadata()),
            }
        }
        line.push(b']');
    }
}

impl<S, W> Layer<S> for JsonLayer<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = SpanFields::default();
        let keys = self.keys_of(attributes.metadata());
        attributes.record(&mut Recorder { fields: &mut fields, keys: &keys, texts: &self.texts });
        span.extensions_mut().replace(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let keys = self.keys_of(span.metadata());
        if let Some(fields) = span.extensions_mut().get_mut::<SpanFields>() {
            values.record(&mut Recorder { fields, keys: &keys, texts: &self.texts });
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        buffer::lend(|line| {
            // Owned, not borrowed: the `Debug` of a field may log, and that event needs the current scope as well.
            let scope = scope::current();
            self.event(line, event, scope.as_ref(), &context);
            self.lines.write(event.metadata(), line);
        });
    }
}

impl<W> fmt::Debug for JsonLayer<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonLayer").field("style", &self.style).finish_non_exhaustive()
    }
}

fn tail(style: &Style, texts: &JsonText) -> Box<str> {
    let mut tail = Vec::new();
    for (key, value) in style.constants() {
        if !value.is_empty() {
            tail.extend_from_slice(key.as_bytes());
            texts.write(&mut tail, value);
        }
    }
    tail.extend_from_slice(b"}\n");
    String::from_utf8_lossy(&tail).into()
}
