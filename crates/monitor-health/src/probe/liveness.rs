//! Liveness: whether the process itself still works.
//!
//! A failed liveness check restarts the process, and a restart cannot repair a dependency. Checks are therefore
//! synchronous and cannot return an error: there is no place to query a database from.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use monitor_core::{clock, instrument::panic};

/// Checks whether a part of this process still works. Implemented by every closure that returns a `bool`.
///
/// It is called on every request to `/live` and must return at once, from state that is already known. It is neither
/// asynchronous nor fallible, so that it cannot query a database: restarting a process does not bring its database
/// back.
pub trait LivenessCheck: Send + Sync + 'static {
    /// Returns `false` if the process must be restarted.
    fn is_alive(&self) -> bool;
}

impl<F> LivenessCheck for F
where
    F: Fn() -> bool + Send + Sync + 'static,
{
    fn is_alive(&self) -> bool {
        self()
    }
}

/// A liveness check for a loop, which must call [`beat`](Self::beat) regularly. Clones share one state.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use monitor_kit::health::{Health, Heartbeat};
///
/// let heartbeat = Heartbeat::new(Duration::from_secs(30));
/// let health = Health::builder().liveness("worker", heartbeat.clone()).build()?;
/// // … in the worker's loop:
/// heartbeat.beat();
/// # Ok::<(), monitor_kit::health::HealthError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Heartbeat {
    longest: Duration,
    /// Milliseconds from `begun` to the last beat.
    last: Arc<AtomicU64>,
    begun: std::time::Instant,
}

/// A liveness check with its name.
pub(crate) struct Vital {
    pub(crate) name: String,
    pub(crate) check: Box<dyn LivenessCheck>,
}

impl Heartbeat {
    /// Creates a heartbeat that beats now. It is not alive once its last beat is older than `longest`.
    #[must_use]
    pub fn new(longest: Duration) -> Self {
        Self { longest, last: Arc::default(), begun: clock::now() }
    }

    /// Records that the loop still runs.
    pub fn beat(&self) {
        self.last.store(self.elapsed(), Ordering::Relaxed);
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl LivenessCheck for Heartbeat {
    fn is_alive(&self) -> bool {
        let since = self.elapsed().saturating_sub(self.last.load(Ordering::Relaxed));
        Duration::from_millis(since) <= self.longest
    }
}

impl Vital {
    /// Returns whether the check passes. A check that panics has failed.
    pub(crate) fn is_alive(&self) -> bool {
        panic::catch(|| self.check.is_alive()).unwrap_or_else(|caught| {
            caught.drop_payload();
            false
        })
    }
}

impl fmt::Debug for Vital {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vital").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heart_that_has_not_beaten_for_too_long_has_stopped() {
        let begun = clock::now().checked_sub(Duration::from_secs(60)).unwrap();
        let heartbeat = Heartbeat { begun, ..Heartbeat::new(Duration::from_secs(30)) };
        assert!(!heartbeat.is_alive());
        heartbeat.beat();
        assert!(heartbeat.is_alive());
    }

    #[test]
    fn a_check_that_panics_is_not_alive() {
        let check: Box<dyn LivenessCheck> = Box::new(|| -> bool { panic!("a broken check") });
        assert!(!Vital { name: String::from("worker"), check }.is_alive());
    }
}
