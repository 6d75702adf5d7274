//! Error monitoring for services built on [tower](https://docs.rs/tower): one layer, inside your own process, with
//! nothing else installed.
//!
//! [`MonitorLayer`] gives every response a request ID, counts every request and gRPC call exactly once, and turns a
//! panic into a clean 500. Errors are grouped into [issues](Issue) with file, line and the grouping rule that applied;
//! a new one is an [alert](alert::Alerts) in Slack or at a webhook. [`PropagateLayer`] passes traces on to the
//! next service, and a failing route can be [disabled](Monitor::disable_route) without a redeploy.
//!
//! # Quick start
//!
//! With the features `alert`, `axum`, `log` and `prometheus`:
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use monitor_kit::alert::{Alerts, Slack};
//! use monitor_kit::health::{Health, Probe, ProbeResult};
//! use monitor_kit::{Monitor, MonitorLayer, PrometheusEndpoint};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let slack_url = std::env::var("SLACK_WEBHOOK_URL")?;
//!     let monitor = Monitor::builder("shop")
//!         .routes([("GET", "/items/{id}")])
//!         .extend(Alerts::to(Slack::new(&slack_url)?))
//!         .build()?;
//!     let _log = monitor_kit::log::init(&monitor)?;
//!     let database = Probe::new("database", || async { ProbeResult::ok() });
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
//! See [`MonitorLayer`] for an example without axum, and [`MonitorBuilder::grpc_methods`] for one with gRPC.
//!
//! # Capturing errors
//!
//! Panics are captured automatically. A handler attaches an error to its response as [`AttachedError`], or captures one
//! with [`capture`](CaptureExt::capture) in the [`scope`] of its request:
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
//! [`Monitor::find_issues`] lists the captured issues, a [`Reporter`] receives them as they occur, and [`LogReporter`]
//! writes them to the log. Secrets and personal data are [masked](redact) first.
//!
//! # Alerts
//!
//! [`Alerts`](alert::Alerts) apply [rules](alert::Rule): by default on new and regressed issues, on error ratios, on
//! requests that became slower, on lost readiness and on a process that was killed. They notify
//! [`Slack`](alert::Slack), [`PagerDuty`](alert::PagerDuty), [`Alertmanager`](alert::Alertmanager), people by
//! [`Email`](alert::Email), a signed [`Webhook`](alert::Webhook) or a [`Notifier`](alert::Notifier) of the program. A
//! critical alert goes from one notifier to the next until a person [acknowledges](alert::AckService) it, and opens an
//! [`Incident`](alert::Incident), of which an [`IncidentReport`](alert::IncidentReport) is drafted. A
//! [`Backtest`](alert::Backtest) shows when rules would have fired over the recorded history. Alerts cost a request
//! nothing. They have one thread, and one more for each notifier. A notification syncs the disk twice, before its
//! first attempt and after its delivery. Without a store, a notification that waits for its receiver is lost with the
//! process.
//!
//! # Routes
//!
//! Requests are counted by route template, never by path. In axum the templates are those of the router. Services below
//! `nest_service`, such as static files, and fallbacks have no template; name them with [`MonitorLayer::mount`].
//! Without axum, [`MonitorLayer::route`] finds the template. The failure counters of [declared](MonitorBuilder::routes)
//! routes start at 0, so that an alert fires on the very first failure.
//!
//! # Untracked requests
//!
//! Requests to `/health`, `/metrics` and gRPC's health service are *untracked*: they have a request ID, but are not
//! counted, create no issues when they fail, and are logged at DEBUG only. [`MonitorBuilder::untracked`] adds paths,
//! for instance if `/health` and `/metrics` are mounted elsewhere:
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
//! | `tower` (default) | [`MonitorLayer`], single-purpose layers such as [`TimingLayer`], [`PropagateLayer`] |
//! | `health` (default) | [`health`]: probes, readiness with a drain, the service for `/health` |
//! | `axum` | routes from axum's `MatchedPath`, addresses from `ConnectInfo`, the extractor [`CurrentScope`] |
//! | `prometheus` | [`PrometheusEndpoint`], the service for `/metrics` |
//! | `metrics` | [`metrics`]: publication to any other recorder of the `metrics` facade |
//! | `log` | [`log`]: JSON lines, human-readable lines, a rotating file, breadcrumbs |
//! | `store` | [`store`]: issues, history, disabled routes and waiting alerts persist across restarts |
//! | `alert` | [`alert`]: alerts by rules, delivered to Slack, PagerDuty, Alertmanager and signed webhooks |
//! | `alert-email` | [`alert::Email`]: alerts by e-mail |
//! | `anyhow`, `eyre` | capture of `anyhow::Error` and `eyre::Report`; `capture_anyhow` |
//! | `tonic` | the event of a failed gRPC call has the source of its `tonic::Status` |
//! | `opentelemetry` | the span of a request joins the traces exported by tracing-opentelemetry |
//! | `tokio` | [`spawn_supervised`], which attributes a task's panic to the request that spawned it |
//! | `probe-disk`, `probe-error-ratio`, `probe-http`, `probe-memory`, `probe-open-files` | probes, in [`health`] |
//! | `probe-postgres`, `probe-redis`, `probe-runtime`, `probe-sqlite`, `probe-tcp` | probes, in [`health`] |
//! | `grpc-health` | the service of `grpc.health.v1` |
//! | `test-util` | [`MemoryReporter`], for tests |
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "alert")]
pub use monitor_alert as alert;
#[cfg(feature = "test-util")]
#[doc(inline)]
pub use monitor_core::MemoryReporter;
#[cfg(feature = "anyhow")]
#[doc(inline)]
pub use monitor_core::capture_anyhow;
#[doc(inline)]
pub use monitor_core::{
    AlertCounts, BoxError, BuildError, CaptureExt, Cause, ClientCounts, ClientOutcome, CodeLocation, DisableRoute,
    DisabledRoute, DropCount, DropCounter, DropReason, EnabledRoute, ErasedUser, ErrorEvent, ErrorSettings, ErrorType,
    EventKind, Excerpt, Extension, Failure, Fingerprint, Frame, Grouping, GrpcCode, HealthChange, HealthReading,
    History, HistoryCounts, HistoryReplay, HistorySlot, HourCount, Identity, IpMasking, Issue, IssueChange,
    IssueDecision, IssueError, IssueMilestone, IssuePage, IssueQuery, IssueSort, IssueStatus, Job, JobCounts,
    JobOutcome, KnownMethod, LastEnd, Level, Limits, LogReporter, Monitor, MonitorBuilder, MutedUntil, Outcome,
    Outgoing, PanicHook, ProbeReading, ProcessEnded, Redaction, Regression, ReplayedSlot, Reporter, RequestId,
    RouteHistory, Scope, ScopeFutureExt, Signal, SpanId, SwitchError, TraceContext, TraceHeaders, TraceId, Traffic,
    Triage, WeakMonitor, capture_error, capture_message, clock, escape, grouping, names, scope, traffic,
};
// Traits that programs need not name, and what storages and extensions implement. Documented in monitor-core.
#[doc(hidden)]
pub use monitor_core::{
    AnyError, Durable, Eraser, FinalStatus, HealthStatus, JobOutput, KeyPrefix, MergeReport, Persist, ProcessHeartbeat,
    StoreState, StoreWrite,
};
#[cfg(feature = "tokio")]
#[doc(inline)]
pub use monitor_core::{spawn_blocking_supervised, spawn_supervised};
#[cfg(feature = "health")]
pub use monitor_health as health;
#[cfg(feature = "log")]
pub use monitor_log as log;
#[cfg(feature = "metrics")]
pub use monitor_metrics as metrics;
#[cfg(feature = "prometheus")]
#[doc(inline)]
pub use monitor_metrics::{InstallError, PrometheusEndpoint};
pub use monitor_redact as redact;
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
#[cfg(feature = "tower")]
#[doc(hidden)]
pub use monitor_tower::{
    MonitorService, Propagate, PropagateFuture, Respond, RespondFuture, ResponseBody, ResponseFuture, TextBody,
};

/// Compiles the examples of the README.
#[cfg(all(doctest, feature = "alert", feature = "axum", feature = "log", feature = "prometheus"))]
#[doc = include_str!("../README.md")]
struct Readme;
