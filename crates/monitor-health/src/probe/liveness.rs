//! Liveness: whether this process itself still works. Nothing that waits, and nothing outside of it, can be asked here.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use monitor_core::{clock, panic};

/// Says whether a part of this process still works. Any closure that returns a `bool` is one.
///
/// It is asked on every request to `/live` and answers at once, from what is known already: it is neither asynchronous nor
/// fallible, so that no database can be asked by it. A process is not better for being restarted because its database is
/// away.
pub trait LivenessCheck: Send + Sync + 'static {
    /// Says so.
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

/// A loop that says again and again that it still runs. Cloning it gives another handle to the same.
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
/// # Ok::<(), monitor_kit::health::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Heartbeat {
    longest: Duration,
    /// Milliseconds since the heartbeat was made.
    last: Arc<AtomicU64>,
    begun: std::time::Instant,
}

/// One check of liveness.
pub(crate) struct Vital {
    pub(crate) name: String,
    pub(crate) check: Box<dyn LivenessCheck>,
}

impl Heartbeat {
    /// Creates one that beats now, and that has stopped once it has not beaten for longer than `longest`.
    #[must_use]
    pub fn new(longest: Duration) -> Self {
        Self { longest, last: Arc::default(), begun: clock::now() }
    }

    /// Beats.
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
    /// One that panics is not alive.
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
