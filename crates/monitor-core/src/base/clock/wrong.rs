//! A wrong wall clock, for tests.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime},
};

/// Makes the wall clock of the whole process wrong while this value exists. The monotonic clock is not affected.
///
/// Only one can exist at a time: creating another blocks until the first is dropped.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use monitor_kit::clock::{self, WrongClock};
///
/// let day = Duration::from_secs(24 * 60 * 60);
/// let clock = WrongClock::ahead(day);
/// let tomorrow = clock::wall();
/// clock.correct();
/// assert!(clock::wall() + day / 2 < tomorrow);
///
/// drop(clock);
/// let clock = WrongClock::behind(day);
/// assert!(clock::wall() < tomorrow - day);
/// ```
// The facade's pages do not show the condition of an import.
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
#[derive(Debug)]
pub struct WrongClock {
    _only: MutexGuard<'static, ()>,
}

impl WrongClock {
    /// Creates a clock that is ahead by `error`.
    #[must_use]
    pub fn ahead(error: Duration) -> Self {
        let clock = Self { _only: ONLY.lock().unwrap_or_else(PoisonError::into_inner) };
        ERROR.store(millis(error), Ordering::SeqCst);
        clock
    }

    /// Creates a clock that is behind by `error`.
    #[must_use]
    pub fn behind(error: Duration) -> Self {
        let clock = Self::ahead(Duration::ZERO);
        ERROR.store(-millis(error), Ordering::SeqCst);
        clock
    }

    /// Corrects the clock, as a time daemon does.
    pub fn correct(&self) {
        ERROR.store(0, Ordering::SeqCst);
    }
}

impl Drop for WrongClock {
    fn drop(&mut self) {
        self.correct();
    }
}

pub(super) fn shifted(time: SystemTime) -> SystemTime {
    let error = ERROR.load(Ordering::SeqCst);
    let by = Duration::from_millis(error.unsigned_abs());
    if error < 0 { time - by } else { time + by }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

static ONLY: Mutex<()> = Mutex::new(());
/// Error in milliseconds; negative if the clock is behind.
static ERROR: AtomicI64 = AtomicI64::new(0);
