//! Which events are the same error, and why.
//!
//! What an event is grouped by is the first of these that there is:
//!
//! | basis | what two events of one issue agree in |
//! | --- | --- |
//! | `explicit` | the parts that [`set_fingerprint`](crate::scope::set_fingerprint) was given; `{{ default }}` among them stands for the rest of this table |
//! | `status` | a bare 5xx or failed call: answer, method and route |
//! | `stack` | type and causes, the innermost function of the program's own, the column in it, what is said |
//! | `place` | a panic without a stack: file and column, what is said |
//! | `route` | an error without a stack: type and causes, file and column where known, route, what is said |
//! | `message` | what is said |
//!
//! What is said is taken without what changes from event to event: addresses, hosts, identifiers, dates, numbers, quoted
//! texts. The line plays no part, so that an edit further up in a file opens no new issue; nor do request, thread, process and
//! release.
//!
//! # What cannot be known
//!
//! The type of an error that is captured as a `dyn Error` is known where
//! [`MonitorBuilder::error_type`](crate::MonitorBuilder::error_type) was told of it; else it is called what its `Debug` begins
//! with, and `error` where that is no name. In a program without symbols there is no stack. A function that was renamed is
//! another one.

mod function;
pub(crate) mod in_app;
pub(crate) mod template;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    Fingerprint, Method,
    event::{ErrorEvent, EventKind, Frame},
};

/// What an event is grouped by. Two events with the same are one issue.
///
/// See the [module docs](self). Its [`Display`](fmt::Display) says in words what the events of an issue agree in.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Grouping {
    /// The version of the rules. Other rules make other fingerprints.
    pub version: u32,
    /// Which of the rules.
    pub basis: Basis,
    /// What is the same in every event.
    pub parts: Vec<Part>,
}

/// Which rule an event is grouped by.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Basis {
    /// The program said so.
    Explicit,
    /// A bare 5xx or failed call.
    Status,
    /// The function it happened in.
    Stack,
    /// The place it happened at.
    Place,
    /// The type of the error and the route.
    Route,
    /// What is said.
    #[default]
    Message,
}

/// One thing in which events of an issue agree.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Part {
    /// A part of the fingerprint the program gave.
    Given(String),
    /// What kind of failure.
    Kind(EventKind),
    /// The error's type.
    Type(String),
    /// The type of a cause.
    Cause(String),
    /// The innermost function that is the program's own.
    Function(String),
    /// The file.
    File(String),
    /// The column.
    Column(u32),
    /// The request's method.
    Method(String),
    /// The route's template.
    Route(String),
    /// What is said, without what changes.
    Says(String),
}

// === impl Grouping ===

impl Grouping {
    /// Groups an event, which is redacted.
    pub(crate) fn of(event: &ErrorEvent) -> Self {
        let says = Part::Says(template::template(&event.message));
        let default = Self::default_of(event, says);
        match &*event.scope.fingerprint {
            [] => default,
            given => {
                let expand = |part: &String| match part.trim_matches(['{', '}', ' ']) {
                    "default" if part.starts_with("{{") => default.parts.clone(),
                    _ => vec![Part::Given(part.clone())],
                };
                Self { basis: Basis::Explicit, parts: given.iter().flat_map(expand).collect(), ..default }
            }
        }
    }

    fn default_of(event: &ErrorEvent, says: Part) -> Self {
        let types = || {
            let causes = event.chain.iter().map(|cause| Part::Cause(cause.type_name.clone()));
            let own = (event.kind != EventKind::Panic).then(|| Part::Type(event.type_name.clone()));
            own.into_iter().chain(causes)
        };
        let place = || {
            let location = event.location.iter();
            location.flat_map(|at| [Part::File(stable_file(&at.file).to_owned()), Part::Column(at.column)])
        };
        let route = || Part::Route(event.scope.route.clone());
        let own = event.backtrace.iter().find(|frame| frame.in_app);
        let (basis, rest): (_, Vec<_>) = match (event.kind, own) {
            (EventKind::Message, _) => (Basis::Message, vec![says]),
            (EventKind::Status, _) => {
                let answer = Part::Type(event.type_name.clone());
                let method = Part::Method(event.scope.method.map_or("", Method::as_str).to_owned());
                (Basis::Status, vec![answer, method, route()])
            }
            (EventKind::Panic, None) => (Basis::Place, place().chain([says]).collect()),
            (_, None) => (Basis::Route, types().chain(place()).chain([route(), says]).collect()),
            (_, Some(own)) => (Basis::Stack, types().chain(function(event, own)).chain([says]).collect()),
        };
        let parts = [Part::Kind(event.kind)].into_iter().chain(rest).collect();
        Self { version: VERSION, basis, parts }
    }

