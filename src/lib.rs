//! Error monitoring for services built on [tower](https://docs.rs/tower): one layer, inside your own process, with nothing
//! else installed.
//!
//! [`MonitorLayer`] gives every response a request ID, counts every request and gRPC call exactly once, and turns a panic
//! into a clean 500. Errors become [issues](Issue) with file, line and the reason why they are one. Traces go on to the
//! next service through [`PropagateLayer`], and a route that fails is [taken out of service](Monitor::disable_route)
//! without a redeploy.
//!
//! # Quick start
//!
//! With the features `axum`, `log` and `prometheus`:
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use monitor_kit::health::{Health, Outcome, Probe};
//! use monitor_kit::{Monitor, MonitorLayer, PrometheusEndpoint};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let monitor = Monitor::builder("shop")
//!         .routes([("GET", "/items/{id}")])
//!         .build()?;
//!     let _log = monitor_kit::log::init(&monitor)?;
//!     let database = Probe::new("database", || async { Outcome::ok() });
//!     let health = Health::builder()
//!         .monitor(&monitor)
//!         .probe(database.critical().ready())
//!         .build()?;
//!
//!     let app = Router::new()
//!         .route("/items/{id}", get(|| async { "an item" }))
//!         // These two are untracked: not counted and not logged. Mounted
//!         // elsewhere, name them in `Monitor::builder(..).untracked(..)`.
//!         .route_service("/metrics", PrometheusEndpoint::install(&monitor)?)
//!         .nest_service("/health", health.service())
//!         .layer(MonitorLayer::new(&monitor));
//!
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//!     axum::serve(listener, app).await?;
//!     Ok(())
//! }
//! ```
//!
//! An example without axum stands at [`MonitorLayer`], one for gRPC at [`MonitorBuilder::grpc_methods`].
//!
//! # Errors of your own
//!
//! A panic is captured by itself. A handler hands an error over with its response as [`AttachedError`], or captures one with
//! [`capture`](CaptureExt::capture), in the [`scope`] of its request:
//!
//! ```
//! use monitor_kit::{CaptureExt, scope};
//!
//! fn price(text: &str) -> Option<u32> {
//!     scope::set_tag("feature", "pricing");
//!     text.parse().capture().ok()
//! }
//! # assert_eq!(price("7"), Some(7));
//! ```
//!
//! [`Monitor::find_issues`] lists what was captured, a [`Reporter`] receives it as it happens, and [`LogReporter`] writes it
//! to the log. Secrets and personal data are [masked](redact) before either sees them.
//!
//! # Routes
//!
//! Requests are counted by route template and never by path. In axum the templates are the router's; axum has none for what
//! is below `nest_service`, such as static files, or for a fallback, which [`MonitorLayer::mount`] names. Elsewhere
//! [`MonitorLayer::route`] finds the template. Routes that are [declared](MonitorBuilder::routes) have their failures at 0
//! before the first, so that an alert sees the very first one.
//!
//! # Requests that are not tracked
//!
//! Requests to `/health`, `/metrics` and gRPC's health service are *untracked*: they have a request ID, but are not counted,
//! are no issue when they fail, and are logged at DEBUG only. [`MonitorBuilder::untracked`] adds paths, such as those where
//! `/health` and `/metrics` are mounted instead:
//!
//! ```
//! use monitor_kit::Monitor;
//!
//! let monitor = Monitor::builder("shop").untracked(["/internal"]).build()?;
//! # Ok::<(), monitor_kit::BuildError>(())
//! ```
//!
//! # Features
//!
//! | feature | adds |
//! | --- | --- |
//! | `tower` (default) | [`MonitorLayer`], its relatives with one concern each, [`PropagateLayer`] |
//! | `health` (default) | [`health`]: probes, readiness with a drain, the service for `/health` |
//! | `axum` | routes from axum's `MatchedPath`, addresses from `ConnectInfo`, the extractor [`CurrentScope`] |
//! | `prometheus` | [`PrometheusEndpoint`], the service for `/metrics` |
//! | `log` | [`log`]: JSON lines, lines for people, a file that rotates, breadcrumbs |
//! | `store` | [`store`]: issues and disabled routes persist over restarts |
//! | `anyhow`, `eyre` | `anyhow::Error` and `eyre::Report` are captured as errors are; `capture_anyhow` |
//! | `tonic` | the event of a gRPC call that failed is the source of its `tonic::Status` |
//! | `opentelemetry` | the span of a request joins what tracing-opentelemetry exports |
//! | `tokio` | [`spawn_supervised`], which ties a task's panic to the request that spawned it |
//! | `disk`, `error-ratio`, `fds`, `http-probe`, `memory`, `postgres`, `redis`, `runtime`, `sqlite`, `tcp` | probes, in [`health`] |
//! | `grpc-health` | the service of `grpc.health.v1` |
//! | `test-util` | [`MemoryReporter`], for tests |
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "test-util")]
#[doc(inline)]
pub use monitor_core::MemoryReporter;
#[cfg(feature = "anyhow")]
#[doc(inline)]
pub use monitor_core::capture_anyhow;
#[doc(inline)]
pub use monitor_core::{
    BoxError, BuildError, CaptureExt, Cause, CodeLocation, DisableRoute, DisabledRoute, EnabledRoute, ErasedUser,
    ErrorEvent, ErrorType, EventKind, Excerpt, Fingerprint, Frame, Grouping, GrpcCode, HealthChange, HourCount,
    Identity, IpMasking, Issue, IssueChange, IssueDecision, IssueError, IssuePage, IssueQuery, IssueSort, IssueStatus,
    Job, JobOutcome, Level, LogReporter, Method, Monitor, MonitorBuilder, MutedUntil, Outcome, PanicHook, Redaction,
    Regression, Reporter, RequestId, Scope, ScopeFutureExt, Signal, SpanId, SwitchError, TraceContext, TraceId, Triage,
    capture_error, capture_message, clock, escape, grouping, names, redact, scope,
};
// What layers, storages and recorders of other makers need. Documented where it is defined.
#[doc(hidden)]
pub use monitor_core::{
    AnyError, Bridge, ClientCounts, ClientOutcome, DropCount, DropCounter, DropReason, FinalStatus, HealthReading,
    HealthStatus, JobCounts, JobOutput, ObservedError, Outgoing, Persist, ProbeReading, StoreState, StoreWrite,
    Traffic, panic, source_path, text, traffic,
};
#[cfg(feature = "tokio")]
#[doc(inline)]
pub use monitor_core::{spawn_blocking_supervised, spawn_supervised};
#[cfg(feature = "health")]
pub use monitor_health as health;
#[cfg(feature = "log")]
pub use monitor_log as log;
#[cfg(feature = "store")]
pub use monitor_store as store;
#[cfg(feature = "axum")]
#[doc(inline)]
pub use monitor_tower::CurrentScope;
#[cfg(feature = "tower")]
#[doc(inline)]
pub use monitor_tower::{
    AttachedError, CatchPanicLayer, ForwardedHeader, IdPolicy, MonitorLayer, NetworkError, Networks, PanicContext,
    PropagateLayer, RequestHead, RequestIdLayer, RespondLayer, RouteSwitchLayer, TimingLayer, TrustedProxies,
    UpgradedConnection, problem,
};
#[cfg(feature = "prometheus")]
#[doc(inline)]
pub use monitor_tower::{InstallError, PrometheusEndpoint};
#[cfg(feature = "tower")]
#[doc(hidden)]
pub use monitor_tower::{
    MonitorService, Propagate, PropagateFuture, Respond, RespondFuture, ResponseBody, ResponseFuture, TextBody,
};

/// Compiles the examples of the README.
#[cfg(all(doctest, feature = "axum", feature = "log", feature = "prometheus"))]
#[doc = include_str!("../README.md")]
struct Readme;
