//! The gate that all sources share.

use super::COUNT;
use crate::base::sync::atomic::{AtomicU64, Ordering};

/// Lets so many errors of all sources pass in each second.
#[derive(Debug)]
pub(super) struct Gate {
    per_second: u64,
    /// The second in the upper half, how many passed in it in the lower.
    window: AtomicU64,
}

impl Gate {
    pub(super) fn new(per_second: u32) -> Self {
        Self { per_second: per_second.into(), window: AtomicU64::new(0) }
    }

    /// Takes the moment by the monotonic clock, in microseconds.
    pub(super) fn lets_pass(&self, at: i64) -> bool {
        let second = (at.unsigned_abs() / 1_000_000) << 32;
        let next = |window: u64| {
            let next = if window & !COUNT == second { window.checked_add(1)? } else { second + 1 };
            (next & COUNT <= self.per_second).then_some(next)
        };
        self.window.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }
}
