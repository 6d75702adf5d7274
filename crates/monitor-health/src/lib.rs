//! Health probes and the tower service that answers for them.
//!
//! ```
//! use monitor_kit::health::{Health, Outcome, Probe};
//!
//! let health = Health::builder()
//!     .version("1.4.2")
//!     .probe(Probe::new("database", || async { Outcome::ok() }).critical().ready())
//!     .probe(Probe::new("search", || async { Outcome::warning("index is rebuilt") }))
//!     .alias("db", "database")
//!     .build()?;
//! let service = health.service();
//! # Ok::<(), monitor_kit::health::BuildError>(())
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
//! | `/live` | `alive` or `not_alive` | a [liveness check](HealthBuilder::liveness) fails |
//! | `/startup` | `started` or `starting` with the names of what it waits for | a gate is closed, a critical probe was never looked at |
//! | `/{probe}` | the probe's own status and values; [aliases](HealthBuilder::alias) work | the probe fails |
//! | `/{group}`, `/{tag}` | as `/`, of the probes of a [group](HealthBuilder::group) or [tag](Probe::tag) | a critical one of them fails, the service starts or drains |
//!
//! `?verbose` gets the text that Kubernetes' own components print, `?exclude=name` leaves a probe out. Whoever accepts
//! `application/health+json` rather than `application/json` gets that. GET and HEAD are answered alike.
//!
//! A monitor does not track requests to `/health`: they are in no metric and no issue, and in the log at DEBUG only. Mounted
//! elsewhere, name the path in [`MonitorBuilder::untracked`](monitor_core::MonitorBuilder::untracked).
//!
//! # When probes run
//!
//! By themselves: at once, then every ten seconds or so, every thirty while they fail, at most eight side by side, of which
//! one that takes longer than a second gives its turn to the next. A caller reads what they found last. Only the very first
//! run, and a probe that runs [on demand](Probe::on_demand), is waited for, for 800 ms at most, by all callers together;
//! then the last result stands, marked `stale`. A result older than three intervals and the time-out says nothing any more,
//! and counts as an error.
//!
//! A run is on a task of its own, or a thread for one that [blocks](Probe::blocking). One that takes longer than its [time-out](Probe::timeout) has failed, and while it has not
//! ended there is no other: whatever blocks for ever holds one thread. A panic in it is an error like any other, unless the
//! program is built with `panic = "abort"`.
//!
//! # What a result means
//!
//! One failure is no outage: until a probe has failed three times in a row it is a warning that says so (`1/3`), and it is
//! up again after two good runs. An error that is [decisive](Outcome::decisive), and whatever the first run finds, counts
//! at once. Kubernetes has a threshold of its own, which comes on top: `failureThreshold: 1` is enough for readiness.
//!
//! An optional probe that fails leaves the service `healthy`, but `degraded`. Readiness asks only those that
//! [joined](Probe::ready) it: a dependency that all instances share would take all of them out at once.
//!
//! # What a stranger may read
//!
//! An [`Outcome`]'s message and values are published, so write them for strangers; [`DetailPolicy`] says who reads how much. Its
//! [source](Outcome::source) goes to the log and to reporters only, redacted.
//!
//! # Features
//!
//! - `axum`: [`DetailPolicy::local`] knows the peer from axum's `ConnectInfo`.
//! - `grpc`: `Health::grpc_service`, for `grpc.health.v1`.
//!
//! Probes, each by what it looks at:
//!
//! - `disk`: `DiskProbe`.
//! - `error-ratio`: `ErrorRatioProbe`, of the service's own requests.
//! - `fds`: `OpenFilesProbe`.
//! - `http-probe`: `HttpProbe`, over ureq.
//! - `memory`: `MemoryProbe`, of the control group or the machine.
//! - `postgres`: `PostgresProbe`, over sqlx. Needs Rust 1.94.
//! - `redis`: `RedisProbe`.
//! - `runtime`: `RuntimeProbe`.
//! - `sqlite`: `SqliteProbe`, over sqlx. Needs Rust 1.94.
//! - `tcp`: `TcpProbe`.

#![cfg_attr(docsrs, feature(doc_cfg))]

// The floors, from the ground up: a module uses only those above it in this list. `cargo xtask lint` checks it.

// Why a registry could not be built.
mod error;

// Who may see how much.
mod detail;

// One probe: its check, its runs, its standing, its answer.
mod probe;

// Probes for what many services need.
mod probes;

// All probes of a service: when they run, and whether the service is ready.
mod registry;

// Requests for health, and their answers.
mod endpoint;

pub use monitor_core::{HealthReading, HealthStatus, ProbeReading};

#[cfg(feature = "grpc")]
pub use self::endpoint::grpc::GrpcHealthService;
#[cfg(feature = "disk")]
pub use self::probes::disk::DiskProbe;
#[cfg(feature = "error-ratio")]
pub use self::probes::error_ratio::ErrorRatioProbe;
#[cfg(feature = "fds")]
pub use self::probes::fds::OpenFilesProbe;
#[cfg(feature = "http-probe")]
pub use self::probes::http::HttpProbe;
#[cfg(feature = "memory")]
pub use self::probes::memory::MemoryProbe;
#[cfg(feature = "postgres")]
pub use self::probes::postgres::PostgresProbe;
#[cfg(feature = "redis")]
pub use self::probes::redis::RedisProbe;
#[cfg(feature = "runtime")]
pub use self::probes::runtime::RuntimeProbe;
#[cfg(feature = "sqlite")]
pub use self::probes::sqlite::SqliteProbe;
#[cfg(feature = "tcp")]
pub use self::probes::tcp::TcpProbe;
pub use self::{
    detail::{DetailLevel, DetailPolicy, has_bearer, is_local},
    endpoint::service::{HealthFuture, HealthService},
    error::BuildError,
    probe::{
        BlockingProbe, HealthProbe, Probe, ProbeFuture,
        liveness::{Heartbeat, LivenessCheck},
        outcome::{Level, Outcome},
    },
    registry::{builder::HealthBuilder, drain::StartupGate, health::Health},
};
