//! Health as it is told to others: in gauges and in signals. What is looked at, and when, is monitor-health's.

mod api;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use crate::panic;

/// How well something is, as far as anybody knows.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "the three levels of the health body, and not to know")]
pub enum HealthStatus {
    /// Nobody has looked yet, or not for too long.
    #[default]
    Unknown,
    /// All is well.
    Ok,
    /// It works, but somebody should look.
    Warning,
    /// It does not work.
    Error,
}

/// A probe, or the service as a whole, is as it was not before.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "whoever tells of a change says all of it")]
pub struct HealthChange {
    /// Which probe; `None` for the service as a whole.
    pub probe: Option<String>,
    /// How it was.
    pub from: HealthStatus,
    /// How it is.
    pub to: HealthStatus,
    /// Since when.
    pub at: SystemTime,
    /// For how long it was as it was.
    pub was_for: Duration,
    /// What strangers may read of it.
    pub message: String,
    /// What is behind it, redacted.
    pub reason: Option<String>,
}

/// How well a service is at one moment.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "whoever reads health says all of it")]
pub struct HealthReading {
    /// Whether it is fit for traffic.
    pub is_ready: bool,
    /// Whether it is about to stop.
    pub is_draining: bool,
    /// Each probe.
    pub probes: Vec<ProbeReading>,
}

/// How one probe stands.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "whoever reads health says all of it")]
pub struct ProbeReading {
    /// What it is called.
    pub probe: String,
    /// How well it is.
    pub status: HealthStatus,
    /// How long its last run took; zero before the first.
    pub last_run: Duration,
}

type Source = Arc<dyn Fn() -> Option<HealthReading> + Send + Sync>;

/// Where health is read.
#[derive(Default)]
pub(crate) struct HealthSource(Mutex<Option<Source>>);

// === impl HealthStatus ===

impl HealthStatus {
    /// Returns the status as logs and pages have it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// Returns the status as [`names::PROBE_STATUS`](crate::names::PROBE_STATUS) has it: the higher the better.
    pub(crate) const fn as_gauge(self) -> f64 {
        match self {
            Self::Unknown => -1.0,
            Self::Error => 0.0,
            Self::Warning => 1.0,
            Self::Ok => 2.0,
        }
    }
}

impl fmt::Display for HealthStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

// === impl HealthSource ===

impl HealthSource {
    pub(crate) fn read(&self) -> Option<HealthReading> {
        let source = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        panic::catch(|| source()).unwrap_or_else(|caught| {
            caught.drop_payload();
            None
        })
    }
}

impl fmt::Debug for HealthSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HealthSource").finish_non_exhaustive()
    }
}
