//! The store: it works, fails, is busy, or loses the report of a save.

use std::collections::BTreeMap;

use monitor_core::StoreWrite;
use serde_json::Value;

use super::snapshot::Snapshot;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum DiskMode {
    Works,
    Fails,
    Busy,
    /// Changes are written, but the save reports an error.
    LosesReports,
}

#[derive(Debug)]
pub(super) struct Disk {
    pub(super) values: BTreeMap<String, Vec<u8>>,
    pub(super) mode: DiskMode,
    /// The process that has it.
    pub(super) owner: Option<u32>,
    /// Fields that a newer release has added, by key.
    future: BTreeMap<String, Future>,
}

/// A field that a newer release has added to a value.
#[derive(Debug)]
struct Future {
    number: u64,
    version: [Value; 2],
}

impl Disk {
    pub(super) fn new() -> Self {
        Self { values: BTreeMap::new(), mode: DiskMode::Works, owner: None, future: BTreeMap::new() }
    }

    pub(super) fn write(&mut self, changes: &[StoreWrite]) {
        for change in changes {
            match change {
                StoreWrite::Put { key, value } => drop(self.values.insert(key.clone(), value.clone())),
                StoreWrite::Remove { key } => drop(self.values.remove(key)),
            }
        }
        self.check_future();
        Snapshot::of_values(&self.values).check_equation("in the store");
    }

    /// Adds a field to each value, and a value of a kind that this release does not know, as a newer release does.
    pub(super) fn upgrade(&mut self, number: u64) {
        self.values.insert(DIGEST.to_owned(), b"{}".to_vec());
        for (key, value) in &mut self.values {
            let mut changed = json(value);
            changed["future"] = number.into();
            *value = changed.to_string().into_bytes();
            self.future.insert(key.clone(), Future::new(number, &changed));
        }
    }

    fn check_future(&mut self) {
        assert!(self.future.is_empty() || self.values.contains_key(DIGEST), "`{DIGEST}` was removed");
        self.future.retain(|key, future| self.values.get(key).is_some_and(|value| future.is_of(key, value)));
        for (key, Future { number, .. }) in &self.future {
            assert_eq!(json(&self.values[key])["future"], *number, "`{key}` lost a field of a newer release");
        }
    }
}

impl Future {
    fn new(number: u64, value: &Value) -> Self {
        Self { number, version: version(value) }
    }

    /// Returns whether the value is still the same. An entry can be superseded, and come again in another place; a page
    /// ends with its episode.
    fn is_of(&self, key: &str, value: &[u8]) -> bool {
        let is_replaced = ["alert-entry-", "alert-page-"].iter().any(|prefix| key.starts_with(prefix));
        !is_replaced || version(&json(value)) == self.version
    }
}

/// Returns the fields that tell one value of a key from the next.
fn version(value: &Value) -> [Value; 2] {
    ["order", "episode"].map(|name| value[name].clone())
}

fn json(value: &[u8]) -> Value {
    serde_json::from_slice(value).expect("every value is JSON")
}

const DIGEST: &str = "alert-digest-1";
