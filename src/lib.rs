#![doc = include_str!("../README.md")]

#[cfg(feature = "test-util")]
pub use monitor_core::MemoryReporter;
pub use monitor_core::{
    Access, Addresses, AnyError, BoxError, Bridge, BuildError, CaptureExt, Cause, Change, ClientOutcome, CodeLocation,
    DisableRoute, DisabledRoute, Dropped, Drops, EnabledRoute, Ending, ErrorEvent, ErrorType, EventKind, Fingerprint,
    Frame, GrpcCode, HealthChange, HealthReading, HealthStatus, HostCounts, HourCount, Identity, Issue, IssueChange,
    IssueError, IssuePage, IssueQuery, IssueSort, IssueState, IssueStatus, Job, JobCounts, JobOutcome, JobOutput,
    Level, LogReporter, Method, Monitor, MonitorBuilder, MutedUntil, ObservedError, Outcome, Outgoing, Persist,
    ProbeReading, Reason, Redaction, Regression, Reporter, RequestId, Scope, ScopeFutureExt, Signal, SpanId,
    SwitchError, TraceContext, TraceId, Traffic, Triage, capture_error, capture_message, clock, grouping, names, panic,
    redact, scope, traffic,
};
#[cfg(feature = "tokio")]
pub use monitor_core::{spawn_blocking_supervised, spawn_supervised};
#[cfg(feature = "health")]
pub use monitor_health as health;
#[cfg(feature = "log")]
pub use monitor_log as log;
#[cfg(feature = "store")]
pub use monitor_store as store;
#[cfg(feature = "axum")]
pub use monitor_tower::CurrentScope;
#[cfg(feature = "tower")]
pub use monitor_tower::{
    AttachedError, CatchPanicLayer, ForwardedHeader, IdPolicy, MonitorLayer, MonitorService, NetworkError, Networks,
    PanicAnswer, Propagate, PropagateFuture, PropagateLayer, RequestHead, RequestIdLayer, Respond, RespondFuture,
    RespondLayer, ResponseBody, ResponseFuture, RouteSwitchLayer, TextBody, TimingLayer, TrustedProxies,
    UpgradedConnection, problem,
};
#[cfg(feature = "prometheus")]
pub use monitor_tower::{InstallError, PrometheusEndpoint};
