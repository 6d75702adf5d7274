//! The gate shared by all sites, which limits the total rate of events captured whole.

use super::COUNT;
use crate::base::sync::atomic::{AtomicU64, Ordering};

/// Lets a limited number of errors of all sites pass per second.
#[derive(Debug)]
pub(super) struct Gate {
    per_second: u64,
    /// The second in the upper half, the number of errors passed in it in the lower half.
    window: AtomicU64,
}

impl Gate {
    pub(super) fn new(per_second: u32) -> Self {
        Self { per_second: per_second.into(), window: AtomicU64::new(0) }
    }

    /// Counts an error against the limit of its second. `at` is a monotonic time in microseconds.
    pub(super) fn lets_pass(&self, at: i64) -> bool {
        let second = (at.unsigned_abs() / 1_000_000) << 32;
        let next = |window: u64| {
            let next = if window & !COUNT == second { window.checked_add(1)? } else { second + 1 };
            (next & COUNT <= self.per_second).then_some(next)
        };
        self.window.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }
}
