//! The interface to a store, which persists a monitor's state over a restart.
//!
//! The monitor keeps issues and disabled routes in memory. A store holds a copy of them as values behind keys and knows
//! nothing of their meaning, so any key-value storage can be one.

pub(crate) mod durable;
pub(crate) mod durables;
pub(crate) mod eraser;
pub(crate) mod heartbeat;
pub(crate) mod timeline;

use std::sync::Arc;

use uuid::Uuid;

use self::{
    durable::KeyPrefix,
    heartbeat::{ProcessEnded, ProcessHeartbeat},
};
use crate::base::error::BoxError;

/// A store: persists a value for each key. `monitor-store` has an implementation that uses a file.
///
/// The monitor calls it while it is built, and afterwards from a thread of its own; no request waits for it. State that
/// cannot be saved stays valid in memory: the monitor logs a warning, counts a drop with reason `not_persisted`, and
/// retries.
///
/// Keys consist of lower-case letters, digits, `-` and `/`. A key with a `/` is one of many of its kind, such as an
/// event: a store that runs out of space may evict those, the least recently saved first. It must not evict any other.
///
/// # Example
///
/// ```
/// use std::{collections::BTreeMap, sync::Mutex};
/// use monitor_kit::{BoxError, StoreWrite, Monitor, Persist};
///
/// /// Stores values in memory only, so none survives a restart.
/// #[derive(Default)]
/// struct Memory(Mutex<BTreeMap<String, Vec<u8>>>);
///
/// impl Persist for Memory {
///     fn load(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, BoxError> {
///         let values = self.0.lock().expect("no thread panicked");
///         let found = values.range(prefix.to_owned()..).take_while(|(key, _)| key.starts_with(prefix));
///         Ok(found.map(|(key, value)| (key.clone(), value.clone())).collect())
///     }
///
///     fn save(&self, changes: &[StoreWrite]) -> Result<u64, BoxError> {
///         let mut values = self.0.lock().expect("no thread panicked");
///         for change in changes {
///             match change {
///                 StoreWrite::Put { key, value } => drop(values.insert(key.clone(), value.clone())),
///                 StoreWrite::Remove { key } => drop(values.remove(key)),
///             }
///         }
///         Ok(0)
///     }
/// }
///
/// let monitor = Monitor::builder("shop").persist(Memory::default()).build()?;
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
pub trait Persist: Send + Sync + 'static {
    /// Returns all keys that begin with `prefix`, in order, with their values.
    ///
    /// # Errors
    ///
    /// Returns an error if the values cannot be read. The monitor continues in memory, and retries.
    fn load(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, BoxError>;

    /// Saves all of these changes or none of them. They must be durable when this returns. Returns the number of other
    /// values evicted to make room.
    ///
    /// # Errors
    ///
    /// Returns an error if the changes could not be saved. The monitor retries.
    fn save(&self, changes: &[StoreWrite]) -> Result<u64, BoxError>;

    /// Returns whether the store can be used now. Called before the first load, and before each save.
    ///
    /// # Errors
    ///
    /// Returns an error if the store cannot be used for a reason other than another process that uses it.
    fn access(&self) -> Result<StoreState, BoxError> {
        Ok(StoreState::Ready)
    }

    /// Receives the prefixes of all keys that the monitor uses, with their quotas. Called before the first load. A
    /// store without quotas may ignore it.
    fn set_prefixes(&self, prefixes: &[KeyPrefix]) {
        let _ = prefixes;
    }

    /// Returns a secret that is the same for all processes that use this store, and not guessable by others. User IDs
    /// are hashed with it, so that users are counted without storing their IDs.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no secret. Users are then counted anew in each process.
    fn secret(&self) -> Result<Uuid, BoxError> {
        if let Some((_, secret)) = self.load(SECRET)?.first() {
            return Ok(Uuid::from_slice(secret)?);
        }
        let secret = Uuid::new_v4();
        self.save(&[StoreWrite::Put { key: SECRET.to_owned(), value: secret.as_bytes().to_vec() }])?;
        Ok(secret)
    }

    /// Purges the remains of removed values, such as those in the free space of a file. Called after a user was erased.
    ///
    /// # Errors
    ///
    /// Returns an error if remains may be left. The monitor retries.
    fn purge(&self) -> Result<(), BoxError> {
        Ok(())
    }

    /// Returns the end of the process that used the store before, or `None` if the store records no heartbeats. Called
    /// once, after the first [`access`](Self::access) that returned [`StoreState::Ready`] or [`StoreState::Fresh`], and
    /// before the first [`beat`](Self::beat).
    ///
    /// # Errors
    ///
    /// Returns an error if a heartbeat may exist but cannot be read. The end is then reported as not recorded.
    fn last_end(&self) -> Result<Option<ProcessEnded>, BoxError> {
        Ok(None)
    }

    /// Replaces the recorded heartbeat. Called once a second while the monitor has the store, and a last time when the
    /// process ends by itself. All but the first and the last call come from the housekeeping thread, so this must be
    /// short. A heartbeat must survive the process; it need not survive the machine.
    ///
    /// # Errors
    ///
    /// Returns an error if the heartbeat was not recorded. It is counted as dropped with reason `not_persisted`.
    fn beat(&self, heartbeat: &ProcessHeartbeat) -> Result<(), BoxError> {
        let _ = heartbeat;
        Ok(())
    }
}

/// The state of a store.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum StoreState {
    /// The store can be used.
    Ready,
    /// The store can be used, but was damaged and has been replaced by an empty one. Returned once. The monitor writes
    /// its whole state from memory, and logs the loss.
    Fresh {
        /// The reason, and the location of the damaged store.
        why: String,
    },
    /// Another process uses the store. The monitor continues in memory, asks again every second, and merges its state
    /// into the store once that is free.
    Busy,
}

/// One change of a store's values.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a value is there or it is not")]
pub enum StoreWrite {
    /// Sets the value of a key.
    Put {
        /// The key.
        key: String,
        /// The new value.
        value: Vec<u8>,
    },
    /// Removes a key and its value.
    Remove {
        /// The key.
        key: String,
    },
}

impl StoreWrite {
    /// Returns the key.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Put { key, .. } | Self::Remove { key } => key,
        }
    }
}

impl<P: Persist + ?Sized> Persist for Arc<P> {
    fn load(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, BoxError> {
        (**self).load(prefix)
    }

    fn save(&self, changes: &[StoreWrite]) -> Result<u64, BoxError> {
        (**self).save(changes)
    }

    fn access(&self) -> Result<StoreState, BoxError> {
        (**self).access()
    }

    fn set_prefixes(&self, prefixes: &[KeyPrefix]) {
        (**self).set_prefixes(prefixes);
    }

    fn secret(&self) -> Result<Uuid, BoxError> {
        (**self).secret()
    }

    fn purge(&self) -> Result<(), BoxError> {
        (**self).purge()
    }

    fn last_end(&self) -> Result<Option<ProcessEnded>, BoxError> {
        (**self).last_end()
    }

    fn beat(&self, heartbeat: &ProcessHeartbeat) -> Result<(), BoxError> {
        (**self).beat(heartbeat)
    }
}

pub(crate) const SECRET: &str = "secret";
