//! A source of readings that a sibling crate sets.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use super::unwind;

/// The source of readings of one kind, if one is set.
pub(crate) struct Source<T>(Mutex<Option<Read<T>>>);

type Read<T> = Arc<dyn Fn() -> Option<T> + Send + Sync>;

impl<T> Source<T> {
    /// Sets the source. Replaces an earlier one.
    pub(crate) fn set(&self, read: impl Fn() -> Option<T> + Send + Sync + 'static) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(read));
    }

    /// Returns a reading; `None` without a source, and if the source panics.
    pub(crate) fn read(&self) -> Option<T> {
        let read = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let mut reading = None;
        unwind::catch_and_drop(|| reading = read());
        reading
    }
}

impl<T> Default for Source<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> fmt::Debug for Source<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").finish_non_exhaustive()
    }
}
