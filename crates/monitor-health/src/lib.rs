//! Health probes and the tower service that answers for them.
//!
//! ```
//! use monitor_health::{Health, Outcome, Probe};
//!
//! let health = Health::builder()
//!     .version("1.4.2")
//!     .probe(Probe::new("database", || async { Outcome::ok() }).critical().ready())
//!     .probe(Probe::new("search", || async { Outcome::warning("index is rebuilt") }))
//!     .alias("db", "database")
//!     .build()?;
//! let service = health.service();
//! # Ok::<(), monitor_health::BuildError>(())
//! ```
//!
//! # Paths
//!
//! Each with and without a slash at its end, below wherever the service is mounted, `/health` by custom:
//!
//! | path | answers | 503 when |
//! | --- | --- | --- |
//! | `/` | `status` `healthy` or `unhealthy`, and every check | a critical probe fails, the service starts or drains |
//! | `/ready` | `ready` or `not_ready` with the names of what keeps it | a gate is closed, it drains, a critical probe of readiness fails |
//! | `/live` | `alive` | never |
//! | `/{probe}` | the probe's own status and values; aliases work | the probe fails |
//!
//! Liveness asks no probe: a process is not better for being restarted because its database is away.
//!
//! # What a stranger may read
//!
//! An [`Outcome`]'s message and values are published, so write them for strangers. Its [source](Outcome::source) goes
//! to the log only, redacted.
//!
//! # Features
//!
//! - `disk`: `DiskSpace`, for the free space of a file system.
//! - `sqlite`: `SqliteProbe`, over sqlx. Needs Rust 1.94.

mod body;
mod builder;
mod changes;
mod detail;
mod draft;
mod drain;
#[cfg(feature = "grpc")]
mod grpc;
mod health;
mod liveness;
mod negotiate;
mod outcome;
mod probe;
mod probes;
mod query;
mod report;
mod run;
mod said;
mod schedule;
mod service;
mod standing;
mod watch;

pub use monitor_core::{HealthReading, HealthStatus, ProbeReading};

#[cfg(feature = "grpc")]
pub use self::grpc::GrpcHealthService;
#[cfg(feature = "disk")]
pub use self::probes::DiskSpace;
#[cfg(feature = "error-ratio")]
pub use self::probes::ErrorRatio;
#[cfg(feature = "http-probe")]
pub use self::probes::HttpProbe;
#[cfg(feature = "memory")]
pub use self::probes::MemoryLeft;
#[cfg(feature = "fds")]
pub use self::probes::OpenFiles;
#[cfg(feature = "postgres")]
pub use self::probes::PostgresProbe;
#[cfg(feature = "redis")]
pub use self::probes::RedisProbe;
#[cfg(feature = "runtime")]
pub use self::probes::RuntimeLag;
#[cfg(feature = "sqlite")]
pub use self::probes::SqliteProbe;
#[cfg(feature = "tcp")]
pub use self::probes::TcpProbe;
pub use self::{
    builder::{BuildError, HealthBuilder},
    detail::{Detail, Details, is_local},
    drain::StartupGate,
    health::Health,
    liveness::{Heartbeat, LivenessCheck},
    outcome::{Level, Outcome},
    probe::{BlockingProbe, HealthProbe, Probe, ProbeFuture},
    service::{HealthFuture, HealthService},
};
