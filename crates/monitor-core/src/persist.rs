//! Keeping state over a restart.

use std::sync::Arc;

use uuid::Uuid;

use crate::base::error::BoxError;

/// Keeps what must outlive the process: a value for each key. `monitor-store` has one that keeps them in a file.
///
/// It is asked when the monitor is built, and from then on by a thread of the monitor's own; no request waits for it. What it cannot save still holds in this
/// process: it is warned of, counted as dropped with reason `not_persisted`, and tried again.
///
/// Keys are made of lower-case letters, digits, `-` and `/`. One with a `/` is one of many, such as an event: a storage that
/// runs out of room may let those go that were saved longest ago.
///
/// # Example
///
/// ```
/// use std::{collections::BTreeMap, sync::Mutex};
/// use monitor_kit::{BoxError, StoreWrite, Monitor, Persist};
///
/// /// Outlives nothing but the monitor.
/// #[derive(Default)]
/// struct Memory(Mutex<BTreeMap<String, Vec<u8>>>);
///
/// impl Persist for Memory {
///     fn load(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, BoxError> {
///         let values = self.0.lock().expect("nobody panicked");
///         Ok(values.range(prefix.to_owned()..).take_while(|(key, _)| key.starts_with(prefix)).map(|(key, value)| (key.clone(), value.clone())).collect())
///     }
///
///     fn save(&self, changes: &[StoreWrite]) -> Result<u64, BoxError> {
///         let mut values = self.0.lock().expect("nobody panicked");
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
    /// Returns every key that begins with `prefix`, in their order, and its value.
    ///
    /// # Errors
    ///
    /// When they cannot be told. The monitor goes on in memory, and tries again.
    fn load(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, BoxError>;

    /// Saves all of these changes, or none, so that they outlive the process when this returns. Returns how many other values
    /// were let go to make room.
    ///
    /// # Errors
    ///
    /// When they could not be saved.
    fn save(&self, changes: &[StoreWrite]) -> Result<u64, BoxError>;

    /// Returns whether it can be used now. Asked before everything else, and before each save.
    ///
    /// # Errors
    ///
    /// When it can not, and not because somebody else uses it.
    fn access(&self) -> Result<StoreState, BoxError> {
        Ok(StoreState::Ready)
    }

    /// Returns a number that is the same for every process that uses this storage, at whatever time, and that nobody else can
    /// guess. Users are counted with it, without keeping who they are.
    ///
    /// # Errors
    ///
    /// When there is none. Users are then counted anew in each process.
    fn secret(&self) -> Result<Uuid, BoxError> {
        if let Some((_, secret)) = self.load(SECRET)?.first() {
            return Ok(Uuid::from_slice(secret)?);
        }
        let secret = Uuid::new_v4();
        self.save(&[StoreWrite::Put { key: SECRET.to_owned(), value: secret.as_bytes().to_vec() }])?;
        Ok(secret)
    }

    /// Lets nothing remain of what was removed before, such as in free space of a file.
    ///
    /// # Errors
    ///
    /// When something may remain.
    fn purge(&self) -> Result<(), BoxError> {
        Ok(())
    }
}

/// Whether a storage can be used.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum StoreState {
    /// It can.
    Ready,
    /// It can, but all that was in it is gone: it was damaged, and begun anew. Said once. The monitor writes down what it has in
    /// memory, and says in the log that this happened.
    Fresh {
        /// What was the matter, and where the rest of it is.
        why: String,
    },
    /// Another process uses it. The monitor asks again in a second, goes on in memory, and adds its own to what is there once it
    /// is free.
    Busy,
}

/// One change of what is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a value is there or it is not")]
pub enum StoreWrite {
    /// The value of a key, in place of the one before.
    Put {
        /// The key.
        key: String,
        /// Its value.
        value: Vec<u8>,
    },
    /// The key and its value go.
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

    fn secret(&self) -> Result<Uuid, BoxError> {
        (**self).secret()
    }

    fn purge(&self) -> Result<(), BoxError> {
        (**self).purge()
    }
}

const SECRET: &str = "secret";
