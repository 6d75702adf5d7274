//! The state of the extensions, and erasures that came before the store was loaded.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use super::{durable::Durable, eraser::Eraser};
use crate::base::unwind;

/// The state of all extensions.
pub(crate) struct Durables {
    list: Vec<Arc<dyn Durable>>,
    /// Users erased before the store was loaded, which may hold data of theirs; `None` once it is, and without a
    /// store.
    early: Mutex<Option<Vec<Eraser>>>,
}

impl Durables {
    pub(crate) fn without_store(list: Vec<Arc<dyn Durable>>) -> Self {
        Self { list, early: Mutex::new(None) }
    }

    pub(crate) fn with_store(list: Vec<Arc<dyn Durable>>) -> Self {
        Self { list, early: Mutex::new(Some(Vec::new())) }
    }

    pub(crate) fn list(&self) -> &[Arc<dyn Durable>] {
        &self.list
    }

    /// Erases a user from the state of all extensions.
    pub(crate) fn erase(&self, eraser: &Eraser) {
        if let Some(early) = &mut *self.early.lock().unwrap_or_else(PoisonError::into_inner) {
            early.push(eraser.clone());
        }
        self.each(|durable| durable.erase(eraser));
    }

    /// Takes the users erased before the store was loaded. Called once it is.
    pub(crate) fn take_early_erasures(&self) -> Vec<Eraser> {
        self.early.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
    }

    /// Discards all pending changes, which no store takes.
    pub(crate) fn discard_changes(&self) {
        self.each(Durable::discard_changes);
    }

    fn each(&self, f: impl Fn(&dyn Durable)) {
        self.list.iter().for_each(|durable| unwind::catch_and_drop(|| f(&**durable)));
    }
}

impl fmt::Debug for Durables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Durables").field(&self.list.len()).finish()
    }
}
