//! Human-readable lines for development: time, level, target, message and fields, optionally in colour.

mod error;

use std::{
    borrow::Cow,
    fmt::{self, Write as _},
    io,
};

use monitor_core::{
    ErrorType, Monitor, clock, escape,
    instrument::{REQUEST_TARGET, RedactedRequest, RequestEnd, source_path, text},
    scope::{self, Scope},
};
use monitor_redact::{FILTERED, Redaction};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::MakeWriter,
    layer::{Context, Layer},
};

use crate::{
    direct::Direct,
    origin::{Origin, is_bridged, is_of_monitor},
};

/// Writes every `tracing` event as a human-readable line, for terminals and development, where no program parses the
/// log.
///
/// Strings are redacted as in [`JsonLayer`](crate::JsonLayer). The line at the end of a request sums it up:
///
/// ```text
/// 12:30:00.250 ERROR request_error GET /error 500 in 0.41 ms, panic  request_id=0b6c7c2e-7a9e-4d0a-9d55-6f1c2b3a4d5e
/// ```
///
/// A captured error is a block of short lines that ends with the program's own stack frames:
///
/// ```text
/// 12:30:00.251 ERROR unhandled_exception: attempt to divide by zero
///     panic at src/fault.rs:23:6
///     GET /error
///     request_id=0b6c7c2e-7a9e-4d0a-9d55-6f1c2b3a4d5e
///     fingerprint=84e3b4bc9b0b4ad9b1a02f6c16e6ed33
///     in shop::fault::divide
///        at src/fault.rs:23:6
/// ```
///
/// A line at WARN and above ends with `file` and `line` of the logging call, except for events of the monitor itself.
///
/// # Example
///
/// ```
/// use std::io::{self, IsTerminal};
/// use monitor_kit::Monitor;
/// use monitor_kit::log::ReadableLayer;
/// use tracing_subscriber::prelude::*;
///
/// let monitor = Monitor::builder("shop").build()?;
/// let lines = ReadableLayer::new(&monitor).writer(io::stderr).colours(io::stderr().is_terminal());
/// tracing_subscriber::registry().with(lines).init();
/// tracing::info!(order_id = 123, "order_processed");
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
pub struct ReadableLayer<W = fn() -> io::Stdout> {
    lines: Direct<W>,
    redaction: Redaction,
    colours: bool,
}

impl ReadableLayer {
    /// Creates a layer that writes to stdout without colours, with the redaction of `monitor`.
    #[must_use]
    pub fn new(monitor: &Monitor) -> Self {
        let lines = Direct::new(io::stdout as _, monitor.drops_of("log_writer"));
        Self { lines, redaction: monitor.redaction().clone(), colours: false }
    }
}

impl<W> ReadableLayer<W> {
    /// Sets the writer, which receives each line in one call. Defaults to stdout.
    #[must_use]
    pub fn writer<W2>(self, writer: W2) -> ReadableLayer<W2>
    where
        W2: for<'a> MakeWriter<'a> + 'static,
    {
        let Self { lines, redaction, colours } = self;
        ReadableLayer { lines: lines.with_writer(writer), redaction, colours }
    }

    /// Enables ANSI colours for levels and names. Defaults to `false`.
    #[must_use]
    pub fn colours(mut self, on: bool) -> Self {
        self.colours = on;
        self
    }

    fn line(&self, event: &Event<'_>, scope: Option<&Scope>) -> String {
        let metadata = event.metadata();
        let mut line = Line {
            text: String::new(),
            fields: String::new(),
            is_bridged: false,
            redaction: &self.redaction,
            colours: self.colours,
        };
        line.paint(DIM, clock::rfc3339(clock::wall()).get(11..23).unwrap_or_default());
        line.text.push(' ');
        line.paint(colour_of(*metadata.level()), &format!("{:>5}", metadata.level().as_str()));
        line.text.push(' ');
        let finished = scope.and_then(|scope| Some((scope, RequestEnd::of(scope)?)));
        match finished.filter(|_| metadata.target() == REQUEST_TARGET) {
            Some((scope, finished)) => line.request(metadata.name(), scope, &finished),
            None if error::is_error(metadata) => error::write(&mut line, event),
            None => line.event(event),
        }
        let fields = std::mem::take(&mut line.fields);
        line.text.push_str(&fields);
        if let Some(scope) = scope {
            let _ = write!(line.text, "  ");
            line.paint(DIM, &format!("request_id={}", scope.id()));
        }
        line.text.push('\n');
        line.text
    }
}

