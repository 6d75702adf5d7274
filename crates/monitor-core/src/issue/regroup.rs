//! Stored issues of an earlier version of the grouping rules, brought to those of today.

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
    /// The oldest first.
    pub(crate) events: Vec<Arc<ErrorEvent>>,
    /// The keys under which they are stored, where these are not those of their fingerprint.
    pub(super) outdated_keys: Vec<String>,
}

impl Stored {
    pub(crate) fn new(record: Record, events: Vec<Arc<ErrorEvent>>) -> Self {
        Self { record, events, outdated_keys: Vec::new() }
    }

    /// Gives an issue of an earlier version the fingerprint that its oldest event has today. An issue without an event
    /// cannot be regrouped, and keeps its own.
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
    places.chain(event.location.as_mut()).for_each(CodeLocation::show);
    Grouping::of(&event)
}
