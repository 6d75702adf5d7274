//! Acknowledgement of alerts: the signed links in messages, and the service that answers them.

mod form;
mod link;
mod page;
mod pagerduty;
mod service;

use std::{sync::Arc, time::SystemTime};

pub(crate) use self::link::Link;
pub use self::{
    link::AckLinks,
    service::{AckFuture, AckService},
};
use crate::alert::Alert;

/// An acknowledgement of an alert: a person has begun to work on it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Acknowledgement {
    /// The person, as they named themselves.
    pub by: String,
    /// The time of the acknowledgement.
    pub at: SystemTime,
}

/// An alert, as the page of an acknowledgement shows it.
#[derive(Clone, Debug)]
pub(crate) struct AckView {
    pub(crate) alert: Arc<Alert>,
    pub(crate) state: AckState,
}

/// The state of an alert that can be acknowledged.
#[derive(Clone, Debug)]
pub(crate) enum AckState {
    /// It fires, and nobody has acknowledged it.
    Waiting,
    Acknowledged(Acknowledgement),
    /// It does not fire any more, or fires again since.
    Over,
}

/// The alerts that links are of.
pub(crate) trait Acknowledge: Send + Sync {
    /// Returns the alert of a link; `None` if the link is not valid.
    fn view(&self, segment: &str) -> Option<AckView>;

    /// Acknowledges the alert of a link, if it fires and is not acknowledged.
    fn by_link(&self, segment: &str, by: Option<String>) -> Option<AckView>;

    /// Acknowledges the alert with this deduplication key of PagerDuty, if it fires and is not acknowledged.
    fn by_pagerduty(&self, dedup_key: &str, by: String);
}
