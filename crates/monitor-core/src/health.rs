//! Health as data, for gauges and signals. monitor-health runs the probes and makes the readings.

mod api;

use std::{
    fmt,
    time::{Duration, SystemTime},
};

/// The health of a probe or a service.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "the three levels of the health body, and not to know")]
pub enum HealthStatus {
    /// Not probed yet, or not recently enough.
    #[default]
    Unknown,
    /// Works.
    Ok,
    /// Works, but needs attention.
    Warning,
    /// Does not work.
    Error,
}

/// A change of status of a probe, or of the service as a whole.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a change is built by monitor-health, with all fields")]
pub struct HealthChange {
    /// The probe's name; `None` for the service as a whole.
    pub probe: Option<String>,
    /// The status before the change.
    pub from: HealthStatus,
    /// The status after the change.
    pub to: HealthStatus,
    /// Time of the change.
    pub at: SystemTime,
    /// Duration of the status before.
    pub was_for: Duration,
    /// The message for the public, without internals.
    pub message: String,
    /// The cause, for operators, redacted.
    pub reason: Option<String>,
}

/// A snapshot of a service's health.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a reading is built by monitor-health, with all fields")]
pub struct HealthReading {
    /// Whether the service accepts traffic.
    pub is_ready: bool,
    /// Whether the service is shutting down.
    pub is_draining: bool,
    /// The probes' readings.
    pub probes: Vec<ProbeReading>,
}

/// A snapshot of one probe.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a reading is built by monitor-health, with all fields")]
pub struct ProbeReading {
    /// The probe's name.
    pub probe: String,
    /// The probe's status.
    pub status: HealthStatus,
    /// Duration of the last run; zero before the first.
    pub last_run: Duration,
}

// === impl HealthStatus ===

impl HealthStatus {
    /// Returns the name of the status, as used in logs and pages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// Returns the value of the gauge [`names::PROBE_STATUS`](crate::names::PROBE_STATUS): higher is better.
    #[must_use]
    pub const fn as_gauge(self) -> f64 {
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