impl<S, W> Layer<S> for ReadableLayer<W>
where
    S: Subscriber,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        // Owned, not borrowed: the `Debug` of a field may log, and that event needs the current scope as well.
        let line = self.line(event, scope::current().as_ref());
        self.lines.write(event.metadata(), line.as_bytes());
    }
}

impl<W> fmt::Debug for ReadableLayer<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadableLayer").field("colours", &self.colours).finish_non_exhaustive()
    }
}

/// A line under construction. Fields are buffered, because the message may be visited after them.
struct Line<'a> {
    text: String,
    fields: String,
    is_bridged: bool,
    redaction: &'a Redaction,
    colours: bool,
}

impl Line<'_> {
    fn paint(&mut self, colour: &str, text: &str) {
        if self.colours {
            let _ = write!(self.text, "\x1b[{colour}m{text}\x1b[0m");
        } else {
            self.text.push_str(text);
        }
    }

    fn event(&mut self, event: &Event<'_>) {
        let (metadata, origin) = (event.metadata(), Origin::of(event));
        let target = self.shown("", &origin.target);
        self.paint(DIM, &target);
        self.text.push_str(": ");
        self.is_bridged = is_bridged(metadata);
        event.record(self);
        let is_located = *metadata.level() <= Level::WARN && !is_of_monitor(&origin.target);
        if let Some((file, at)) = origin.file.zip(origin.line).filter(|_| is_located) {
            let file = self.shown("", &source_path::shown(&file));
            self.field("file", &file);
            self.field("line", &at.to_string());
        }
    }

    fn request(&mut self, name: &str, scope: &Scope, finished: &RequestEnd) {
        let (ending, took) = (finished.ending, finished.duration.as_secs_f64() * 1_000.0);
        let path = RedactedRequest::of(scope).path().redacted();
        let (method, path) = (scope.method().as_str(), escape::readable(&path));
        let _ = write!(self.text, "{name} {method} {path} {} in {took:.2} ms", ending.status);
        if let Some(failed) =
            ending.error_type().map(ErrorType::label).filter(|failed| *failed != ending.status.to_string())
        {
            let _ = write!(self.text, ", {failed}");
        }
    }

    fn field(&mut self, name: &str, text: &str) {
        if self.is_bridged && name.starts_with("log.") {
            return;
        }
        let name = &*escape::readable(name);
        let name = if self.colours { format!("\x1b[{DIM}m{name}\x1b[0m") } else { name.to_owned() };
        let _ = write!(self.fields, " {name}={text}");
    }

    /// Returns the text redacted, with terminal control sequences escaped.
    fn shown(&self, name: &str, text: &str) -> String {
        escape::readable(&self.redacted(name, text)).into_owned()
    }

    fn redacted<'t>(&self, name: &str, text: &'t str) -> Cow<'t, str> {
        if self.redaction.masks(name) { FILTERED.into() } else { self.redaction.bounded(text) }
    }
}

impl Visit for Line<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        let shown = self.redacted(field.name(), value);
        match field.name() {
            "message" => self.text.push_str(&escape::readable(&shown)),
            name => self.field(name, &escape::quoted(&shown)),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = text::format(format_args!("{value:?}"));
        let shown = self.redacted(field.name(), &text);
        match field.name() {
            "message" => self.text.push_str(&escape::readable(&shown)),
            name if is_one(&shown) => self.field(name, &escape::readable(&shown)),
            name => self.field(name, &escape::quoted(&shown)),
        }
    }
}

/// Returns whether a value is unambiguous without further quotation marks: a single word, or already quoted.
fn is_one(text: &str) -> bool {
    let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    match quoted {
        Some(inside) => {
            let unescaped = inside.replace("\\\\", "").replace("\\\"", "");
            !unescaped.contains('"') && !unescaped.ends_with('\\')
        }
        None => !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '=' | '\\')),
    }
}

/// Returns the ANSI colour of a level.
fn colour_of(level: Level) -> &'static str {
    match level {
        Level::ERROR => "1;31",
        Level::WARN => "33",
        Level::INFO => "32",
        Level::DEBUG => "34",
        Level::TRACE => "35",
    }
}

const DIM: &str = "2";
