//! The history, as state that the saver persists.

use std::sync::Arc;

use crate::{
    history::HistorySlots,
    monitor::shared::Shared,
    persist::{
        StoreWrite,
        durable::{Durable, KeyPrefix, MergeReport},
    },
};

pub(super) struct DurableHistory(pub(super) Arc<Shared>);

impl Durable for DurableHistory {
    fn prefixes(&self) -> Vec<KeyPrefix> {
        HistorySlots::prefixes()
    }

    fn merge(&self, stored: Vec<(String, Vec<u8>)>) -> MergeReport {
        // Before stored issues are restored: their counts are no events of this minute.
        self.0.close_history();
        let (report, dropped) = self.0.history.merge(stored);
        self.0.count_dropped_history(dropped);
        report
    }

    fn take_changes(&self) -> Vec<StoreWrite> {
        self.end_restoration();
        self.0.history.take_changes()
    }

    fn everything(&self) -> Vec<StoreWrite> {
        self.end_restoration();
        self.0.history.everything()
    }

    fn discard_changes(&self) {
        self.end_restoration();
        self.0.history.discard_changes();
    }
}

impl DurableHistory {
    /// Once all parts are merged, the saver calls one of the functions above.
    fn end_restoration(&self) {
        self.0.history.end_restoration(|| self.0.issues.counts());
    }
}
