//! The observations of the story, made from outside of the service.

use jiff::Timestamp;
use serde_json::Value;

use crate::receivers::Received;

/// The times and counts that the incident and its report are compared with.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) first_error: Timestamp,
    /// Time at which the first receiver had the alert.
    pub(crate) noticed: Option<Timestamp>,
    pub(crate) explained: Option<Timestamp>,
    pub(crate) switched_off: Option<Timestamp>,
    /// Time at which the error ratio was back at 0.
    pub(crate) mitigated: Option<Timestamp>,
    pub(crate) rolled_out: Option<Timestamp>,
    /// Time at which the last receiver had the end of the last alert.
    pub(crate) all_clear: Option<Timestamp>,
    pub(crate) recovered: Option<Timestamp>,
    /// Time at which the service closed the incident.
    pub(crate) closed: Option<Timestamp>,
    pub(crate) written_up: Option<Timestamp>,
    /// The notifications that were printed.
    pub(crate) alerts: Vec<Received>,
    /// Number of calls that failed.
    pub(crate) errors: u64,
    /// Number of calls that were refused.
    pub(crate) refused: u64,
    pub(crate) issue: Value,
    /// File and line of the error in the log.
    pub(crate) logged_location: String,
    /// ID of the incident.
    pub(crate) incident: String,
}

impl Facts {
    pub(crate) fn new(first_error: Timestamp) -> Self {
        Self {
            first_error,
            noticed: None,
            explained: None,
            switched_off: None,
            mitigated: None,
            rolled_out: None,
            all_clear: None,
            recovered: None,
            closed: None,
            written_up: None,
            alerts: Vec::new(),
            errors: 0,
            refused: 0,
            issue: Value::Null,
            logged_location: String::new(),
            incident: String::new(),
        }
    }
}