    /// Returns what the events say, without what changes.
    pub(crate) fn says(&self) -> String {
        let says =
            self.parts.iter().find_map(|part| if let Part::Says(says) = part { Some(says.clone()) } else { None });
        says.unwrap_or_default()
    }

    /// Changes what the events say. What the issue is called by stays.
    pub(crate) fn change_says(&mut self, f: impl Fn(&str) -> String) {
        for part in &mut self.parts {
            if let Part::Says(says) = part {
                *says = f(says);
            }
        }
    }

    /// Returns what the issue is called by.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let texts = self.parts.iter().flat_map(|part| [part.label().to_owned(), part.text()]);
        Fingerprint::of_parts(texts)
    }
}

/// The function, and the column where that is one in the program's own source: in a dependency's it changes with its version.
fn function(event: &ErrorEvent, own: &Frame) -> impl Iterator<Item = Part> {
    let name = Part::Function(function::stable(&own.function));
    let at = event.location.as_ref().filter(|at| !in_app::is_foreign_file(&at.file));
    [name].into_iter().chain(at.map(|at| Part::Column(at.column)))
}

/// Returns a file's path without where the standard library or cargo's registry lies on the machine it was built on.
fn stable_file(file: &str) -> &str {
    let behind = |mark: &str, skipped: usize| {
        let mut rest = file.split_once(mark)?.1;
        for _ in 0..skipped {
            rest = rest.split_once('/')?.1;
        }
        Some(rest)
    };
    behind("/rustc/", 1)
        .or_else(|| behind("/registry/src/", 2))
        .or_else(|| behind("/git/checkouts/", 2))
        .unwrap_or(file)
}

impl fmt::Display for Grouping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, basis, parts } = self;
        writeln!(f, "One issue, for its events agree in all of this (grouping v{version}, by {}):", basis.as_str())?;
        for part in parts {
            writeln!(f, "- {part}")?;
        }
        let has_route = parts.iter().any(|part| matches!(part, Part::Route(_)));
        let route = if has_route { "" } else { "route, " };
        write!(f, "Line, {route}request, user, thread, process and release play no part.")
    }
}

// === impl Basis ===

impl Basis {
    /// Returns the name of the rule.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Explicit => "explicit",
            Self::Status => "status",
            Self::Stack => "stack",
            Self::Place => "place",
            Self::Route => "route",
            Self::Message => "message",
        }
    }
}

// === impl Part ===

impl Part {
    fn label(&self) -> &'static str {
        match self {
            Self::Given(_) => "given",
            Self::Kind(_) => "kind",
            Self::Type(_) => "type",
            Self::Cause(_) => "cause",
            Self::Function(_) => "function",
            Self::File(_) => "file",
            Self::Column(_) => "column",
            Self::Method(_) => "method",
            Self::Route(_) => "route",
            Self::Says(_) => "says",
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Kind(kind) => kind.as_str().to_owned(),
            Self::Column(column) => column.to_string(),
            Self::Given(text)
            | Self::Type(text)
            | Self::Cause(text)
            | Self::Function(text)
            | Self::File(text)
            | Self::Method(text)
            | Self::Route(text)
            | Self::Says(text) => text.clone(),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(part) => write!(f, "the program groups it as \"{part}\""),
            Self::Kind(kind) => write!(f, "it is {}", kind.in_words()),
            Self::Type(name) => write!(f, "of type {name}"),
            Self::Cause(name) => write!(f, "caused by a {name}"),
            Self::Function(name) => write!(f, "in the function {name}"),
            Self::File(file) => write!(f, "in the file {file}"),
            Self::Column(column) => write!(f, "at column {column} of its line"),
            Self::Method(method) => write!(f, "to a {method} request"),
            Self::Route(route) if route.is_empty() => f.write_str("outside a request"),
            Self::Route(route) => write!(f, "on the route {route}"),
            Self::Says(says) => write!(f, "that says \"{says}\""),
        }
    }
}

/// The version of the rules.
pub(crate) const VERSION: u32 = 1;
