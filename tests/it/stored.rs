//! A storage in memory.

use std::{
    collections::BTreeMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use monitor_kit::{BoxError, Persist, StoreWrite};

#[derive(Clone, Default)]
pub(crate) struct Stored(Arc<Shared>);

#[derive(Default)]
struct Shared {
    values: Mutex<Values>,
    saved: Condvar,
}

pub(crate) type Values = BTreeMap<String, Vec<u8>>;

impl Stored {
    /// Creates a storage with these values.
    pub(crate) fn with(values: Values) -> Self {
        Self(Arc::new(Shared { values: Mutex::new(values), saved: Condvar::new() }))
    }

    pub(crate) fn values(&self) -> MutexGuard<'_, Values> {
        self.0.values.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn keys_with(&self, part: &str) -> usize {
        self.values().keys().filter(|key| key.contains(part)).count()
    }

    /// Waits until `count` keys contain `part`. Returns all values.
    pub(crate) fn once_it_has(&self, count: usize, part: &str) -> Values {
        let is_short = |values: &mut Values| values.keys().filter(|key| key.contains(part)).count() < count;
        let waited = self.0.saved.wait_timeout_while(self.values(), PATIENCE, is_short);
        let (values, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(!waited.timed_out(), "{count} keys with {part} were expected: {:?}", values.keys());
        values.clone()
    }
}

impl Persist for Stored {
    fn load(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, BoxError> {
        let values = self.values();
        let found = values.iter().filter(|(key, _)| key.starts_with(prefix));
        Ok(found.map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn save(&self, changes: &[StoreWrite]) -> Result<u64, BoxError> {
        let mut values = self.values();
        for change in changes {
            match change {
                StoreWrite::Put { key, value } => drop(values.insert(key.clone(), value.clone())),
                StoreWrite::Remove { key } => drop(values.remove(key)),
            }
        }
        self.0.saved.notify_all();
        Ok(0)
    }
}

const PATIENCE: Duration = Duration::from_secs(60);
