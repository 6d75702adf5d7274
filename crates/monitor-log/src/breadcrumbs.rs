//! Breadcrumbs, and error events, from what is logged in a scope.

use std::{error::Error, fmt};

use monitor_core::{
    CodeLocation, EventKind, ObservedError,
    scope::{self, Breadcrumb, Scope},
    source_path, text,
};
use serde_json::{Map, Value};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
};
use tracing_subscriber::layer::{Context, Layer};

use crate::origin::{self, Origin, is_below, is_bridged, is_of_monitor};

/// Leaves a breadcrumb in the current [scope](monitor_core::scope) for every event at INFO and above: an error captured
/// there later says what was logged on the way.
///
/// A breadcrumb's category is the event's target, its message the event's, its data the other fields; a scope keeps the
/// latest 100. A record of the `log` crate, passed on by tracing-log, has the record's target, and its place as `file` and
/// `line`. Outside a scope it does nothing. What the monitor logs itself leaves none.
///
/// # Example
///
/// ```
/// use monitor_kit::log::BreadcrumbLayer;
/// use tracing::level_filters::LevelFilter;
/// use tracing_subscriber::prelude::*;
///
/// let breadcrumbs = BreadcrumbLayer::new().target("sqlx", LevelFilter::DEBUG).capture_errors(true);
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
    /// Creates a layer that keeps INFO and above of every target.
    pub fn new() -> Self {
        Self { level: LevelFilter::INFO, targets: Vec::new(), captures: false }
    }

    /// Sets from which level on events leave breadcrumbs. Defaults to INFO.
    pub fn level(mut self, level: impl Into<LevelFilter>) -> Self {
        self.level = level.into();
        self
    }

    /// Sets another level for a target and those below it, such as `sqlx` and `sqlx::query`. Of several that fit the longest
    /// decides. Defaults to none.
    pub fn target(mut self, target: impl Into<String>, level: impl Into<LevelFilter>) -> Self {
        self.targets.push((target.into(), level.into()));
        self
    }

    /// Sets whether an event at ERROR is captured as an error event as well: with its field of type
    /// `dyn std::error::Error` as an error, without one as a message. Defaults to `false`.
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
        if !scope::look(|scope| scope.is_some()) {
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
            scope::add(if said.data.is_empty() { crumb } else { crumb.data(said.data) });
        }
    }
}

/// What an event says.
#[derive(Default)]
struct Said {
    message: String,
    is_bridged: bool,
    /// The error among the fields, with its causes.
    error: Option<ObservedError>,
    data: Map<String, Value>,
}

impl Said {
    fn capture(&self, scope: &Scope, origin: &Origin) {
        let message = || ObservedError {
            kind: EventKind::Message,
            handled: true,
            type_name: origin.target.clone(),
            message: self.message.clone(),
            chain: Vec::new(),
            location: None,
        };
        let at = origin.file.as_deref().zip(origin.line);
        let location = at.map(|(file, line)| CodeLocation::of_line(file, line));
        scope.capture_observed(ObservedError { location, ..self.error.clone().unwrap_or_else(message) });
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
        self.error = Some(ObservedError { handled: true, ..ObservedError::new(EventKind::Error, value) });
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
