//! Heartbeats of a process, and the end of the process before.

use std::time::SystemTime;

use crate::{base::clock, traffic::InFlight};

/// The state of a process, which the monitor passes to its store once a second. The store has the last one after the
/// process has ended, whatever ended it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ProcessHeartbeat {
    /// The release of the process.
    pub release: String,
    /// The wall-clock time at which the monitor was built.
    pub started: SystemTime,
    /// The wall-clock time of this heartbeat.
    pub at: SystemTime,
    /// Requests in flight of the busiest routes, at most [`MAX_ROUTES`](Self::MAX_ROUTES), the busiest first.
    pub in_flight: Vec<InFlight>,
    /// Number of requests in flight on all other routes.
    pub in_flight_elsewhere: u64,
    /// Whether the process ends by itself. The monitor writes no heartbeat after this one.
    pub is_last: bool,
}

/// The end of the last process that used the store. Sent as [`Signal::ProcessEnded`](crate::Signal::ProcessEnded)
/// within a second after the store was opened, so that a log that is set up after the monitor has it.
///
/// # Example
///
/// ```
/// use monitor_kit::{LastEnd, Monitor, Signal};
///
/// let monitor = Monitor::builder("shop")
///     .reporter_fn("pager", |signal| {
///         if let Signal::ProcessEnded(ended) = signal
///             && ended.end == LastEnd::OutOfMemory
///             && let Some(last) = &ended.last
///         {
///             println!("release {} ran out of memory at {:?}", last.release, last.in_flight);
///         }
///     })
///     .build()?;
/// # Ok::<(), monitor_kit::BuildError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ProcessEnded {
    /// The cause of the end.
    pub end: LastEnd,
    /// The last heartbeat, at most a second older than the end; `None` if none was recorded.
    pub last: Option<ProcessHeartbeat>,
}

/// The cause of the end of a process.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum LastEnd {
    /// The monitor was shut down or dropped, or the main thread ended the process, with any exit status.
    ByItself,
    /// The process ended at once: by SIGKILL or another signal without a handler, a crash, an abort, or an exit on
    /// another thread.
    Killed,
    /// The process ended at once, and the kernel killed a process of its control group for lack of memory since the
    /// last heartbeat.
    OutOfMemory,
    /// The process ended with the machine, or the store is on another machine now.
    MachineRestarted,
    /// There is no heartbeat: this is the first process, or the heartbeat was not written as a whole.
    NotRecorded,
}

impl ProcessHeartbeat {
    /// Maximum number of routes in [`in_flight`](Self::in_flight).
    pub const MAX_ROUTES: usize = 16;

    /// Creates the heartbeat at `at` of a process without requests in flight.
    // No example: stores call it when they read a heartbeat.
    #[must_use]
    pub fn new(release: impl Into<String>, started: SystemTime, at: SystemTime) -> Self {
        let release = release.into();
        Self { release, started, at, in_flight: Vec::new(), in_flight_elsewhere: 0, is_last: false }
    }

    /// Creates a heartbeat of the running process.
    pub(crate) fn now(release: &str, started: SystemTime, (in_flight, elsewhere): (Vec<InFlight>, u64)) -> Self {
        Self { in_flight, in_flight_elsewhere: elsewhere, ..Self::new(release, started, clock::wall()) }
    }
}

impl ProcessEnded {
    /// Creates an end by `end`, after the heartbeat `last`.
    // No example: stores call it when they read a heartbeat.
    #[must_use]
    pub const fn new(end: LastEnd, last: ProcessHeartbeat) -> Self {
        Self { end, last: Some(last) }
    }

    /// Creates an end without a heartbeat.
    #[must_use]
    pub const fn not_recorded() -> Self {
        Self { end: LastEnd::NotRecorded, last: None }
    }
}

impl LastEnd {
    /// Returns the name of this cause in logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ByItself => "ended_by_itself",
            Self::Killed => "killed",
            Self::OutOfMemory => "out_of_memory",
            Self::MachineRestarted => "machine_restarted",
            Self::NotRecorded => "not_recorded",
        }
    }
}
