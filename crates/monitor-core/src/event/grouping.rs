//! Grouping of events into issues, and the explanation of each grouping.
//!
//! Two events belong to one issue if their *grouping* is equal. The first of these rules that applies decides:
//!
//! | basis | common to all events of an issue |
//! | --- | --- |
//! | `custom` | the parts given to [`set_fingerprint`](crate::scope::set_fingerprint) |
//! | `status` | a bare 5xx or failed call: status, method and route |
//! | `message` | a captured message: file, column and message |
//! | `function` | kind, type and causes, the innermost function of the program's own, file and column, message |
//! | `location` | kind, type and causes, file, line and column, message; if the backtrace names no function |
//! | `route` | an error without a backtrace: kind, type and causes, file and column where known, route, message |
//!
//! The part `{{ default }}` of a `custom` grouping stands for the parts of the first other rule that applies.
//!
//! File, line and column are the location of the panic, or of the call that captured the error. Variable parts of a
//! message are replaced: addresses, hosts, identifiers, dates, numbers, quoted texts. Request, thread, process and
//! release are never part of a grouping. The line is not part of it when the function is known, so an edit further up
//! in the file opens no new issue.
//!
//! # Effect of the build profile
//!
//! | build | function | is the line part of the grouping? |
//! | --- | --- | --- |
//! | `debug = 2` or `1` | path of the function | no |
//! | `debug = "line-tables-only"` | path of the function; name and file if it was inlined | if it was inlined |
//! | `debug = 0`, cargo's default for `--release` | path of the function that the code was compiled into | yes |
//! | `strip = "symbols"` | none | yes |
//!
//! Without debug information, the line takes part because another function may have been inlined into the named one.
//!
//! `debug = 1` in the release profile costs nothing at run time, and keeps issues together across releases.
//!
//! # Limits
//!
//! The type of an error captured as a `dyn Error` is known if the program registered it with
//! [`ErrorSettings::error_type`](crate::ErrorSettings::error_type). Otherwise it is the beginning of its `Debug`
//! output, or `error` if that is not a name. Renaming a function opens a new issue.

mod function;
pub(crate) mod in_app;
mod part;
pub(crate) mod template;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::part::{Basis, Part};
use super::{ErrorEvent, EventKind, Frame};
use crate::model::{
    code_location::CodeLocation,
    fingerprint::{Fingerprint, VERSION},
    method::KnownMethod,
    source_path,
};

/// The properties an event is grouped by. Two events with the same grouping belong to one issue.
///
/// See the [module docs](self). The [`Display`](fmt::Display) implementation lists what the events of an issue have in
/// common.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Grouping {
    /// Version of the rules. Each version has its own fingerprints.
    pub version: u32,
    /// The rule that applied.
    pub basis: Basis,
    /// Properties that all events of the issue share.
    pub parts: Vec<Part>,
}

// === impl Grouping ===

impl Grouping {
    /// Groups an event. The event must be redacted.
    pub(crate) fn of(event: &ErrorEvent) -> Self {
        let default = Self::default_of(event);
        match &*event.scope.fingerprint {
            [] => default,
            given => {
                let expand = |part: &String| match part.trim_matches(['{', '}', ' ']) {
                    "default" if part.starts_with("{{") => default.parts.clone(),
                    _ => vec![Part::Custom(part.clone())],
                };
                Self { basis: Basis::Custom, parts: given.iter().flat_map(expand).collect(), ..default }
            }
        }
    }

    fn default_of(event: &ErrorEvent) -> Self {
        let own = event.backtrace.iter().find(|frame| frame.in_app);
        let place = event.failure.location.as_ref();
        let route = || [Part::Route(event.scope.route.clone())];
        let mut parts = vec![Part::Kind(event.failure.kind)];
        let basis = match (event.failure.kind, own) {
            (EventKind::Status, _) => {
                let method = event.scope.method.map_or("", KnownMethod::as_str).to_owned();
                parts.extend([Part::Type(event.failure.type_name.to_string()), Part::Method(method)]);
                parts.extend(route());
                return Self { version: VERSION, basis: Basis::Status, parts };
            }
            (EventKind::Message, _) => {
                parts.extend(place.map(file));
                parts.extend(place.and_then(column));
                Basis::Message
            }
            (_, Some(own)) => {
                parts.extend(types(event));
                parts.extend(function(own, place));
                Basis::Function
            }
            // Without a backtrace, the route still identifies the handler.
            (kind, None) if kind != EventKind::Panic && event.backtrace.is_empty() => {
                parts.extend(types(event));
                parts.extend(place.map(file));
                parts.extend(place.and_then(column));
                parts.extend(route());
                Basis::Route
            }
            (_, None) => {
                parts.extend(types(event));
                parts.extend(place.into_iter().flat_map(exactly));
                Basis::Location
            }
        };
        parts.push(Part::Message(template::template(&event.failure.message)));
        Self { version: VERSION, basis, parts }
    }

