//! Names of releases, methods and routes, each stored once.

use std::{collections::HashMap, sync::Arc};

/// Names, by a number each. The size is bounded by the number of distinct names.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    list: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
}

impl Names {
    /// Returns the number of a name.
    pub(super) fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let (name, number) = (Arc::<str>::from(name), u32::try_from(self.list.len()).unwrap_or(u32::MAX));
        self.list.push(Arc::clone(&name));
        self.numbers.insert(name, number);
        number
    }

    /// Returns the name with this number, which [`number`](Self::number) has returned.
    pub(super) fn name(&self, number: u32) -> Arc<str> {
        self.list.get(number as usize).map(Arc::clone).unwrap_or_default()
    }
}
