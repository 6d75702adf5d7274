//! Health probes, and the tower service that reports their results.
//!
//! ```
//! use monitor_kit::health::{Health, Probe, ProbeResult};
//!
//! let health = Health::builder()
//!     .version("1.4.2")
//!     .probe(Probe::new("database", || async { ProbeResult::ok() }).critical().ready())
//!     .probe(Probe::new("search", || async { ProbeResult::warning("index is rebuilt") }))
//!     .alias("db", "database")
//!     .build()?;
//! let service = health.service();
//! # Ok::<(), monitor_kit::health::HealthError>(())
//! ```
//!
//! # Paths
//!
//! Each path works with and without a trailing slash, below the path at which the service is mounted; `/health` by
//! convention:
//!
//! | path | response | 503 when |
//! | --- | --- | --- |
//! | `/` | `status` `healthy` or `unhealthy`, and every check | see below |
//! | `/ready` | `ready`, or `not_ready` with the causes | see below |
//! | `/live` | `alive` or `not_alive` | a [liveness check](HealthBuilder::liveness) fails |
//! | `/startup` | `started`, or `starting` with the causes | a gate is closed, a critical probe never ran |
//! | `/{probe}` | status and values of one probe; [aliases](HealthBuilder::alias) work | the probe fails |
//! | `/{group}`, `/{tag}` | as `/`, for a [group](HealthBuilder::group) or a [tag](Probe::tag) | see below |
//!
//! Paths marked *see below* return 503 while a gate is closed, while the service drains, when a liveness check fails
//! and when a critical probe fails: for `/` any critical probe, for `/ready` those that
//! [joined readiness](Probe::ready), for a group or a tag those in it.
//!
//! `?verbose` returns the text format of Kubernetes' own components; `?exclude=name` omits a probe. A request whose
//! `Accept` header prefers `application/health+json` to `application/json` receives that format. GET and HEAD return
//! the same headers.
//!
//! A monitor does not track requests to `/health`: they appear in no metric and no issue, and in the log at DEBUG only.
//! If the service is mounted at another path, add that path to
//! [`MonitorBuilder::untracked`](monitor_core::MonitorBuilder::untracked).
//!
//! # Schedule
//!
//! Probes run in the background: at once, then about every ten seconds, and every thirty while they fail. At most eight
//! run concurrently; a run that takes longer than a second gives up its slot to the next probe. A request reads the
//! latest results. It waits only for the very first run and for probes that run [on demand](Probe::on_demand), for
//! 800 ms in total; concurrent requests share one run. After that, the response contains the previous result, marked
//! `stale`. A result older than three intervals plus the time-out has expired and counts as an error.
//!
//! Each run has a task of its own, or a thread if the probe [blocks](Probe::blocking). A run that exceeds its
//! [time-out](Probe::timeout) has failed. The next run does not begin until it has ended, so that a probe that blocks
//! forever holds one thread only. A panic in a probe is an error like any other, unless the program is built with
//! `panic = "abort"`.
//!
//! # Results and thresholds
//!
//! A single failure is not an outage: until three runs in a row have failed, the probe's status is a warning with the
//! count (`1/3`). It recovers after two successful runs. An error that is [decisive](ProbeResult::decisive) counts at
//! once, as does the result of the first run. The thresholds of Kubernetes come on top of these: `failureThreshold: 1`
//! is enough for readiness.
//!
//! An optional probe that fails leaves the service `healthy`, but `degraded`. Readiness depends only on probes that
//! [joined](Probe::ready) it: the failure of a dependency shared by all instances would take all of them out of traffic
//! at once.
//!
//! # Visibility
//!
//! The message and the values of a [`ProbeResult`] are published, so write them for strangers; [`DetailPolicy`] limits
//! how much each caller may read. The [source](ProbeResult::source) is redacted, and goes to the log and to reporters
//! only.
//!
//! # Features
//!
//! - `axum`: [`DetailPolicy::local`] knows the peer from axum's `ConnectInfo`.
//! - `grpc`: `Health::grpc_service`, the service of `grpc.health.v1`.
//!
//! The probes, each behind a feature:
//!
//! - `probe-disk`: `DiskProbe`.
//! - `probe-error-ratio`: `ErrorRatioProbe`, for the service's own requests.
//! - `probe-open-files`: `OpenFilesProbe`.
//! - `probe-http`: `HttpProbe`, over ureq.
//! - `probe-memory`: `MemoryProbe`, for the control group or the machine.
//! - `probe-postgres`: `PostgresProbe`, over sqlx. Needs Rust 1.94.
//! - `probe-redis`: `RedisProbe`.
//! - `probe-runtime`: `RuntimeProbe`.
//! - `probe-sqlite`: `SqliteProbe`, over sqlx. Needs Rust 1.94.
//! - `probe-tcp`: `TcpProbe`.

#![cfg_attr(docsrs, feature(doc_cfg))]

// The floors, from the ground up: each module uses only those above it in this list. `cargo xtask lint` checks this.

// The error of a registry that cannot be built.
mod error;

// The detail that each caller may read.
mod detail;

// One probe: its check, its runs, its status, its rendered results.
mod probe;

// Probes for common dependencies and resources.
mod probes;

// All probes of a service: their schedule, and the readiness of the service.
mod registry;

// The HTTP and gRPC endpoints.
mod endpoint;

pub use monitor_core::{HealthReading, HealthStatus, ProbeReading};

#[cfg(feature = "grpc")]
pub use self::endpoint::grpc::GrpcHealthService;
#[cfg(feature = "probe-disk")]
pub use self::probes::disk::DiskProbe;
#[cfg(feature = "probe-error-ratio")]
pub use self::probes::error_ratio::ErrorRatioProbe;
#[cfg(feature = "probe-http")]
pub use self::probes::http::HttpProbe;
#[cfg(feature = "probe-memory")]
pub use self::probes::memory::MemoryProbe;
#[cfg(feature = "probe-open-files")]
pub use self::probes::open_files::OpenFilesProbe;
#[cfg(feature = "probe-postgres")]
pub use self::probes::postgres::PostgresProbe;
#[cfg(feature = "probe-redis")]
pub use self::probes::redis::RedisProbe;
#[cfg(feature = "probe-runtime")]
pub use self::probes::runtime::RuntimeProbe;
#[cfg(feature = "probe-sqlite")]
pub use self::probes::sqlite::SqliteProbe;
#[cfg(feature = "probe-tcp")]
pub use self::probes::tcp::TcpProbe;
pub use self::{
    detail::{DetailLevel, DetailPolicy, has_bearer, is_local},
    endpoint::service::{HealthFuture, HealthService},
    error::HealthError,
    probe::{
        BlockingProbe, HealthProbe, Probe, ProbeFuture,
        liveness::{Heartbeat, LivenessCheck},
        result::ProbeResult,
    },
    registry::{builder::HealthBuilder, drain::StartupGate, health::Health},
};
