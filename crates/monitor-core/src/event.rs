//! One captured failure as data: its cause, its frames, the scope it happened in, and its grouping.

pub(crate) mod any_error;
mod excerpt;
mod failure;
pub(crate) mod frames;
pub mod grouping;
pub(crate) mod rules;
mod scope_record;
pub(crate) mod type_names;

use std::{fmt, sync::Arc, time::SystemTime};

use monitor_redact::Redaction;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

pub(crate) use self::excerpt::Excerpts;
use self::grouping::Grouping;
pub use self::{
    excerpt::Excerpt,
    failure::{EventKind, Failure},
    scope_record::{Breadcrumb, ScopeRecord},
};
use crate::{
    base::json,
    model::{code_location::CodeLocation, fingerprint::Fingerprint, identity::Identity},
};

/// One captured failure, redacted, with everything known at the time of the capture.
///
/// # Example
///
/// ```
/// use std::{io, time::Duration};
/// use monitor_kit::Monitor;
///
/// let monitor = Monitor::builder("shop").build()?;
/// monitor.capture_error(&io::Error::other("the disk is full"));
/// monitor.flush(Duration::from_secs(5));
///
/// let event = &monitor.issues()[0].samples[0];
/// assert_eq!(event.to_json()["message"], "the disk is full");
/// assert!(event.known_location().is_some());
/// for frame in event.own_frames() {
///     println!("in {frame}");
/// }
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct ErrorEvent {
    /// Unique ID of this event.
    #[serde(rename = "event_id", with = "json::text")]
    pub id: Uuid,
    /// Time of the capture.
    #[serde(rename = "timestamp", with = "json::time")]
    pub at: SystemTime,
    /// The failure itself: type, message, causes and location.
    #[serde(flatten)]
    pub failure: Failure,
    /// Frames of the backtrace, the innermost first; empty when no backtrace was taken.
    pub backtrace: Vec<Frame>,
    /// Name of the thread; empty when it has none.
    pub thread: String,
    /// The scope the failure happened in.
    pub scope: ScopeRecord,
    /// Service, release and environment.
    #[serde(flatten)]
    pub identity: Arc<Identity>,
    /// Fingerprint of the issue this event belongs to.
    pub fingerprint: Fingerprint,
    /// The grouping of this event. Only the first event of a site is grouped by it: later events of the site belong to
    /// the same issue, even if their own grouping differs.
    pub grouping: Grouping,
    /// Number of errors of the same site that were counted but not captured since the previous captured event of the
    /// site.
    pub suppressed: u64,
    /// `true` if the issue is muted. A reporter that alerts people should skip such an event.
    pub muted: bool,
    /// Keyed hash of the user, for counting distinct users without identifying them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user_mark: Option<u64>,
}

/// One frame of a backtrace.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Frame {
    /// Name of the function.
    pub function: String,
    /// Location within the function, if known.
    pub location: Option<CodeLocation>,
    /// `true` if the function belongs to the program itself, `false` for a dependency or the standard library.
    pub in_app: bool,
    /// Source lines around the location, if the file is available.
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

    /// Returns the program's own frames, or the five innermost frames if none of them is the program's own.
    pub fn own_frames(&self) -> impl Iterator<Item = &Frame> {
        let is_any = self.backtrace.iter().any(|frame| frame.in_app);
        let all = self.backtrace.iter().enumerate();
        all.filter(move |(at, frame)| if is_any { frame.in_app } else { *at < FEW }).map(|(_, frame)| frame)
    }

    /// Returns the location of the failure: its own, or else that of the innermost frame that is the program's own and
    /// has one.
    #[must_use]
    pub fn known_location(&self) -> Option<&CodeLocation> {
        let own = || self.backtrace.iter().filter(|frame| frame.in_app).find_map(|frame| frame.location.as_ref());
        self.failure.location.as_ref().or_else(own)
    }

    /// Returns the approximate memory use of the event, in bytes.
    pub(crate) fn weight(&self) -> usize {
        let frames = self.backtrace.iter().map(|frame| {
            let file = frame.location.as_ref().map_or(0, |at| at.file.len());
            let lines = frame.excerpt.iter().flat_map(|excerpt| &excerpt.lines).map(|line| line.len() + TEXT);
            size_of::<Frame>() + frame.function.len() + file + lines.sum::<usize>()
        });
        let Failure { message, chain, .. } = &self.failure;
        let causes = chain.iter().map(|cause| 2 * TEXT + cause.type_name.len() + cause.message.len());
        size_of::<Self>() + message.len() + causes.sum::<usize>() + frames.sum::<usize>() + self.scope.weight()
    }

    /// Shortens the scope until the event takes at most 128 KiB, or the scope has nothing left to remove: the oldest
    /// breadcrumbs go first, then contexts, then tags. Returns `true` if the event was too large.
    pub(crate) fn bound(&mut self) -> bool {
        let was_larger = self.weight() > MAX_EVENT_BYTES;
        while self.weight() > MAX_EVENT_BYTES && self.scope.shorten() {}
        was_larger
    }

    /// Masks secrets in all texts of the event.
    pub(crate) fn redact(&mut self, redaction: &Redaction) {
        redaction.bound(&mut self.failure.message);
        for cause in &mut self.failure.chain {
            redaction.bound(&mut cause.message);
        }
        for excerpt in self.backtrace.iter_mut().filter_map(|frame| frame.excerpt.as_mut()) {
            excerpt.redact(redaction);
        }
        self.thread = redaction.text(&self.thread).into_owned();
        self.scope.redact(redaction);
    }
}

// === impl Frame ===

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.location {
            Some(location) => write!(f, "{} at {location}", self.function),
            None => f.write_str(&self.function),
        }
    }
}

/// Number of frames that [`ErrorEvent::own_frames`] returns if none is the program's own.
const FEW: usize = 5;
/// Memory use of a string beside its bytes.
const TEXT: usize = size_of::<String>();
/// Upper bound of an event's memory use, in bytes.
const MAX_EVENT_BYTES: usize = 128 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn event(failure: Failure) -> ErrorEvent {
        let [service, release, revision, environment] = ["shop", "1", "", "test"].map(String::from);
        ErrorEvent {
            id: Uuid::nil(),
            at: SystemTime::UNIX_EPOCH,
            failure,
            backtrace: Vec::new(),
            thread: String::new(),
            scope: ScopeRecord::default(),
            identity: Arc::new(Identity { service, release, revision, environment }),
            fingerprint: Fingerprint::default(),
            grouping: Grouping::default(),
            suppressed: 0,
            muted: false,
            user_mark: None,
        }
    }

    #[test]
    fn the_parts_of_a_failure_are_stored_beside_the_parts_of_its_event() {
        let failure = Failure::of_text(EventKind::Error, "shop::OutOfStock", "out of paper");
        let stored = serde_json::to_string(&event(failure)).unwrap();
        let keys = [
            "event_id",
            "timestamp",
            "kind",
            "handled",
            "level",
            "type",
            "message",
            "chain",
            "location",
            "backtrace",
            "thread",
            "scope",
            "service",
            "release",
            "revision",
            "environment",
            "fingerprint",
            "grouping",
            "suppressed",
            "muted",
        ];
        let at = keys.map(|key| stored.find(&format!("\"{key}\":")));
        assert!(at.is_sorted() && at[0].is_some(), "{stored}");
        let read: ErrorEvent = serde_json::from_str(&stored).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), stored);
    }
}
