//! Errors of orders on issues.

use std::{error::Error, fmt};

use crate::model::fingerprint::Fingerprint;

/// The error of an order on an issue that was refused. Its message says what to change.
///
/// # Example
///
/// ```
/// use monitor_kit::{Fingerprint, Monitor, Triage};
///
/// let monitor = Monitor::builder("shop").build()?;
/// let fingerprint = Fingerprint::parse("v1-84e3b4bc9b0b4ad9b1a02f6c16e6ed33").expect("it is well-formed");
/// let refused = monitor.triage(fingerprint, Triage::Resolve, "ada");
/// assert!(refused.is_err_and(|error| error.is_unknown_issue()));
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IssueError(pub(super) Refusal);

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Refusal {
    Unknown(Fingerprint),
    NoActor,
    NoRelease,
    /// The mute would end at once, or its end is out of range.
    BadMute,
    MonitorDisabled,
}

// === impl IssueError ===

impl IssueError {
    /// Returns `true` if there is no issue with the fingerprint: it never occurred, or it has expired.
    #[must_use]
    pub fn is_unknown_issue(&self) -> bool {
        matches!(self.0, Refusal::Unknown(_))
    }
}

impl From<Refusal> for IssueError {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl fmt::Display for IssueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Refusal::Unknown(fingerprint) => {
                write!(f, "there is no issue {fingerprint}: it never occurred, or it has expired")
            }
            Refusal::NoActor => f.write_str("the actor is empty: name the person or program that decides"),
            Refusal::NoRelease => {
                f.write_str("the release that resolves the issue has no name: give it, or leave the release out")
            }
            Refusal::BadMute => f.write_str(
                "an issue is muted for at least one more event, or for a second to ten years: give a number in \
                 between, or mute it without an end",
            ),
            Refusal::MonitorDisabled => f.write_str("the monitor is disabled, so it has no issues"),
        }
    }
}

impl Error for IssueError {}
