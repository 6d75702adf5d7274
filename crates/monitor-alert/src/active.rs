//! Active alerts, and their acknowledgement, as data.

use std::{sync::Arc, time::SystemTime};

use crate::alert::Alert;

/// An alert that fires.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ActiveAlert {
    /// The alert.
    pub alert: Arc<Alert>,
    /// Number of times that it has fired, this time included.
    pub episode: u64,
    /// The acknowledgement, if a person has begun to work on it.
    pub acknowledgement: Option<Acknowledgement>,
}

/// An acknowledgement of an alert: a person has begun to work on it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Acknowledgement {
    /// The person, as they named themselves.
    pub by: String,
    /// The time of the acknowledgement.
    pub at: SystemTime,
}
