//! The current time, passed into every function: nothing in the state machine reads a clock.

use std::time::{Duration, SystemTime};

/// The time of one call, by both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    /// Monotonic time since any origin. All delays and deadlines are measured by it.
    pub(crate) steady: Duration,
    /// Wall-clock time, shown in alerts, and compared with mute windows only.
    pub(crate) wall: SystemTime,
}
