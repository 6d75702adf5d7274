//! The interface between the saver and each part of the state that it persists.

use serde_json::{Map, Value};

use super::{StoreWrite, eraser::Eraser};

/// State that the monitor persists: a part of a program, such as the outbox of alerts, that survives a restart. Given
/// to the monitor by [`Extension::prepare`](crate::Extension::prepare).
///
/// The state lives in memory, and the store has a copy. The monitor calls these functions on the thread of its saver,
/// one at a time, and [`merge`](Self::merge) once: while the monitor is built or, if another process has the store, as
/// soon as that has released it. Until then the state is this process's own, and it works from memory.
///
/// A panic in one of these functions is caught and counted as a drop with reason `not_persisted`.
///
/// # Rollout and rollback
///
/// Processes of two releases may use a store in turn, so:
///
/// - Keys must not depend on the process: [`merge`](Self::merge) finds the other process's entry by its key.
/// - A new prefix needs no migration. Prefixes that a release does not know stay in the store unchanged.
/// - Values must keep the fields of a newer release when they are rewritten.
///
/// # Example
///
/// ```
/// use std::sync::Mutex;
/// use monitor_kit::{Durable, KeyPrefix, MergeReport, StoreWrite};
///
/// /// The number of starts of a service.
/// #[derive(Default)]
/// struct Starts(Mutex<u64>);
///
/// impl Durable for Starts {
///     fn prefixes(&self) -> Vec<KeyPrefix> {
///         vec![KeyPrefix::new("starts")]
///     }
///
///     fn merge(&self, stored: Vec<(String, Vec<u8>)>) -> MergeReport {
///         let mut report = MergeReport::default();
///         for (key, value) in stored {
///             match serde_json::from_slice::<u64>(&value) {
///                 Ok(starts) => *self.0.lock().unwrap() += starts,
///                 Err(_) => report.unreadable(key, &value),
///             }
///         }
///         report
///     }
///
///     fn take_changes(&self) -> Vec<StoreWrite> {
///         self.everything()
///     }
///
///     fn everything(&self) -> Vec<StoreWrite> {
///         let value = self.0.lock().unwrap().to_string().into_bytes();
///         vec![StoreWrite::Put { key: "starts".to_owned(), value }]
///     }
/// }
/// ```
pub trait Durable: Send + Sync + 'static {
    /// Returns the prefixes of all keys of this state. No other state may have a key that begins with one of them.
    fn prefixes(&self) -> Vec<KeyPrefix>;

    /// Merges the stored values, which an earlier process or another process of the service has saved, into the state.
    /// Where both have an entry of one key, this function decides.
    fn merge(&self, stored: Vec<(String, Vec<u8>)>) -> MergeReport;

    /// Takes the changes since the last call of this function or of [`everything`](Self::everything). They are saved
    /// in one batch, all or none; if that fails, [`everything`](Self::everything) is called.
    fn take_changes(&self) -> Vec<StoreWrite>;

    /// Returns a `Put` for each entry of the state, and discards the pending changes. Called if the content of the
    /// store is not known, such as after a failed save; entries that are missing here are then removed from the store.
    fn everything(&self) -> Vec<StoreWrite>;

    /// Discards the pending changes. Called while the store cannot be used: once it can,
    /// [`everything`](Self::everything) is called.
    fn discard_changes(&self) {
        drop(self.take_changes());
    }

    /// Returns whether a stored value needs no rewrite. Implemented if a stored value may differ from the present one
    /// by fields of a newer release, which the rewrite would lose.
    fn is_stored(&self, key: &str, stored: &[u8], present: &[u8]) -> bool {
        let _ = key;
        stored == present
    }

    /// Erases a user's data from the state. The store is purged afterwards.
    fn erase(&self, eraser: &Eraser) {
        let _ = eraser;
    }
}

/// A prefix of keys in a store, and the space that they may use.
///
/// A prefix that ends with `/` is of values that a store may evict, the least recently saved first, when it is full.
/// Keys without a `/` are never evicted. As the keys say so themselves, a store of an older release, which does not
/// know the prefix, acts likewise.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct KeyPrefix {
    /// The prefix, or a whole key.
    pub name: String,
    /// Maximum total size of keys and values, in bytes; `None` for no bound but that of the whole store.
    pub quota: Option<u64>,
}

/// The stored values that [`Durable::merge`] did not use.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct MergeReport {
    /// Keys of values that nothing needs any more. They are removed.
    pub obsolete: Vec<String>,
    /// Keys of values that a newer release has written and this one cannot read. They are never removed.
    pub foreign: Vec<String>,
    /// Keys of damaged values. They are removed and counted.
    pub damaged: Vec<String>,
}

// === impl KeyPrefix ===

impl KeyPrefix {
    /// Creates a prefix without a quota. Consists of lower-case letters, digits and `-`, and may end with one `/`.
    // No example: `Durable` shows one.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), quota: None }
    }

    /// Sets the maximum total size of the keys and values of this prefix, in bytes. Beyond it the store evicts those
    /// saved longest ago, which the monitor counts. The prefix must end with `/`.
    // No example: `Durable` shows a prefix.
    #[must_use]
    pub const fn quota(mut self, bytes: u64) -> Self {
        self.quota = Some(bytes);
        self
    }

    /// Returns whether the store may evict values of this prefix.
    #[must_use]
    pub fn is_evictable(&self) -> bool {
        self.name.ends_with('/')
    }
}

// === impl MergeReport ===

impl MergeReport {
    /// Reports a value that cannot be read: as foreign if it is a JSON object, which a newer release may have written,
    /// else as damaged.
    // No example: `Durable` shows a call.
    pub fn unreadable(&mut self, key: String, value: &[u8]) {
        let is_object = serde_json::from_slice::<Map<String, Value>>(value).is_ok();
        if is_object { &mut self.foreign } else { &mut self.damaged }.push(key);
    }
}
