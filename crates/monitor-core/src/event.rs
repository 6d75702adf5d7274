//! One captured failure as data.

pub(crate) mod any_error;
mod excerpt;
pub(crate) mod frames;
pub mod grouping;
pub(crate) mod rules;
mod scope_record;
pub(crate) mod type_names;

use std::{fmt, sync::Arc, time::SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

pub(crate) use self::excerpt::Excerpts;
pub use self::{
    excerpt::Excerpt,
    scope_record::{Breadcrumb, ScopeRecord},
};
use self::{grouping::Grouping, type_names::Cause};
use crate::{
    base::json,
    model::{code_location::CodeLocation, fingerprint::Fingerprint, identity::Identity, level::Level},
    redact::Redaction,
};

/// One captured failure, redacted, with all that was known at the time.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct ErrorEvent {
    /// Identifies this event.
    #[serde(rename = "event_id", with = "json::text")]
    pub id: Uuid,
    /// When it was captured.
    #[serde(rename = "timestamp", with = "json::time")]
    pub at: SystemTime,
    /// What kind of failure.
    pub kind: EventKind,
    /// Whether the program dealt with it. A panic or a bare 5xx is not handled.
    pub handled: bool,
    /// How serious it is.
    pub level: Level,
    /// The error's type, `panic` for a panic, the status code for a bare 5xx.
    #[serde(rename = "type")]
    pub type_name: String,
    /// What it says.
    pub message: String,
    /// What caused it, the direct cause first.
    pub chain: Vec<Cause>,
    /// Where it happened, where known.
    pub location: Option<CodeLocation>,
    /// How it came there, the innermost frame first; empty when no backtrace was taken.
    pub backtrace: Vec<Frame>,
    /// The thread's name; empty when it has none.
    pub thread: String,
    /// The scope it happened in.
    pub scope: ScopeRecord,
    /// Service, release and environment.
    #[serde(flatten)]
    pub identity: Arc<Identity>,
    /// Which issue it belongs to.
    pub fingerprint: Fingerprint,
    /// What it is grouped by. An event whose source was seen before belongs to the issue of the first, whatever this says.
    pub grouping: Grouping,
    /// How many errors of its source came since the event before it and were counted, but not captured whole.
    pub suppressed: u64,
    /// Whether somebody muted the issue. Whoever wakes people up lets such an event pass.
    pub muted: bool,
    /// Tells the user from others, and nobody who it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user_mark: Option<u64>,
}

/// What kind of failure an event is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// A panic.
    Panic,
    /// An error captured or attached by the program.
    Error,
    /// An error a service returned instead of a response.
    #[serde(alias = "inner_error")]
    ServiceError,
    /// An error of a response body, after the head was sent.
    BodyError,
    /// A response of 500 or above, or a failed gRPC call, with nothing captured in its scope.
    Status,
    /// A message captured by the program.
    Message,
}

/// One frame of a backtrace.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Frame {
    /// The function.
    pub function: String,
    /// Where in it, where known.
    pub location: Option<CodeLocation>,
    /// Whether the function is the program's own, and not one of what it is built with.
    pub in_app: bool,
    /// The source around the place, where it was at hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<Excerpt>,
}

// === impl ErrorEvent ===

impl ErrorEvent {
    /// Returns the event as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Returns the program's own frames, or the innermost few where none is told apart.
    pub fn own_frames(&self) -> impl Iterator<Item = &Frame> {
        let is_any = self.backtrace.iter().any(|frame| frame.in_app);
        let all = self.backtrace.iter().enumerate();
        all.filter(move |(at, frame)| if is_any { frame.in_app } else { *at < FEW }).map(|(_, frame)| frame)
    }

    /// Returns where it happened: its location, else that of the innermost frame of the program's own.
    #[must_use]
    pub fn known_location(&self) -> Option<&CodeLocation> {
        let own = || self.backtrace.iter().filter(|frame| frame.in_app).find_map(|frame| frame.location.as_ref());
        self.location.as_ref().or_else(own)
    }

    /// Returns about how much memory it takes, in bytes.
    pub(crate) fn weight(&self) -> usize {
        let frames = self.backtrace.iter().map(|frame| {
            let file = frame.location.as_ref().map_or(0, |at| at.file.len());
            let lines = frame.excerpt.iter().flat_map(|excerpt| &excerpt.lines).map(|line| line.len() + TEXT);
            size_of::<Frame>() + frame.function.len() + file + lines.sum::<usize>()
        });
        let causes = self.chain.iter().map(|cause| 2 * TEXT + cause.type_name.len() + cause.message.len());
        size_of::<Self>() + self.message.len() + causes.sum::<usize>() + frames.sum::<usize>() + self.scope.weight()
    }

    /// Leaves out the oldest of what led up to it, and then what was said beside it, until it is not too large. Returns
    /// whether anything was left out.
    pub(crate) fn bound(&mut self) -> bool {
        let was_larger = self.weight() > LARGEST;
        while self.weight() > LARGEST && self.scope.shorten() {}
        was_larger
    }

    pub(crate) fn redact(&mut self, redaction: &Redaction, raw_paths: bool) {
        redaction.bound(&mut self.message);
        for cause in &mut self.chain {
            redaction.bound(&mut cause.message);
        }
        for excerpt in self.backtrace.iter_mut().filter_map(|frame| frame.excerpt.as_mut()) {
            excerpt.redact(redaction);
        }
        redaction.mask(&mut self.thread);
        self.scope.redact(redaction, raw_paths);
    }
}

// === impl EventKind ===

impl EventKind {
    /// All kinds, in the order in which they are counted.
    pub const ALL: [Self; 6] =
        [Self::Panic, Self::Error, Self::ServiceError, Self::BodyError, Self::Status, Self::Message];

    /// Returns the label of this kind.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Panic => "panic",
            Self::Error => "error",
            Self::ServiceError => "service_error",
            Self::BodyError => "body_error",
            Self::Status => "status",
            Self::Message => "message",
        }
    }

    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Self::Panic => "panics",
            Self::Error => "errors",
            Self::ServiceError => "errors returned instead of a response",
            Self::BodyError => "errors of a response body",
            Self::Status => "failures without a captured error",
            Self::Message => "messages",
        }
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.location {
            Some(location) => write!(f, "{} at {location}", self.function),
            None => f.write_str(&self.function),
        }
    }
}

const FEW: usize = 5;
/// What a text takes beside what it says.
const TEXT: usize = size_of::<String>();
const LARGEST: usize = 128 * 1024;
