//! Callbacks that wait until the symbols of the program are loaded.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use crate::base::unwind;

type Waiting = Box<dyn FnOnce() + Send>;

/// Callbacks to run once the symbols are loaded; `None` after that.
pub(crate) struct Loading(Mutex<Option<Vec<Waiting>>>);

/// Process-wide, like the symbols.
pub(crate) static LOADING: Loading = Loading::new();

impl Loading {
    const fn new() -> Self {
        Self(Mutex::new(Some(Vec::new())))
    }

    /// Calls `f` once the symbols are loaded, or at once if they already are.
    pub(crate) fn on_end(&self, f: impl FnOnce() + Send + 'static) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waiting) = &mut *waiting {
            waiting.push(Box::new(f));
        } else {
            drop(waiting);
            f();
        }
    }

    /// Runs all callbacks. Must be called when loading has ended, even if it failed.
    pub(crate) fn end(&self) {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        waiting.into_iter().flatten().for_each(unwind::catch_and_drop);
    }
}

impl fmt::Debug for Loading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loading").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    use super::*;

    #[test]
    fn each_is_called_once_when_it_ends_and_later_ones_at_once() {
        let (loading, calls) = (Loading::new(), Arc::new(AtomicU32::new(0)));
        let count = || {
            let calls = Arc::clone(&calls);
            move || {
                calls.fetch_add(1, Ordering::Relaxed);
            }
        };
        loading.on_end(count());
        loading.on_end(|| panic!("on purpose"));
        loading.on_end(count());
        assert_eq!(calls.load(Ordering::Relaxed), 0);
        loading.end();
        assert_eq!(calls.load(Ordering::Relaxed), 2);
        loading.on_end(count());
        loading.end();
        assert_eq!(calls.load(Ordering::Relaxed), 3);
    }
}
