//! The parts of a grouping, and their texts.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::event::EventKind;

/// The rule an event is grouped by.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Basis {
    /// The fingerprint set by the program.
    #[serde(alias = "explicit")]
    Custom,
    /// The status of a bare 5xx or failed call.
    Status,
    /// The function the failure happened in.
    #[serde(alias = "stack")]
    Function,
    /// The location in the source.
    #[serde(alias = "place")]
    Location,
    /// The type of the error and the route.
    Route,
    /// The message.
    #[default]
    Message,
}

/// One property that the events of an issue share.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Part {
    /// A part of the fingerprint set by the program.
    #[serde(alias = "given")]
    Custom(String),
    /// The kind of failure.
    Kind(EventKind),
    /// Type of the error.
    Type(String),
    /// Type of a cause.
    Cause(String),
    /// The innermost function of the program's own: its path, or its name and file if the build has no path.
    Function(String),
    /// File of the location.
    File(String),
    /// Line of the location, if the function is not known for certain.
    Line(u32),
    /// Column of the location.
    Column(u32),
    /// Method of the request.
    Method(String),
    /// Template of the route.
    Route(String),
    /// Message, with its variable parts replaced.
    #[serde(alias = "says")]
    Message(String),
}

// === impl Basis ===

impl Basis {
    /// Returns the label of this rule.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Custom => "custom",
            Self::Status => "status",
            Self::Function => "function",
            Self::Location => "location",
            Self::Route => "route",
            Self::Message => "message",
        }
    }
}

// === impl Part ===

impl Part {
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::Custom(_) => "custom",
            Self::Kind(_) => "kind",
            Self::Type(_) => "type",
            Self::Cause(_) => "cause",
            Self::Function(_) => "function",
            Self::File(_) => "file",
            Self::Line(_) => "line",
            Self::Column(_) => "column",
            Self::Method(_) => "method",
            Self::Route(_) => "route",
            Self::Message(_) => "message",
        }
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::Kind(kind) => kind.as_str().to_owned(),
            Self::Line(number) | Self::Column(number) => number.to_string(),
            Self::Custom(text)
            | Self::Type(text)
            | Self::Cause(text)
            | Self::Function(text)
            | Self::File(text)
            | Self::Method(text)
            | Self::Route(text)
            | Self::Message(text) => text.clone(),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Custom(part) => write!(f, "carry the program's fingerprint \"{part}\""),
            Self::Kind(kind) => write!(f, "are {}", kind.in_words()),
            Self::Type(name) => write!(f, "have the type {name}"),
            Self::Cause(name) => write!(f, "were caused by a {name}"),
            Self::Function(name) => write!(f, "happened in the function {name}"),
            Self::File(file) => write!(f, "come from the file {file}"),
            Self::Line(line) => write!(f, "come from line {line}"),
            Self::Column(column) => write!(f, "come from column {column}"),
            Self::Method(method) => write!(f, "belong to {method} requests"),
            Self::Route(route) if route.is_empty() => f.write_str("happened outside a request"),
            Self::Route(route) => write!(f, "belong to the route {route}"),
            Self::Message(message) => write!(f, "have the message \"{message}\""),
        }
    }
}
