//! Breadcrumbs and error events from the log events of a scope.
//!
//! An error report is easier to understand with the log lines that led up to it. This layer copies them into the
//! current scope, and every error captured in the scope afterwards includes them.

use std::{error::Error, fmt};

use monitor_core::{
    CodeLocation, EventKind, Failure,
    instrument::{self, source_path, text},
    scope::{self, Breadcrumb, Scope},
};
use serde_json::{Map, Value};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
};
use tracing_subscriber::layer::{Context, Layer};

use crate::origin::{self, Origin, is_below, is_bridged, is_of_monitor};

/// Records every event at INFO and above as a breadcrumb of the current [scope](monitor_core::scope). An error captured
/// there later carries the breadcrumbs recorded so far.
///
/// A breadcrumb has the event's target as its category, the event's message, and the other fields as its data. A scope
/// stores the latest 100. A record of the `log` crate, forwarded by tracing-log, has the record's own target, and its
/// source location as `file` and `line`. Events outside a scope and events logged by the monitor itself are ignored.
///
/// # Example
///
/// ```
/// use monitor_kit::log::BreadcrumbLayer;
/// use tracing::level_filters::LevelFilter;
/// use tracing_subscriber::prelude::*;
///
/// let breadcrumbs = BreadcrumbLayer::new()
///     .level(LevelFilter::WARN)
///     .target("sqlx", LevelFilter::DEBUG)
///     .capture_errors(true);
/// let subscriber = tracing_subscriber::registry().with(breadcrumbs);
/// # drop(subscriber);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct BreadcrumbLayer {
    level: LevelFilter,
    targets: Vec<(String, LevelFilter)>,
    captures: bool,
}

impl BreadcrumbLayer {
    /// Creates a layer that records INFO and above for every target.
    pub fn new() -> Self {
        Self { level: LevelFilter::INFO, targets: Vec::new(), captures: false }
    }

    /// Sets the most verbose level that leaves breadcrumbs. Defaults to INFO.
    pub fn level(mut self, level: impl Into<LevelFilter>) -> Self {
        self.level = level.into();
        self
    }

    /// Sets another level for a target and the targets below it: `sqlx` includes `sqlx::query`. The longest matching
    /// target applies. Defaults to none.
    pub fn target(mut self, target: impl Into<String>, level: impl Into<LevelFilter>) -> Self {
        self.targets.push((target.into(), level.into()));
        self
    }

    /// Also captures events at ERROR as error events: as an error if the event has a field of type
    /// `dyn std::error::Error`, else as a message. Defaults to `false`.
    pub fn capture_errors(mut self, on: bool) -> Self {
        self.captures = on;
        self
    }

    fn keeps(&self, level: Level, target: &str) -> bool {
        let named = self.targets.iter().filter(|(prefix, _)| is_below(target, prefix));
        let least = named.max_by_key(|(prefix, _)| prefix.len()).map_or(self.level, |(_, level)| *level);
        level <= least && !is_of_monitor(target)
    }
}

impl Default for BreadcrumbLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Subscriber> Layer<S> for BreadcrumbLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        // Checked first: outside of a scope no field needs to be formatted.
        if !instrument::with_current(|scope| scope.is_some()) {
            return;
        }
        let (at, origin) = (*event.metadata().level(), Origin::of(event));
        let captures = self.captures && at == Level::ERROR && !is_of_monitor(&origin.target);
        let keeps = self.keeps(at, &origin.target);
        if !keeps && !captures {
            return;
        }
        let mut said = Said { is_bridged: is_bridged(event.metadata()), ..Said::default() };
        event.record(&mut said);
        if let Some(scope) = scope::current().filter(|_| captures) {
            said.capture(&scope, &origin);
        }
        if keeps {
            let crumb = Breadcrumb::new(origin.target, said.message).level(level(at));
            if said.data.is_empty() { crumb } else { crumb.data(said.data) }.add();
        }
    }
}

/// The message, error and other fields of an event.
#[derive(Default)]
struct Said {
    message: String,
    is_bridged: bool,
    /// The field of type `dyn Error`, with its causes.
    error: Option<Failure>,
    data: Map<String, Value>,
}

impl Said {
    fn capture(&self, scope: &Scope, origin: &Origin) {
        let message = || Failure::of_text(EventKind::Message, origin.target.clone(), &*self.message);
        let mut failure = self.error.clone().unwrap_or_else(message);
        failure.handled = true;
        let at = origin.file.as_deref().zip(origin.line);
        failure.location = at.map(|(file, line)| CodeLocation::of_line(file, line));
        scope.capture_failure(failure);
    }

    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        let name = match field.name() {
            origin::TARGET | origin::MODULE if self.is_bridged => return,
            origin::FILE if self.is_bridged => "file",
            origin::LINE if self.is_bridged => "line",
            name => name,
        };
        self.data.insert(name.to_owned(), value.into());
    }
}

impl Visit for Said {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => value.clone_into(&mut self.message),
            origin::FILE => self.put(field, source_path::shown(value)),
            _ => self.put(field, value),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &text::format(format_args!("{value:?}")));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.error = Some(Failure::new(EventKind::Error, value));
        self.put(field, text::format(format_args!("{value}")));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        match i64::try_from(value) {
            Ok(value) => self.put(field, value),
            // JSON values hold no more than 64 bits.
            Err(_) => self.put(field, value.to_string()),
        }
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        match u64::try_from(value) {
            Ok(value) => self.put(field, value),
            Err(_) => self.put(field, value.to_string()),
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }
}

fn level(level: Level) -> monitor_core::Level {
    match level {
        Level::ERROR => monitor_core::Level::Error,
        Level::WARN => monitor_core::Level::Warn,
        Level::INFO => monitor_core::Level::Info,
        Level::DEBUG | Level::TRACE => monitor_core::Level::Debug,
    }
}
