//! The IDs of the entries that this process has delivered or given up, until the stored state is merged: an entry that
//! another process has left is not sent again.

use std::collections::{BTreeSet, VecDeque};

#[derive(Clone, Debug, Default)]
pub(super) struct Done {
    ids: BTreeSet<String>,
    order: VecDeque<String>,
    is_closed: bool,
}

impl Done {
    pub(super) fn add(&mut self, id: &str) {
        if self.is_closed || !self.ids.insert(id.to_owned()) {
            return;
        }
        self.order.push_back(id.to_owned());
        if self.order.len() > MAX_IDS
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// Forgets all IDs, and records no more: after the merge no state of another process can come.
    pub(super) fn close(&mut self) {
        *self = Self { is_closed: true, ..Self::default() };
    }
}

const MAX_IDS: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_ids_are_forgotten_first() {
        let mut done = Done::default();
        (0..=MAX_IDS).for_each(|number| done.add(&number.to_string()));
        assert!(!done.contains("0") && done.contains("1") && done.contains(&MAX_IDS.to_string()));
    }

    #[test]
    fn after_the_merge_nothing_is_recorded() {
        let mut done = Done::default();
        done.add("1");
        done.close();
        done.add("2");
        assert!(!done.contains("1") && !done.contains("2"));
    }
}
