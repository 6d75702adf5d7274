//! The disabled routes, as state that the saver persists.

use std::sync::{Arc, Weak};

use crate::{
    base::clock,
    monitor::shared::Shared,
    persist::{
        StoreWrite,
        durable::{Durable, KeyPrefix, MergeReport},
    },
    signal::{Signal, reporters::Reporters},
    switch,
};

pub(super) struct DurableRoutes {
    pub(super) shared: Arc<Shared>,
    pub(super) reporters: Weak<Reporters>,
}

impl Durable for DurableRoutes {
    fn prefixes(&self) -> Vec<KeyPrefix> {
        vec![KeyPrefix::new(switch::KEY)]
    }

    fn merge(&self, stored: Vec<(String, Vec<u8>)>) -> MergeReport {
        let now = clock::now();
        for (_, json) in stored.iter().filter(|(key, _)| key == switch::KEY) {
            let restored = self.shared.switch.restore(json).into_iter();
            for disabled in restored.filter(|disabled| !disabled.is_over(now)) {
                super::publish(&self.reporters, Signal::RouteDisabled(disabled));
            }
        }
        MergeReport::default()
    }

    fn take_changes(&self) -> Vec<StoreWrite> {
        self.shared.switch.take_change().into_iter().collect()
    }

    fn everything(&self) -> Vec<StoreWrite> {
        vec![self.shared.switch.to_change()]
    }
}