    /// Returns the message that the events share, with its variable parts replaced.
    pub(crate) fn message(&self) -> String {
        let message = |part: &Part| if let Part::Message(message) = part { Some(message.clone()) } else { None };
        self.parts.iter().find_map(message).unwrap_or_default()
    }

    /// Replaces the message. The issue keeps the fingerprint computed from the original message.
    pub(crate) fn change_message(&mut self, f: impl Fn(&str) -> String) {
        for part in &mut self.parts {
            if let Part::Message(message) = part {
                *message = f(message);
            }
        }
    }

    /// Returns the fingerprint of the issue.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let texts = self.parts.iter().flat_map(|part| [part.label().to_owned(), part.text()]);
        Fingerprint::of_parts(self.version, texts)
    }

    fn has(&self, is_part: impl Fn(&Part) -> bool) -> bool {
        self.parts.iter().any(is_part)
    }
}

/// Returns the type of the error and those of its causes. A panic with a text payload has no type.
fn types(event: &ErrorEvent) -> impl Iterator<Item = Part> {
    let is_typed = event.failure.kind != EventKind::Panic || event.failure.type_name != EventKind::Panic.as_str();
    let own = is_typed.then(|| Part::Type(event.failure.type_name.to_string()));
    own.into_iter().chain(event.failure.chain.iter().map(|cause| Part::Cause(cause.type_name.clone())))
}

/// Returns the function, and the location in it.
fn function(own: &Frame, place: Option<&CodeLocation>) -> Vec<Part> {
    let name = function::stable(&own.function);
    let file_of_frame = own.location.as_ref().map(|at| match place {
        // The path as passed to the compiler does not depend on the machine.
        Some(place) if source_path::is_same(&at.file, &place.file) => place.file.as_str(),
        _ => at.file.as_str(),
    });
    // The line is needed if the function is ambiguous: two functions of one file may share a name, and without debug
    // information the failing function may have been inlined into the named one.
    let is_certain = function::has_path(&name) && own.location.is_some();
    let function = match file_of_frame {
        _ if name.is_empty() => None,
        Some(file) if !function::has_path(&name) => Some(format!("{name} in {}", source_path::stable(file))),
        _ => Some(name),
    };
    let mut parts: Vec<_> = function.map(Part::Function).into_iter().collect();
    match place.or(own.location.as_ref()) {
        Some(place) if is_certain => {
            parts.push(file(place));
            parts.extend(column(place));
        }
        Some(place) => parts.extend(exactly(place)),
        None => {}
    }
    parts
}

/// Returns file, line and column.
fn exactly(place: &CodeLocation) -> [Part; 3] {
    [file(place), Part::Line(place.line), Part::Column(place.column)]
}

fn file(place: &CodeLocation) -> Part {
    Part::File(source_path::stable(&place.file).into_owned())
}

/// Returns the column in a file of the program's own. In a dependency, the column changes with its version.
fn column(place: &CodeLocation) -> Option<Part> {
    (!source_path::is_foreign(&place.file)).then_some(Part::Column(place.column))
}

/// Returns the template of a message.
// No example: fuzzers call it.
#[cfg(fuzzing)]
#[must_use]
pub fn template_of(message: &str) -> String {
    template::template(message)
}

impl fmt::Display for Grouping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("These events are one issue because all of them\n")?;
        for part in &self.parts {
            writeln!(f, "- {part}")?;
        }
        let has_line = self.has(|part| matches!(part, Part::Line(_)));
        if has_line {
            f.write_str("The line takes part because the build does not name the function for certain.\n")?;
        }
        let line = if has_line { "" } else { "line, " };
        let route = if self.has(|part| matches!(part, Part::Route(_))) { "" } else { "route, " };
        writeln!(f, "Their {line}{route}request, user, thread, process and release may differ.")?;
        write!(f, "Grouped by {}, version {} of the rules.", self.basis.as_str(), self.version)
    }
}
