//! Migration of stored issues from an earlier version of the grouping rules to the present one.

use std::sync::Arc;

use super::{
    Record,
    changes::{event_key, record_key},
};
use crate::{
    event::{
        ErrorEvent, frames,
        grouping::{Grouping, in_app::InApp},
    },
    model::code_location::CodeLocation,
};

/// A stored issue and its events.
pub(crate) struct Stored {
    pub(crate) record: Record,
    /// Oldest first.
    pub(crate) events: Vec<Arc<ErrorEvent>>,
    /// The stored keys of the record and its events, if they belong to the earlier fingerprint.
    pub(super) outdated_keys: Vec<String>,
}

impl Stored {
    pub(crate) fn new(record: Record, events: Vec<Arc<ErrorEvent>>) -> Self {
        Self { record, events, outdated_keys: Vec::new() }
    }

    /// Recomputes the fingerprint of an issue of an earlier version from its oldest event. An issue without events
    /// cannot be regrouped, and stays as it is.
    pub(super) fn regroup(&mut self, in_app: &InApp) {
        let Some(oldest) = self.events.first().filter(|_| self.record.fingerprint.is_outdated()) else { return };
        let grouping = regrouped(oldest, in_app);
        self.outdated_keys = self.events.iter().map(|event| event_key(event)).collect();
        self.outdated_keys.push(record_key(self.record.fingerprint));
        self.record.fingerprint = grouping.fingerprint();
        for event in &mut self.events {
            let event = Arc::make_mut(event);
            (event.fingerprint, event.grouping) = (self.record.fingerprint, grouping.clone());
        }
        self.record.grouping = grouping;
    }
}

fn regrouped(event: &ErrorEvent, in_app: &InApp) -> Grouping {
    let mut event = event.clone();
    frames::judge(&mut event.backtrace, in_app);
    let places = event.backtrace.iter_mut().filter_map(|frame| frame.location.as_mut());
    places.chain(event.failure.location.as_mut()).for_each(CodeLocation::show);
    Grouping::of(&event)
}
